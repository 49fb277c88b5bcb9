"""Scripts of the builder pass the maker's own grammar; numbers and packages are written and read as the manual has them."""

import importlib.util
import math
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emstat4_check import check
from drivers.emstat4_models import MODELS
from drivers.methodscript import CELL_OFF, literal, script, temperature_script
from drivers.methodscript_errors import error_in
from drivers.methodscript_packages import Field, parse_package
from nanoprobe.errors import BadInput, GarbledAnswer
from nanoprobe.techniques import (
    ConstantCurrent,
    ConstantVoltage,
    CyclicSweep,
    Impedance,
    LinearSweep,
    OpenCircuit,
)

LR, HR, NEXUS = MODELS

TECHNIQUES = {
    "open circuit": OpenCircuit(duration=60, interval=1),
    "constant current": ConstantCurrent(
        current=-0.00123456, duration=7200, interval=12.5, voltage_min=-2.5, voltage_max=2.9
    ),
    "constant voltage": ConstantVoltage(voltage=2.8, duration=3600, interval=10, current_limit=1e-3),
    "constant voltage with taper": ConstantVoltage(
        voltage=-1, duration=3600, interval=10, current_limit=1e-3, taper=1.5e-5
    ),
    "linear sweep": LinearSweep(start=0.1, stop=-0.5, step=1e-3, rate=20e-3, current_limit=5e-3),
    "cyclic sweep": CyclicSweep(start=0, first=0.5, second=-0.5, step=5e-3, rate=0.1, scans=3, current_limit=9e-3),
    "spectrum at rest": Impedance(amplitude=0.01, highest=200e3, lowest=0.1, points=64, largest_current=1e-3),
    "spectrum at a voltage": Impedance(
        amplitude=0.005, highest=1e5, lowest=1, points=51, largest_current=1e-4, voltage=2.7
    ),
}


@pytest.fixture(scope="module")
def grammar():
    """The validator of the maker's wheel, loaded beside its package: importing the package would start .NET."""
    place = Path(next(iter(importlib.util.find_spec("pypalmsens").submodule_search_locations)))
    for name in ("_pps", "_pps._methodscript", "_pps._methodscript.generated"):
        package = types.ModuleType(name)
        package.__path__ = [str(place.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    spec = importlib.util.spec_from_file_location("_pps._methodscript.validate", place / "_methodscript/validate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module.validate
    for name in [name for name in sys.modules if name.startswith("_pps")]:
        del sys.modules[name]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("name", TECHNIQUES)
def test_every_script_passes_the_makers_grammar(name, model, grammar):
    lines = script(TECHNIQUES[name], model)
    grammar("\n".join(lines) + "\n")
    assert all(len(line) <= 128 for line in lines)
    assert lines[-2:] == ["on_finished:", "cell_off"]


@pytest.mark.parametrize("lines", [CELL_OFF, temperature_script("as")], ids=["cell off", "thermometer"])
def test_the_short_scripts_pass_too(lines, grammar):
    grammar("\n".join(lines) + "\n")


def test_the_grammar_refuses_what_is_wrong(grammar):
    with pytest.raises(SyntaxError):
        grammar("meas_loop_cp e\n")


@given(st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-9))
def test_a_number_survives_being_written(value):
    text = literal(value)
    digits = text.rstrip("GMkmunp")
    scale = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}[text[len(digits) :]]
    assert int(digits) * scale == pytest.approx(value, rel=1e-3, abs=1e-12)
    assert abs(int(digits)) < 2**31


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        pytest.param("Pba7F85F3Fu", [Field("ba", -0.499905, 0)], id="the manual's example"),
        pytest.param("Peb8000000 ;ab8000000 ;ba8001F40p,10,203",
                     [Field("eb", 0, 0), Field("ab", 0, 0), Field("ba", 8e-9, 0)], id="three variables with metadata"),
        pytest.param("Pja800000Ai", [Field("ja", 10, 0)], id="an integer"),
        pytest.param("Pba8000001m,12,218", [Field("ba", 1e-3, 2)], id="overload"),
    ],
)  # fmt: skip
def test_packages_are_read(line, fields):
    found = parse_package(line)
    assert [(field.kind, field.status) for field in found] == [(field.kind, field.status) for field in fields]
    assert [field.value for field in found] == pytest.approx([field.value for field in fields])


def test_nan_is_read_as_nan():
    assert math.isnan(parse_package("Pba     nan")[0].value)


@pytest.mark.parametrize("line", ["P", "Pba", "PbaXXXXXXXm", "Pba8000000?", "Pba 000000m", "Pba8000000m;"])
def test_what_is_no_package_is_an_error(line):
    with pytest.raises(GarbledAnswer, match="where a data package is expected"):
        parse_package(line)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("e!4001: Line 3, Col 1", "error 4001 (the script command is unknown) at Line 3, Col 1"),
        ("!0032: Line 9", "error 0032 (critical overload of the cell) at Line 9"),
        ("Z!0006", "error 0006 (not possible in this state: a script runs, or none does)"),
        ("!9ABC", "error 9ABC (see appendix A of the MethodSCRIPT manual)"),
        ("Pba8000000 ", None),
    ],
)
def test_errors_are_said_in_words(line, says):
    assert error_in(line) == says


@pytest.mark.parametrize(
    ("model", "technique", "says"),
    [
        pytest.param(LR, TECHNIQUES["spectrum at a voltage"], None, id="within the LR"),
        pytest.param(LR, ConstantVoltage(voltage=3.5, duration=9, interval=1, current_limit=1e-3),
                     "3.5 V is beyond the EmStat4 LR: it reaches ±3 V", id="voltage"),
        pytest.param(HR, ConstantVoltage(voltage=3.5, duration=9, interval=1, current_limit=1e-3), None, id="HR"),
        pytest.param(LR, ConstantCurrent(current=20e-3, duration=9, interval=1, voltage_min=0, voltage_max=1),
                     "20 mA is beyond the EmStat4 LR: it carries up to 9.5 mA", id="current"),
        pytest.param(NEXUS, ConstantCurrent(current=0.9, duration=9, interval=1, voltage_min=0, voltage_max=9), None,
                     id="Nexus"),
        pytest.param(HR, ConstantCurrent(current=1e-3, duration=9, interval=1, voltage_min=1, voltage_max=1),
                     "lower cut-off 1 V is not below the upper one, 1 V", id="cut-offs"),
        pytest.param(HR, ConstantCurrent(current=0, duration=9, interval=1, voltage_min=0, voltage_max=1),
                     "a current of 0 A is no constant current", id="no current"),
        pytest.param(HR, OpenCircuit(duration=1, interval=1e-4), "interval 100 µs is too short: 1 ms", id="interval"),
        pytest.param(HR, OpenCircuit(duration=1, interval=2), "duration 1 s is shorter than one interval", id="duration"),
        pytest.param(HR, Impedance(amplitude=0.01, highest=7e6, lowest=10, points=60, largest_current=1e-3),
                     "frequencies 7 MHz to 10 Hz are not within what the EmStat4 HR reaches, 200 kHz down to 1 mHz",
                     id="frequency"),
        pytest.param(HR, LinearSweep(start=0, stop=0, step=1e-3, rate=1, current_limit=1e-3),
                     "a sweep from 0 V to 0 V has no step of 1 mV", id="sweep"),
    ],
)  # fmt: skip
def test_a_technique_beyond_the_model_is_refused_naming_value_and_limit(model, technique, says):
    if says is None:
        check(technique, model)
        return
    with pytest.raises(BadInput) as refused:
        check(technique, model)
    assert says in str(refused.value)


@pytest.mark.parametrize(("amperes", "scale"), [(0.9e-3, 1e-3), (-0.96e-3, 1e-2), (1e-9, 1e-7)])
def test_the_smallest_range_that_reads_without_a_warning_is_taken(amperes, scale):
    assert HR.current_range(amperes) == pytest.approx(scale)
