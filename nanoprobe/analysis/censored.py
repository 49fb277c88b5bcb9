"""Medians and shares of quantities of which some are known as bounds only."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.roles import Array

ORDER = "order statistics (binomial)"
EXACT = "Clopper and Pearson (1934)"


def median(values: Array, unit: str, at_least: NDArray[np.bool_] | None = None) -> Estimate:
    """Return the median of `values` (shape (n,)) with its distribution-free interval; NaN are left out.

    Where `at_least` is true a value is a lower bound. A median among bounds is itself a bound: its value is NaN.

    >>> median(np.array([1.0, 2.0, 3.0]), "V").value
    2.0
    """
    bound = np.zeros(len(values), dtype=bool) if at_least is None else at_least
    known = np.isfinite(values)
    order = np.argsort(values[known], kind="stable")
    ranked, bounds = values[known][order], bound[known][order]
    if len(ranked) == 0:
        return unknown(unit, ORDER, "nothing was seen")
    # From the smallest bound on, ranks are not certain: all above may be larger than they read.
    certain = int(np.argmax(bounds)) if bounds.any() else len(ranked)
    cut = float(ranked[certain]) if certain < len(ranked) else math.inf
    low, high = _ranks(len(ranked))
    middle = _middle(ranked) if len(ranked) // 2 < certain else math.nan
    at = float(ranked[low]) if low < certain else cut
    end = float(ranked[high]) if high is not None and high < certain else math.inf
    low_end = at if low >= 0 else -math.inf
    note = "" if not math.isnan(middle) else "half or more of the values are lower bounds"
    return Estimate(value=middle, low=low_end, high=end, unit=unit, method=ORDER, note=note)


def _middle(ranked: Array) -> float:
    return float(np.median(ranked))


def _ranks(count: int) -> tuple[int, int | None]:
    """Return the ranks (from 0) between which the median lies; None where the sample is too small to say."""
    tail = (1 - CONFIDENCE) / 2
    low = int(binom.ppf(tail, count, 0.5))
    if binom.cdf(0, count, 0.5) > tail:
        return 0, count - 1
    return max(0, low - 1), min(count - 1, count - low)


def share(hits: int, of: int) -> Estimate:
    """Return the share `hits` / `of` with its exact interval.

    >>> share(0, 10).value
    0.0
    """
    if of == 0:
        return unknown("1", EXACT, "nothing was tried")
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0
    return Estimate(value=hits / of, low=low, high=high, unit="1", method=EXACT)
