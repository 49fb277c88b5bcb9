"""Reading a resistance honestly over many decades: the preamp where it can, the source-meter where the preamp overloads.

The two are two ranges of one reading. What lies below the floor of the one that reads is said to be a bound, never a value.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.units import si
from nanoprobe.wiring import CurrentReading

SIGNIFICANT = 3.0
"""A current counts from so many standard deviations of the reading on."""
ZERO_READS = 25
"""Readings at 0 V that tell offset and noise."""
READABLE = 0.95
"""A preamp current beyond this part of its range is read by the source-meter instead."""


LEAST_BIAS = 1e-3
"""Bias (V) below which a current says nothing of a resistance."""


def check_bias(bias: float, name: str) -> None:
    """Raise BadInput for a bias (V) at which no resistance can be read; `name` of the parameter."""
    if abs(bias) < LEAST_BIAS:
        raise BadInput(f"{name} {si(bias, 'V')} shows no resistance: use {si(LEAST_BIAS, 'V')} or more, of either sign")


class By(IntEnum):
    """Which instrument a reading is of."""

    PREAMP = 0
    SOURCE = 1


@dataclass(frozen=True, slots=True)
class Resistance:
    """One reading: `ohm` behind the series resistor, a lower bound where `below` the floor; `current` A, offset taken off.

    `applied` V, the series resistor included; `floor` A, the smallest |current| that counts.
    """

    ohm: float
    current: float
    below: bool
    by: By
    applied: float
    floor: float


@dataclass(frozen=True, slots=True)
class Floor:
    """What a reading shows without a current: `offset` A, and the smallest current `least` (A) that counts."""

    offset: float
    least: float


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """`bias` V; `settle` s after the bias was set, for the displacement current to die away; `reads` of the preamp."""

    bias: float
    settle: float
    reads: int


class ResistanceReader:
    """Reads at one bias with the output on, limited to `compliance` (A); `zero` comes before the first `read`."""

    def __init__(self, lab: Bench, plan: ReadPlan, compliance: float) -> None:
        self._lab = lab
        self._plan = plan
        self._preamp = lab.wiring.current_reading is not CurrentReading.SOURCE_METER
        self._range = READABLE * lab.probe.current_range() if self._preamp else 0.0
        self._source = Floor(0.0, lab.source.reading_floor(compliance))
        self._fine = Floor(0.0, math.inf)

    @property
    def floor(self) -> float:
        """Smallest current that is told from none (A)."""
        return min(self._fine.least, self._source.least)

    def zero(self) -> None:
        """Read offset and noise at 0 V, the output on."""
        *_, offset = self._lab.source.step(0.0, self._plan.settle)
        self._source = Floor(offset, self._source.least)
        if self._preamp:
            shown = np.array([self._lab.preamp_current() for _ in range(ZERO_READS)])
            noise = float(np.std(shown, ddof=1)) / math.sqrt(self._plan.reads)
            self._fine = Floor(float(np.mean(shown)), SIGNIFICANT * noise)

    def read(self) -> Resistance:
        """Go to the read bias, settle, and read. The bias stays."""
        return self.read_at(self._plan.bias)

    def read_at(self, level: float) -> Resistance:
        """Like `read`, at the bias `level` (V)."""
        _, bias, coarse = self._lab.source.step(level, self._plan.settle)
        shown = self._preamp_current()
        if abs(shown) < self._range:
            return self._judged(shown - self._fine.offset, self._fine, bias + coarse * self._series, By.PREAMP)
        return self._judged(coarse - self._source.offset, self._source, bias + coarse * self._series, By.SOURCE)

    def of_source(self, applied: Array, current: Array) -> list[Resistance]:
        """Return what readings of the source alone say: `applied` bias (V, the series resistor included), current (A)."""
        pairs = zip(applied.tolist(), (current - self._source.offset).tolist(), strict=True)
        return [self._judged(true, self._source, bias, By.SOURCE) for bias, true in pairs]

    def _preamp_current(self) -> float:
        if not self._preamp:
            return math.inf
        return float(np.mean([self._lab.preamp_current() for _ in range(self._plan.reads)]))

    @property
    def _series(self) -> float:
        return self._lab.source.series_resistance

    def _judged(self, current: float, floor: Floor, applied: float, by: By) -> Resistance:
        along = current * math.copysign(1.0, applied)
        below = not along >= floor.least
        ohm = abs(applied) / (floor.least if below else along) - self._series
        return Resistance(ohm, current, below, by, applied, floor.least)
