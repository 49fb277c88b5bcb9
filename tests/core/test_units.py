import math

import pytest

from nanoprobe.errors import BadInput
from nanoprobe.units import duration, quantity, si


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        pytest.param(2.2e-9, "A", "2.2 nA", id="nano"),
        pytest.param(-6.0, "V", "-6 V", id="negative"),
        pytest.param(0.0, "A", "0 A", id="zero"),
        pytest.param(1e-6, "m", "1 µm", id="exact power"),
        pytest.param(999.96e-12, "A", "1 nA", id="rounds up into the next prefix"),
        pytest.param(10e6, "ohm", "10 Mohm", id="mega"),
        pytest.param(math.nan, "V", "-", id="not measured"),
        pytest.param(0.25, "1", "0.25", id="no unit"),
    ],
)
def test_numbers_read_with_si_prefix(value: float, unit: str, text: str) -> None:
    assert si(value, unit) == text


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("10 nA", "A", 1e-8), ("1e-8", "A", 1e-8), ("-6V", "V", -6.0), ("1.5 um", "m", 1.5e-6), ("500 mV/s", "V/s", 0.5)],
)
def test_quantities_with_units_become_si_floats(text: str, unit: str, value: float) -> None:
    assert quantity(text, unit) == pytest.approx(value)


def test_a_wrong_unit_names_both_units() -> None:
    with pytest.raises(BadInput, match=r"'5 s' has the wrong unit: second where V is expected"):
        quantity("5 s", "V")


@pytest.mark.parametrize(
    "text", ["fast", "", "1 2 3", "()", "10 notaunit", "__import__('os')", "9**9**9**9", "1 A**9**9", "1 A{{\n"]
)
def test_nonsense_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        quantity(text, "A")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.2, "4.2 s"), (42, "42 s"), (200, "3 min 20 s"), (18420, "5 h 07 min")]
)
def test_time_spans_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
