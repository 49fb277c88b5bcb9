"""Quantiles of a sample some of whose values are only known to lie beyond a bound (Kaplan and Meier 1958)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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
