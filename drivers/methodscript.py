"""Scripts for the EmStat4 family: one technique, one script (MethodSCRIPT manual v1.8, chapter 14).

A script has one shape: variables, mode and ranges, cell on, one measurement loop that sends a package a sample and breaks
off by itself, cell off at its end whichever way that comes.
"""

import math
from collections.abc import Iterable

from drivers.emstat4_models import Model
from nanoprobe.errors import BadInput
from nanoprobe.techniques import (
    ConstantCurrent,
    ConstantVoltage,
    CyclicSweep,
    Dc,
    Ended,
    Impedance,
    LinearSweep,
    OpenCircuit,
)

HIGH_SPEED, GALVANOSTAT = 3, 6
"""Modes of the device: the potentiostat with its full bandwidth, and the galvanostat."""
POTENTIAL_SCALE = 1.0
"""Largest potential range (V); the device divides larger potentials down by itself."""
CELL_OFF = ["cell_off"]
"""The whole script that only switches off."""
REST_TIME = 0.5
"""For how long the open-circuit voltage is averaged (s)."""

_PREFIXES = (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12))
_LARGEST = 2**31 - 1

Lines = list[str]


def literal(value: float) -> str:
    """Return a number as scripts write it: a whole number with an SI prefix, to nine digits.

    >>> literal(0.0025), literal(-3.8), literal(200e3), literal(0)
    ('2500u', '-3800m', '200k', '0')
    """
    if not math.isfinite(value):
        raise BadInput(f"{value} cannot be sent to the potentiostat")
    for prefix, scale in _PREFIXES:
        whole = round(value / scale)
        if abs(whole) <= _LARGEST and abs(whole - value / scale) <= 1e-9 * abs(value / scale):
            return f"{whole}{prefix}"
    fitting = [(prefix, round(value / scale)) for prefix, scale in _PREFIXES if abs(value / scale) <= _LARGEST]
    prefix, whole = fitting[-1]
    return f"{whole}{prefix}"


def script(technique: Dc | Impedance, model: Model) -> Lines:
    """Return the script of a technique. Raises BadInput where the model has no range for it."""
    match technique:
        case OpenCircuit():
            return _open_circuit(technique)
        case ConstantCurrent():
            return _constant_current(technique, model)
        case ConstantVoltage():
            return _constant_voltage(technique, model)
        case LinearSweep():
            sweep = f"meas_loop_lsv e i {_numbers(technique.start, technique.stop, technique.step, technique.rate)}"
            return _sweep(sweep, technique, model, (technique.start, technique.stop))
        case CyclicSweep():
            turns = (technique.start, technique.first, technique.second)
            sweep = f"meas_loop_cv e i {_numbers(*turns, technique.step, technique.rate)} nscans({technique.scans}i)"
            return _sweep(sweep, technique, model, turns)
        case Impedance():
            return _impedance(technique, model)


def columns(technique: Dc) -> tuple[str, ...]:
    """Return what the packages of a technique hold, in order: `t` s, `e` V, `i` A."""
    return ("t", "e") if isinstance(technique, OpenCircuit) else ("t", "e", "i")


def temperature_script(channel: str) -> Lines:
    """Return the script that reads the analog input `channel` (a variable type such as "as") once."""
    return ["var x", f"meas 100m x {channel}", *_package("x")]


def _numbers(*values: float) -> str:
    return " ".join(literal(value) for value in values)


def _package(*names: str) -> Lines:
    return ["pck_start", *(f"pck_add {name}" for name in names), "pck_end"]


def _break(condition: str, why: Ended) -> Lines:
    return [f"if {condition}", f'send_string "{why.value}"', "breakloop", "endif"]


def _finish() -> Lines:
    return ["on_finished:", "cell_off"]


def _loop(head: str, names: tuple[str, ...], breaks: Iterable[Lines] = ()) -> Lines:
    trips = [line for each in breaks for line in each]
    return ["timer_start", head, "timer_get t", *_package(*names), *trips, "endloop"]


def _open_circuit(technique: OpenCircuit) -> Lines:
    return [
        *("var t", "var e"),
        "set_pgstat_chan 0",
        f"set_pgstat_mode {HIGH_SPEED}",
        f"set_max_bandwidth {literal(_bandwidth(technique.interval))}",
        *_potential_ranges(),
        "cell_off",
        *_loop(f"meas_loop_ocp e {_numbers(technique.interval, technique.duration)}", ("t", "e")),
        *_finish(),
    ]


def _constant_current(technique: ConstantCurrent, model: Model) -> Lines:
    scale = literal(model.current_range(technique.current))
    head = f"meas_loop_cp e i {_numbers(technique.current, technique.interval, technique.duration)}"
    breaks = (
        _break(f"e > {literal(technique.voltage_max)}", Ended.VOLTAGE_MAX),
        _break(f"e < {literal(technique.voltage_min)}", Ended.VOLTAGE_MIN),
    )
    return [
        *("var t", "var e", "var i"),
        "set_pgstat_chan 0",
        f"set_pgstat_mode {GALVANOSTAT}",
        f"set_max_bandwidth {literal(_bandwidth(technique.interval))}",
        *_potential_ranges(),
        f"set_range db {scale}",
        f"set_autoranging db {scale} {scale}",
        f"set_i {literal(technique.current)}",
        "cell_on",
        *_loop(head, ("t", "e", "i"), breaks),
        *_finish(),
    ]


def _constant_voltage(technique: ConstantVoltage, model: Model) -> Lines:
    head = f"meas_loop_ca e i {_numbers(technique.voltage, technique.interval, technique.duration)}"
    breaks = [*_current_breaks(technique.current_limit)]
    if technique.taper > 0:
        low = literal(technique.taper)
        breaks.append([f"if i < {low}", *_break(f"i > -{low}", Ended.TAPER), "endif"])
    return [
        *_potentiostat(_bandwidth(technique.interval), (technique.voltage,), technique.current_limit, model),
        f"set_e {literal(technique.voltage)}",
        "cell_on",
        *_loop(head, ("t", "e", "i"), breaks),
        *_finish(),
    ]


def _sweep(head: str, technique: LinearSweep | CyclicSweep, model: Model, turns: tuple[float, ...]) -> Lines:
    bandwidth = _bandwidth(technique.step / technique.rate)
    return [
        *_potentiostat(bandwidth, turns, technique.current_limit, model),
        f"set_e {literal(technique.start)}",
        "cell_on",
        *_loop(head, ("t", "e", "i"), _current_breaks(technique.current_limit)),
        *_finish(),
    ]


def _impedance(technique: Impedance, model: Model) -> Lines:
    dc = 0.0 if technique.voltage is None else technique.voltage
    numbers = _numbers(technique.amplitude, technique.highest, technique.lowest)
    return [
        *("var f", "var r", "var x", "var d"),
        *_potentiostat(1e6, (dc,), technique.largest_current, model, declare=False),
        *_potential_ranges(),
        *(["meas 500m d ab"] if technique.voltage is None else [f"store_var d {literal(dc)} ab"]),
        *_package("d"),
        "set_e d",
        "cell_on",
        f"meas_loop_eis f r x {numbers} {technique.points}i d",
        *_package("f", "r", "x"),
        "endloop",
        *_finish(),
    ]


def _potentiostat(
    bandwidth: float, potentials: tuple[float, ...], current: float, model: Model, *, declare: bool = True
) -> Lines:
    scale = literal(model.current_range(current))
    lowest = literal(min(model.current_ranges[0], model.current_range(current)))
    return [
        *(("var t", "var e", "var i") if declare else ()),
        "set_pgstat_chan 0",
        f"set_pgstat_mode {HIGH_SPEED}",
        f"set_max_bandwidth {literal(bandwidth)}",
        f"set_range_minmax da {_numbers(min(potentials), max(potentials))}",
        f"set_range ba {scale}",
        f"set_autoranging ba {lowest} {scale}",
    ]


def _potential_ranges() -> Lines:
    scale = literal(POTENTIAL_SCALE)
    return [f"set_range ab {scale}", f"set_autoranging ab 50m {scale}"]


def _current_breaks(limit: float) -> list[Lines]:
    return [_break(f"i > {literal(limit)}", Ended.CURRENT), _break(f"i < {literal(-limit)}", Ended.CURRENT)]


def _bandwidth(interval: float) -> float:
    """Return the bandwidth (Hz) for a sample every `interval` (s): some six times the rate, as the maker's examples have it."""
    return float(f"{min(max(6.0 / interval, 1.0), 200e3):.3g}")
