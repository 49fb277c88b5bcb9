"""Numbers as people write and read them: SI prefixes out, quantities with units in."""

import math
import re
from functools import cache, lru_cache
from tokenize import TokenError
from typing import TYPE_CHECKING

from nanoprobe.errors import BadInput

if TYPE_CHECKING:
    import pint

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_UNPREFIXED = frozenset({"", "1", "%", "px"})
_LONGEST_WHOLE = 1e12
"""Below this, counts are written out: 2048 px, not 2.05e+03 px."""


def si(value: float, unit: str, digits: int = 3) -> str:
    """Return `value` (SI) with a prefix, `digits` significant: si(2.2e-9, "A") == "2.2 nA". NaN reads "-"."""
    if math.isnan(value):
        return "-"
    if unit in _UNPREFIXED and float(value).is_integer() and abs(value) < _LONGEST_WHOLE:
        return f"{value:.0f} {unit if unit != '1' else ''}".rstrip()
    if unit in _UNPREFIXED or value == 0 or math.isinf(value):
        return f"{value:.{digits}g} {unit if unit != '1' else ''}".rstrip()
    power = _power(value)
    scaled = float(f"{value / 10**power:.{digits}g}")
    if abs(scaled) >= 1000 and power < 12:
        scaled, power = scaled / 1000, power + 3
    return f"{scaled:.{digits}g} {_PREFIXES[power]}{unit}"


def prefixed(value: float, unit: str) -> tuple[float, str]:
    """Return the factor and the prefixed unit in which `value` (SI) is best written; 1 and "" for plain numbers.

    >>> prefixed(2.2e-9, "A")
    (1e-09, 'nA')
    """
    if unit in _UNPREFIXED or value == 0 or not math.isfinite(value):
        return 1.0, "" if unit == "1" else unit
    return float(f"1e{_power(value)}"), f"{_PREFIXES[_power(value)]}{unit}"


def _power(value: float) -> int:
    return max(-18, min(12, 3 * math.floor(math.log10(abs(value)) / 3 + 1e-12)))


@cache
def _registry() -> "pint.UnitRegistry":  # type: ignore[type-arg]  # pint's generic parameter is an implementation detail
    import pint  # a third of a second, which only those who write units pay

    return pint.UnitRegistry()


_UNIT = r"[^\W\d_]+(?:(?:\*\*|\^)-?\d)?|°|%"
_QUANTITY = re.compile(
    rf"\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>(?:{_UNIT})(?:\s*[*/·]\s*(?:{_UNIT}))*)\s*"
)
"""A number and a unit, no more: Pint itself would also work out sums and towers of powers that come with a plan."""


@lru_cache(maxsize=256)
def _unit(text: str) -> "pint.Unit":
    return _registry().parse_units(text.replace("·", "*"))


def quantity(text: str, unit: str) -> float:
    """Read "10 nA", "1e-8 A" or a bare number (taken as `unit`) into a float in `unit`.

    Raises BadInput where it is no number or has another dimension.
    """
    try:
        return float(text)
    except ValueError:
        pass
    import pint

    found = _QUANTITY.fullmatch(text)
    try:
        if found is None:
            raise ValueError("no number with a unit")
        given = _registry().Quantity(float(found["number"]), _unit(found["unit"]))
        return float(given.to(unit or "dimensionless").magnitude)
    except pint.DimensionalityError as error:
        raise BadInput(
            f"{text!r} has the wrong unit: {error.units1} where {unit or 'a plain number'} is expected"
        ) from None
    except (pint.PintError, ValueError, TypeError, AttributeError, SyntaxError, AssertionError, TokenError):
        raise BadInput(f"{text!r} is not a number with a unit (expected for example '10 n{unit}')") from None


def duration(seconds: float) -> str:
    """Return a time span as a person says it: 42 s, 3 min 20 s, 5 h 07 min."""
    if not math.isfinite(seconds):
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
