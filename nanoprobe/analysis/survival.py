"""Quantiles of a sample some of whose values are only known to lie beyond a bound (Kaplan and Meier 1958)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate
from nanoprobe.roles import Array
from nanoprobe.units import si


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile, or with `beyond` the bound above which it lies. NaN when there is no sample at all."""

    value: float
    beyond: bool = False

    def text(self, unit: str) -> str:
        """Return it as people read it: "2.21 V", or ">6 V"."""
        return f"{'>' if self.beyond else ''}{si(self.value, unit)}"


def quantiles(values: ArrayLike, observed: ArrayLike, shares: ArrayLike = (0.25, 0.5, 0.75)) -> tuple[Quantile, ...]:
    """Return the quantiles of right-censored `values` (>= 0, shape (n,)); `observed` is False where censored.

    A quantile is where the survival curve first falls to 1 - share, the middle of the step where it lies flat on it; a
    share the curve never reaches gives the largest value as a bound.

    >>> [q.text("V") for q in quantiles([1.0, 2.0, 3.0, 6.0, 6.0], [True, True, True, False, False])]
    ['2 V', '3 V', '>6 V']
    """
    value = np.asarray(values, dtype=np.float64)
    event = np.asarray(observed, dtype=np.bool_)
    if not value.size:
        return tuple(Quantile(float("nan")) for _ in np.atleast_1d(shares))
    times, counts = np.unique(value[event], return_counts=True)
    at_risk = (value[None, :] >= times[:, None]).sum(axis=1)
    survival = np.cumprod(1 - counts / at_risk)
    return tuple(_quantile(times, survival, float(share), float(value.max())) for share in np.atleast_1d(shares))


def _quantile(times: Array, survival: Array, share: float, largest: float) -> Quantile:
    reached = np.flatnonzero(survival <= 1 - share + 1e-9)
    if not reached.size:
        return Quantile(largest, beyond=True)
    first = int(reached[0])
    flat = abs(survival[first] - (1 - share)) < 1e-9 and first + 1 < len(times)
    return Quantile(float((times[first] + times[first + 1]) / 2 if flat else times[first]))


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Share that survives beyond each of `times`, with its pointwise 95 % band `low` to `high`, shape (k,) each.

    The band is Greenwood's variance on the scale log(-log S) (Kalbfleisch and Prentice 1980); NaN where S is 0 or 1.
    """

    times: Array = field(repr=False)
    survival: Array = field(repr=False)
    low: Array = field(repr=False)
    high: Array = field(repr=False)
    reached: float
    """The largest value there is, observed or not: what lies beyond is not known."""

    def median(self, unit: str) -> Estimate:
        """Return the median with the interval that the band cuts out (Brookmeyer and Crowley 1982)."""
        value, low, high = (self._first_at_or_below(curve) for curve in (self.survival, self.low, self.high))
        note = "" if np.isfinite(value) else "fewer than half of the points failed"
        value = value if np.isfinite(value) else np.nan
        low = min(low, self.reached)
        return Estimate(value=value, low=low, high=high, unit=unit, method="Kaplan-Meier, log-log band", note=note)

    def _first_at_or_below(self, curve: Array) -> float:
        reached = np.flatnonzero(np.nan_to_num(curve, nan=1.0) <= 0.5 + 1e-9)
        # Once nothing survives the curve has no band; what ends it is the last failure.
        ended = np.flatnonzero(self.survival <= 0)
        candidates = np.concatenate([reached, ended])
        return float(self.times[candidates.min()]) if candidates.size else np.inf


def survival_curve(values: ArrayLike, observed: ArrayLike) -> SurvivalCurve:
    """Return the Kaplan-Meier curve of right-censored `values` (>= 0, shape (n,)) at the distinct observed ones.

    >>> curve = survival_curve([1.0, 2.0, 3.0, 6.0, 6.0], [True, True, True, False, False])
    >>> curve.survival.round(2).tolist()
    [0.8, 0.6, 0.4]
    """
    value = np.asarray(values, dtype=np.float64)
    times, failures = np.unique(value[np.asarray(observed, dtype=np.bool_)], return_counts=True)
    at_risk = len(value) - np.searchsorted(np.sort(value), times, side="left")
    survival = np.cumprod(1 - failures / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(failures / (at_risk * (at_risk - failures)))
        log = np.log(survival)
        reach = ndtri((1 + CONFIDENCE) / 2) * np.sqrt(greenwood) / log
        low, high = np.exp(log * np.exp(-reach)), np.exp(log * np.exp(reach))
    inner = (survival > 0) & (survival < 1)
    return SurvivalCurve(
        times,
        np.asarray(survival, dtype=np.float64),
        np.where(inner, low, np.nan),
        np.where(inner, high, np.nan),
        float(value.max(initial=0.0)),
    )


def median_of_each(values: Array, observed: NDArray[np.bool_], chosen: NDArray[np.intp]) -> Array:
    """Return the Kaplan-Meier median of each sample `chosen` (indices, shape (k, n)) from `values`.

    It is the first value survived by at most half: infinite where more than half survive; where the curve lies flat on one half,
    the middle of the step, as `quantiles`. A value observed and one censored at the same place count in this order.
    """
    order = np.lexsort((~observed, values))
    ranked = np.sort(np.argsort(order)[chosen], axis=1)
    value, event = values[order][ranked], observed[order][ranked]
    at_risk = ranked.shape[1] - np.arange(ranked.shape[1])
    survival = np.cumprod(np.where(event, 1 - 1 / at_risk, 1.0), axis=1)
    first = _first(value, (survival <= 0.5 + 1e-9) & event)
    beyond = _first(value, (survival < 0.5 - 1e-9) & event)
    return np.where(np.isfinite(beyond), (first + beyond) / 2, first)


def _first(value: Array, reached: NDArray[np.bool_]) -> Array:
    found = np.take_along_axis(value, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(reached.any(axis=1), found, np.inf)
