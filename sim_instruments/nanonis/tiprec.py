"""TipRec (Tip Move Recorder): what was measured while FolMe moved the tip."""

import math
from collections import deque

from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.folme import FolMe
from sim_instruments.nanonis.registry import Cost, Module, command
from sim_instruments.nanonis.signals import BIAS, CURRENT, DEFLECTION, X, Y, Z
from sim_instruments.timeline import Session

CHANNELS = (X, Y, Z, CURRENT, BIAS, DEFLECTION)
LARGEST = 1_000_000
"""Largest buffer (samples)."""


class TipRec(Module):
    """A ring buffer of samples taken at FolMe's rate, and at both ends, of every move."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._samples: deque[list[float]] = deque(maxlen=4096)
        self._last = -math.inf
        self.saved: list[tuple[str, int]] = []
        """Basename and number of samples of what was saved; no file is written."""
        controller.motion.sample_period = self._period
        controller.motion.on_step = self._record

    def _period(self) -> float:
        return 1.0 / self.controller.module(FolMe).sample_rate

    def _record(self) -> None:
        controller, now = self.controller, self.controller.now
        move = controller.motion.move
        if move is not None and now > move.started and now - self._last < 0.99 * self._period():
            return
        self._last = now
        self._samples.append([controller.signals.read(channel, 0.5 / self._period()) for channel in CHANNELS])

    @command("TipRec.BufferSizeSet", "i", cost=Cost.SET)
    def set_size(self, _: Session, size: int) -> None:
        """Set the buffer's size (samples), coerced to 1 to 1,000,000; clears it."""
        self._samples = deque(maxlen=max(1, min(LARGEST, size)))

    @command("TipRec.BufferSizeGet", "", "i")
    def size(self, _: Session) -> tuple[int]:
        """Return the buffer's size (samples)."""
        return (self._samples.maxlen or 0,)

    @command("TipRec.BufferClear", cost=Cost.SET)
    def clear(self, _: Session) -> None:
        """Clear the buffer."""
        self._samples.clear()

    @command("TipRec.DataGet", "", "ai 2f")
    def data(self, _: Session) -> tuple[tuple[int, ...], list[list[float]]]:
        """Return the recorded signals' indexes and their values, one row a signal."""
        return CHANNELS, [list(row) for row in zip(*self._samples, strict=True)] or [[] for _ in CHANNELS]

    @command("TipRec.DataSave", "I s", cost=Cost.SET)
    def save(self, _: Session, clear: int, basename: str) -> None:
        """Save under `basename` (empty: the last one); clear the buffer if asked."""
        last = self.saved[-1][0] if self.saved else "TipRec"
        self.saved.append((basename or last, len(self._samples)))
        if clear:
            self._samples.clear()
