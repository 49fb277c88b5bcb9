"""Is the cell shorted, or losing contact? Judged from the samples of a half-cycle while it runs."""

from dataclasses import dataclass, field

import numpy as np

from nanoprobe.errors import CellFailed
from nanoprobe.roles import Array
from nanoprobe.techniques import Trace
from nanoprobe.units import si

WINDOW = 10.0
"""A short shows within this time (s)."""
FALL = 0.3
"""Share of the voltage that is gone then (1) (domain knowledge of lithium/ceramic cells; a setting of the procedures)."""
OF_SPECTRUM = 0.5
"""Voltage over current below this share of the spectrum's resistance (1) is a short as well."""
SETTLING = 2.0
"""The first seconds of a half-cycle are not judged: the arcs charge (s)."""


class Shorted(CellFailed):
    """A dendrite has come through; ends a half-cycle, not the run."""


@dataclass
class ShortWatch:
    """Watches one half-cycle at `current` (A). `resistance`: the cell's by its last spectrum (ohm), NaN where unknown.

    `fall`: share of the voltage whose loss within WINDOW is a short (1).
    """

    current: float
    resistance: float
    fall: float = FALL
    _time: Array = field(default_factory=lambda: np.empty(0))
    _size: Array = field(default_factory=lambda: np.empty(0))

    def take(self, trace: Trace) -> None:
        """Take new samples. Raises Shorted."""
        self._time = np.concatenate([self._time, trace.time])
        self._size = np.concatenate([self._size, np.abs(trace.voltage)])
        settled = self._time >= min(SETTLING, self._time[-1])
        time, size = self._time[settled], self._size[settled]
        for at in range(len(time) - min(len(trace.time), len(time)), len(time)):
            self._judge(time, size, at)
        recent = self._time > self._time[-1] - WINDOW - SETTLING
        self._time, self._size = self._time[recent], self._size[recent]

    def _judge(self, time: Array, size: Array, at: int) -> None:
        before = size[: at + 1][time[: at + 1] >= time[at] - WINDOW].max()
        if size[at] < (1 - self.fall) * before:
            raise Shorted(
                f"short: the voltage fell from {si(float(before), 'V')} to {si(float(size[at]), 'V')} within {WINDOW:.0f} s"
            )
        resistance = size[at] / abs(self.current)
        if resistance < OF_SPECTRUM * self.resistance:
            raise Shorted(
                f"short: voltage over current is {si(float(resistance), 'ohm')}, by the spectrum before it was "
                f"{si(self.resistance, 'ohm')}"
            )


def contact_lost(trace: Trace, rise: float) -> bool:
    """Say whether the voltage of a half-cycle rose by more than `rise` (1) of its begin, and still rises: voids grow."""
    settled = trace.time >= min(SETTLING, float(trace.time[-1]))
    size = np.abs(trace.voltage[settled])
    if len(size) < 4:
        return False
    quarter = max(1, len(size) // 4)
    first, last = size[:quarter].mean(), size[-quarter:].mean()
    return bool(last > (1 + rise) * first and size[-1] >= size[-quarter])
