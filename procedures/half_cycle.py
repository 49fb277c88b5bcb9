"""One half-cycle at constant current: run, stored as it comes, and what came of it."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nanoprobe.roles import Array
from nanoprobe.techniques import ConstantCurrent, Dc, Ended, Trace
from procedures.cell_experiment import CellExperiment
from procedures.cell_series import Series


class Judge(Protocol):
    """Looks at the samples as they come; raises to end the half-cycle."""

    def take(self, trace: Trace) -> None:
        """Take new samples."""


@dataclass(frozen=True, slots=True)
class HalfCycle:
    """What one half-cycle gave. `charge` C as it passed, `capacity` C up to the cut-off, `voltage` V: mean over charge."""

    trace: Trace
    charge: float
    capacity: float
    voltage: float

    @property
    def ended(self) -> Ended:
        """Why it ended."""
        return self.trace.ended


def run_technique(
    procedure: CellExperiment, series: Series, technique: Dc, cycle: int, part: int, judge: Judge | None = None
) -> Trace:
    """Run a technique, every sample into the run's series; the cell is off at its end. Raises what `judge` raises."""
    came: list[Trace] = []

    def take(trace: Trace) -> None:
        came.append(trace)
        series.add(trace, cycle, part)
        if judge is not None:
            judge.take(trace)

    try:
        trace = procedure.opened.potentiostat.measure(technique, procedure.watch, take)
    finally:
        series.commit()
    return trace


def even_interval(time: float, interval: float) -> float:
    """Return the longest interval (s) up to `interval` that divides `time` (s) evenly: the charge comes out to the last sample.

    >>> even_interval(100.0, 30.0)
    25.0
    """
    return time / max(1, math.ceil(time / interval - 1e-9))


def evaluate(trace: Trace, technique: ConstantCurrent) -> HalfCycle:
    """Return what a half-cycle gave; its capacity ends where the voltage passed the cut-off, between two samples.

    >>> time, volts = np.array([10.0, 20.0]), np.array([3.4, 4.2])
    >>> trace = Trace(time=time, voltage=volts, current=np.full(2, 1e-3), ended=Ended.VOLTAGE_MAX)
    >>> half = evaluate(trace, ConstantCurrent(current=1e-3, duration=60, interval=10, voltage_min=2.5, voltage_max=3.8))
    >>> round(half.charge, 6), round(half.capacity, 6)
    (0.02, 0.015)
    """
    charge = trace.charge
    cutoff = {Ended.VOLTAGE_MAX: technique.voltage_max, Ended.VOLTAGE_MIN: technique.voltage_min}.get(trace.ended)
    capacity = abs(charge)
    if cutoff is not None and len(trace.time) > 1:
        before, after = trace.voltage[-2:]
        beyond = (after - cutoff) / (after - before) if after != before else 0.0
        capacity -= float(np.clip(beyond, 0, 1) * np.diff(trace.time[-2:])[0] * abs(trace.current[-1]))
    return HalfCycle(trace, charge, capacity, mean_voltage(trace.time, trace.voltage))


def add_hold(half: HalfCycle, hold: Trace) -> HalfCycle:
    """Return a half-cycle with the constant voltage that followed it: its whole charge belongs to the capacity."""
    return HalfCycle(hold, half.charge + hold.charge, abs(half.charge) + abs(hold.charge), half.voltage)


def mean_voltage(time: Array, voltage: Array) -> float:
    """Return the mean voltage over time (V); NaN without samples."""
    if len(time) == 0:
        return math.nan
    steps = np.diff(time, prepend=0.0)
    return float(np.sum(voltage * steps) / np.sum(steps))
