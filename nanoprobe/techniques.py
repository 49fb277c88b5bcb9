"""What a potentiostat can be told to do, each handed over whole, and what comes of it. SI units, the instrument's sign.

Voltage is that of the working electrode against the reference; a positive current oxidises at the working electrode.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nanoprobe.roles import Array

Complexes = NDArray[np.complex128]


class Ended(StrEnum):
    """Why a technique ended."""

    COMPLETED = "completed"
    VOLTAGE_MAX = "voltage-max"
    VOLTAGE_MIN = "voltage-min"
    CURRENT = "current"
    TAPER = "taper"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCircuit:
    """Cell off; the voltage is read every `interval` (s) for `duration` (s)."""

    duration: float
    interval: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantCurrent:
    """`current` (A) for `duration` (s), read every `interval` (s); ends early outside `voltage_min`..`voltage_max` (V)."""

    current: float
    duration: float
    interval: float
    voltage_min: float
    voltage_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantVoltage:
    """`voltage` (V) for `duration` (s), read every `interval` (s).

    Ends early when |current| passes `current_limit` (A), or has fallen below `taper` (A; 0: never).
    """

    voltage: float
    duration: float
    interval: float
    current_limit: float
    taper: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearSweep:
    """From `start` to `stop` (V) in steps of `step` (V) at `rate` (V/s); ends when |current| passes `current_limit` (A)."""

    start: float
    stop: float
    step: float
    rate: float
    current_limit: float

    @property
    def duration(self) -> float:
        """Time it takes (s)."""
        return abs(self.stop - self.start) / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclicSweep:
    """From `start` to `first`, to `second` and back to `start` (V), `scans` times; see `LinearSweep`."""

    start: float
    first: float
    second: float
    step: float
    rate: float
    scans: int
    current_limit: float

    @property
    def duration(self) -> float:
        """Time it takes (s)."""
        way = abs(self.first - self.start) + abs(self.second - self.first) + abs(self.start - self.second)
        return self.scans * way / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Impedance:
    """A spectrum from `highest` to `lowest` (Hz), `points` evenly on a logarithmic axis, `amplitude` (V) around `voltage` (V).

    `voltage` None: around the open-circuit voltage as the device reads it right before. `largest_current` (A): what
    the cell may draw, for the choice of the range.
    """

    amplitude: float
    highest: float
    lowest: float
    points: int
    largest_current: float
    voltage: float | None = None

    def frequencies(self) -> Array:
        """Return the frequencies (Hz, shape (points,)), highest first."""
        return np.geomspace(self.highest, self.lowest, self.points)


Dc = OpenCircuit | ConstantCurrent | ConstantVoltage | LinearSweep | CyclicSweep
"""A technique that gives time, voltage and current."""
Technique = Dc | Impedance


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a technique measured. `time` s from its begin, `voltage` V, `current` A, shape (n,) each; NaN where not read."""

    time: Array = field(repr=False)
    voltage: Array = field(repr=False)
    current: Array = field(repr=False)
    ended: Ended = Ended.COMPLETED

    @property
    def charge(self) -> float:
        """Integral of the current (C), from the first instant on; the current is taken as held between two readings."""
        if len(self.time) == 0:
            return 0.0
        return float(np.sum(np.diff(self.time, prepend=0.0) * np.nan_to_num(self.current)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """A measured spectrum. `frequency` Hz, `impedance` ohm (real + i imaginary), `overload` per point; shape (n,) each.

    `voltage`: what it was measured around (V).
    """

    frequency: Array = field(repr=False)
    impedance: Complexes = field(repr=False)
    overload: NDArray[np.bool_] = field(repr=False)
    voltage: float = math.nan


OnTrace = Callable[[Trace], None]
"""Takes the samples that are new since the last call."""
OnSpectrum = Callable[[Spectrum], None]
"""Takes all points of a spectrum so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a potentiostat can do: largest |voltage| (V) and |current| (A), frequencies (Hz), shortest interval (s)."""

    voltage: float
    current: float
    lowest_frequency: float
    highest_frequency: float
    shortest_interval: float
