"""Is a technique within a model's reach? Said before anything is switched on."""

from itertools import pairwise

from drivers.emstat4_models import SHORTEST_INTERVAL, Model
from nanoprobe.errors import BadInput
from nanoprobe.techniques import (
    ConstantCurrent,
    ConstantVoltage,
    CyclicSweep,
    Dc,
    Impedance,
    LinearSweep,
    OpenCircuit,
)
from nanoprobe.units import si

LONGEST_LOOP = 10_000_000
"""Samples of one technique."""


def check(technique: Dc | Impedance, model: Model) -> None:
    """Raise BadInput naming value, unit and limit."""
    match technique:
        case OpenCircuit():
            _check_time(technique.interval, technique.duration)
        case ConstantCurrent():
            _check_time(technique.interval, technique.duration)
            if technique.current == 0:
                raise BadInput("a current of 0 A is no constant current: measure the open circuit instead")
            if technique.voltage_min >= technique.voltage_max:
                raise BadInput(
                    f"lower cut-off {si(technique.voltage_min, 'V')} is not below the upper one, "
                    f"{si(technique.voltage_max, 'V')}"
                )
            _check_voltages(model, technique.voltage_min, technique.voltage_max)
            model.current_range(technique.current)
        case ConstantVoltage():
            _check_time(technique.interval, technique.duration)
            _check_voltages(model, technique.voltage)
            model.current_range(technique.current_limit)
        case LinearSweep():
            _check_sweep(technique, model, technique.start, technique.stop)
        case CyclicSweep():
            _check_sweep(technique, model, technique.start, technique.first, technique.second)
        case Impedance():
            _check_spectrum(technique, model)


def _check_time(interval: float, duration: float) -> None:
    if interval < SHORTEST_INTERVAL:
        raise BadInput(f"interval {si(interval, 's')} is too short: {si(SHORTEST_INTERVAL, 's')} at least")
    if duration < interval:
        raise BadInput(f"duration {si(duration, 's')} is shorter than one interval of {si(interval, 's')}")
    if duration / interval > LONGEST_LOOP:
        raise BadInput(f"{duration / interval:.3g} samples are more than the {LONGEST_LOOP} one technique may take")


def _check_voltages(model: Model, *volts: float) -> None:
    for value in volts:
        if abs(value) > model.voltage:
            raise BadInput(f"{si(value, 'V')} is beyond the {model.name}: it reaches ±{si(model.voltage, 'V')}")


def _check_sweep(technique: LinearSweep | CyclicSweep, model: Model, *turns: float) -> None:
    if min(technique.step, technique.rate) <= 0:
        raise BadInput("step and rate of a sweep are positive; its direction lies in its ends")
    if isinstance(technique, CyclicSweep) and technique.scans < 1:
        raise BadInput(f"{technique.scans} scans; at least one is needed")
    for at, to in pairwise(turns):
        if abs(to - at) < technique.step:
            raise BadInput(f"a sweep from {si(at, 'V')} to {si(to, 'V')} has no step of {si(technique.step, 'V')}")
    _check_time(technique.step / technique.rate, technique.duration)
    _check_voltages(model, *turns)
    model.current_range(technique.current_limit)


def _check_spectrum(technique: Impedance, model: Model) -> None:
    reach = model.reach
    if not reach.lowest_frequency <= technique.lowest < technique.highest <= reach.highest_frequency * (1 + 1e-9):
        raise BadInput(
            f"frequencies {si(technique.highest, 'Hz')} to {si(technique.lowest, 'Hz')} are not within what the "
            f"{model.name} reaches, {si(reach.highest_frequency, 'Hz')} down to {si(reach.lowest_frequency, 'Hz')}"
        )
    if technique.points < 2:
        raise BadInput(f"{technique.points} points are no spectrum; at least 2 are needed")
    if technique.amplitude <= 0:
        raise BadInput(f"amplitude {si(technique.amplitude, 'V')} of a spectrum must be positive")
    _check_voltages(model, abs(technique.voltage or 0.0) + technique.amplitude)
    model.current_range(technique.largest_current)
