"""The multi-line-segment part of module BiasSpectr: sweeps made of several straight pieces."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sim_instruments.nanonis.codes import finite
from sim_instruments.nanonis.registry import CommandError, Cost, command
from sim_instruments.nanonis.spectroscopy_advanced import SpectroscopyModule
from sim_instruments.nanonis.spectroscopy_settings import MAX_SEGMENTS, Segment, quantised
from sim_instruments.timeline import Session

SEGMENTS = "i *f *f *f *f *f *i *I"
MODES = {"linear": False, "mls": True}


class SegmentCommands(SpectroscopyModule):
    """Commands of the multi-line-segment editor."""

    @command("BiasSpectr.MLSModeSet", "s", cost=Cost.SET)
    def set_mode(self, session: Session, mode: str) -> None:
        """Choose "Linear" or "MLS"."""
        if mode.lower() not in MODES:
            raise CommandError(f"Sweep mode {mode!r} is neither 'Linear' nor 'MLS'")
        self.settings = replace(self.settings, segmented=MODES[mode.lower()])

    @command("BiasSpectr.MLSModeGet", reply="s")
    def mode(self, session: Session) -> tuple[str]:
        """Return "Linear" or "MLS"."""
        return ("MLS" if self.settings.segmented else "Linear",)

    @command("BiasSpectr.MLSLockinPerSegSet", "I", cost=Cost.SET)
    def set_lock_in_per_segment(self, session: Session, on: int) -> None:
        """Choose whether each segment says if the lock-in runs."""
        self.settings = replace(self.settings, lock_in_per_segment=bool(on))

    @command("BiasSpectr.MLSLockinPerSegGet", reply="I")
    def lock_in_per_segment(self, session: Session) -> tuple[int]:
        """Return whether each segment says if the lock-in runs. (One real controller refuses this in linear mode.)"""
        return (int(self.settings.lock_in_per_segment),)

    @command("BiasSpectr.MLSValsSet", SEGMENTS, cost=Cost.SET)
    def set_segments(self, session: Session, count: int, *columns: Sequence[float]) -> None:
        """Set the segments, given column by column; those beyond 16 are ignored."""
        if count < 1:
            raise CommandError(f"Number of segments is {count}; at least 1 is needed")
        rows = list(zip(*columns, strict=True))[:MAX_SEGMENTS]
        self.settings = replace(self.settings, segments=tuple(self._segment(*row) for row in rows))

    def _segment(
        self,
        start: float,
        end: float,
        initial: float,
        settling: float,
        integration: float,
        steps: float,
        lock_in: float,
    ) -> Segment:
        if steps < 1:
            raise CommandError(f"A segment has {steps} steps; at least 1 is needed")
        limit = self.controller.bias.limit
        start, end = (max(-limit, min(limit, finite(level, "Bias"))) for level in (start, end))
        times = quantised(initial), quantised(settling), quantised(integration)
        return Segment(start, end, *times, int(steps), int(lock_in))

    @command("BiasSpectr.MLSValsGet", reply=SEGMENTS)
    def segments(self, session: Session) -> tuple[Any, ...]:
        """Return the segments column by column."""
        names = ("start", "end", "initial_settling", "settling", "integration", "steps", "lock_in")
        columns = [[getattr(segment, name) for segment in self.settings.segments] for name in names]
        return (len(self.settings.segments), *columns)
