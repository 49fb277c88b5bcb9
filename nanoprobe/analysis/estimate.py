"""A number with its uncertainty, and results as plain data for JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from nanoprobe.units import prefixed, si

CONFIDENCE = 0.95
"""Level of every interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`value` with its 95 % interval `low` to `high` (all in `unit`, "1" for none) and the `method` of the interval.

    A bound that the data do not give is 0 or -inf (`low`) or inf (`high`): the interval is open on that side. NaN bounds mean
    that no interval exists at all; a NaN value with bounds is known by these alone. `note` says why.
    """

    value: float
    low: float
    high: float
    unit: str
    method: str
    note: str = ""

    @property
    def text(self) -> str:
        """Return it as people read it: "2.21 V (2.10 to 2.33 V)"."""
        if math.isnan(self.value) and not math.isnan(self.low):
            return self.interval
        if math.isnan(self.value):
            return f"not known: {self.note}" if self.note else "not known"
        if math.isfinite(self.low) and math.isfinite(self.high):
            value, low, high = _together((self.value, self.low, self.high), self.unit)
            return f"{value[1]} ({low[0]} to {high[1]})"
        return f"{si(self.value, self.unit)} ({self.interval})"

    @property
    def interval(self) -> str:
        """Return the interval alone."""
        if math.isnan(self.low) or math.isnan(self.high):
            return "no interval"
        if math.isinf(self.low) and math.isinf(self.high):
            return "no bounds"
        if math.isinf(self.high):
            return f"{si(self.low, self.unit)} or more, no upper bound"
        if math.isinf(self.low):
            return f"up to {si(self.high, self.unit)}, no lower bound"
        low, high = _together((self.low, self.high), self.unit)
        return f"{low[0]} to {high[1]}"

    def excludes(self, value: float) -> bool:
        """Say whether `value` lies outside the interval; False where there is none."""
        return value < self.low or value > self.high


def _together(values: tuple[float, ...], unit: str) -> list[tuple[str, str]]:
    """Return each of `values` without and with its unit, all with one prefix and the decimals their spread allows.

    The last two are the ends of an interval. Its half width has two digits where they begin with 10 to 35, else one
    (Particle Data Group, Review of Particle Physics 2024, section 5.3).
    """
    factor, named = prefixed(max(values, key=abs) if values[0] == 0 else values[0], unit)
    half = (values[-1] - values[-2]) / 2 / factor
    decimals = 3 - _digits_before(values[0] / factor)
    if half > 0:
        power = math.floor(math.log10(half))
        decimals = (1 if half / 10**power < 3.55 else 0) - power
    numbers = [f"{value / factor:.{min(max(decimals, 0), 12)}f}" for value in values]
    return [(number, f"{number} {named}".rstrip()) for number in numbers]


def _digits_before(value: float) -> int:
    return math.floor(math.log10(abs(value))) + 1 if value else 1


def unknown(unit: str, method: str, note: str) -> Estimate:
    """Return an estimate that could not be made; `note` says why."""
    return Estimate(value=math.nan, low=math.nan, high=math.nan, unit=unit, method=method, note=note)


def percentile_interval(draws: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of bootstrap draws (shape (n,)), infinite draws included as such."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")
    return float(low), float(high)


def plain(value: Any) -> Any:
    """Return `value` (nested dataclasses, arrays, mappings) as JSON data; what is no finite number becomes None.

    >>> plain(Estimate(value=2.0, low=1.0, high=float("inf"), unit="V", method="profile likelihood"))["high"] is None
    True
    """
    if isinstance(value, Estimate):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)} | {"text": value.text}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if not f.metadata.get("hidden")}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
