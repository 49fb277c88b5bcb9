"""A potentiostat whose every command passes the interlock and the bench's limits before it reaches the instrument."""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from nanoprobe.errors import LinkLost
from nanoprobe.interlock import Interlock
from nanoprobe.limits import Limits
from nanoprobe.potentiostat import Potentiostat
from nanoprobe.roles import Array, Watch
from nanoprobe.techniques import (
    ConstantCurrent,
    ConstantVoltage,
    CyclicSweep,
    Dc,
    Impedance,
    LinearSweep,
    OnSpectrum,
    OnTrace,
    OpenCircuit,
    Reach,
    Spectrum,
    Trace,
)
from nanoprobe.units import si

T = TypeVar("T")

SLACK = 1.2
"""A reading may pass a hard limit by this factor before it latches the interlock: cut-offs act at the next sample."""
START_UP = 60.0
"""Time asked of the guard for a technique to begin (s); its own watch asks for more."""


class GuardedPotentiostat:
    """Fulfils `Potentiostat`; see there for every method. Switching off is allowed while the interlock is latched."""

    def __init__(
        self,
        potentiostat: Potentiostat,
        limits: Limits,
        interlock: Interlock,
        lease: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._potentiostat = potentiostat
        self._limits = limits
        self._interlock = interlock
        self._lease = lease

    @property
    def identity(self) -> str:
        """See Potentiostat."""
        return self._potentiostat.identity

    @property
    def reach(self) -> Reach:
        """See Potentiostat."""
        return self._potentiostat.reach

    def check(self, technique: Dc | Impedance) -> None:
        """See Potentiostat. Raises LimitExceeded for what the bench does not allow."""
        check_limits(technique, self._limits)
        self._potentiostat.check(technique)

    def measure(self, technique: Dc, watch: Watch, on_trace: OnTrace) -> Trace:
        """See Potentiostat. A voltage or current far beyond the hard limits latches the interlock."""

        def judged(trace: Trace) -> None:
            on_trace(trace)
            self._judge(trace)

        self._begin(technique)
        return self._command(lambda: self._potentiostat.measure(technique, self._guarded(watch), judged))

    def spectrum(self, technique: Impedance, watch: Watch, on_spectrum: OnSpectrum) -> Spectrum:
        """See Potentiostat."""
        self._begin(technique)
        return self._command(lambda: self._potentiostat.spectrum(technique, self._guarded(watch), on_spectrum))

    def rest_voltage(self) -> float:
        """See Potentiostat."""
        self._interlock.check()
        return self._command(self._potentiostat.rest_voltage)

    def temperature(self) -> float:
        """See Potentiostat. A temperature beyond the hard limit latches the interlock."""
        kelvin = self._command(self._potentiostat.temperature)
        if math.isfinite(kelvin) and kelvin > self._limits.cell_temperature:
            self._interlock.latch(
                f"the cell is at {kelvin - 273.15:.1f} °C, hard limit {self._limits.cell_temperature - 273.15:.1f} °C"
            )
            self._interlock.check()
        return kelvin

    def off(self) -> None:
        """See Potentiostat."""
        self._potentiostat.off()

    def confirm_off(self) -> None:
        """See Potentiostat."""
        self._potentiostat.confirm_off()

    def close(self) -> None:
        """See Potentiostat."""
        self._potentiostat.close()

    def _begin(self, technique: Dc | Impedance) -> None:
        self._interlock.check()
        self.check(technique)
        self._lease(START_UP)

    def _guarded(self, watch: Watch) -> Watch:
        def both() -> None:
            self._interlock.check()
            watch()

        return both

    def _judge(self, trace: Trace) -> None:
        for values, limit, unit, name in (
            (trace.voltage, self._limits.cell_voltage, "V", "voltage"),
            (trace.current, self._limits.cell_current, "A", "current"),
        ):
            largest = _largest(values)
            if largest > SLACK * limit:
                self._interlock.latch(f"{name} of {si(largest, unit)} at the cell, hard limit {si(limit, unit)}")

    def _command(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except LinkLost as error:
            self._interlock.latch(str(error))
            raise


def _largest(values: Array) -> float:
    readable = values[np.isfinite(values)]
    return float(np.abs(readable).max(initial=0.0))


def check_limits(technique: Dc | Impedance, limits: Limits) -> None:
    """Raise LimitExceeded for a technique that goes beyond the bench's limits for its cell."""
    for value, what in _voltages(technique):
        limits.check_cell_voltage(value, what)
    for value, what in _currents(technique):
        limits.check_cell_current(value, what)


def _voltages(technique: Dc | Impedance) -> list[tuple[float, str]]:
    match technique:
        case ConstantCurrent():
            return [(technique.voltage_min, "lower cut-off"), (technique.voltage_max, "upper cut-off")]
        case ConstantVoltage():
            return [(technique.voltage, "voltage of the hold")]
        case LinearSweep():
            return [(technique.start, "start of the sweep"), (technique.stop, "end of the sweep")]
        case CyclicSweep():
            turns = (technique.start, technique.first, technique.second)
            return [(volts, "turning point of the sweep") for volts in turns]
        case Impedance():
            return [(abs(technique.voltage or 0.0) + technique.amplitude, "amplitude of the spectrum")]
        case OpenCircuit():
            return []


def _currents(technique: Dc | Impedance) -> list[tuple[float, str]]:
    match technique:
        case ConstantCurrent():
            return [(technique.current, "cell current")]
        case ConstantVoltage() | LinearSweep() | CyclicSweep():
            return [(technique.current_limit, "current limit of the cell")]
        case Impedance():
            return [(technique.largest_current, "largest current of the spectrum")]
        case OpenCircuit():
            return []
