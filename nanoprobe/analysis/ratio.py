"""How much larger one number is than another, from the intervals both have."""

import numpy as np
from scipy.special import ndtr, ndtri

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown

MOVER = "from both intervals, logarithmic (Zou and Donner 2008)"


def ratio_of(first: Estimate, second: Estimate) -> tuple[Estimate, float]:
    """Return `second` over `first` with its interval, and p for a ratio of 1; unknown and NaN where one is not positive.

    The interval follows from those of the two on a logarithmic scale (method of variance estimates recovery, Zou and Donner
    2008):
    unlike a normal approximation it keeps skew intervals skew, and an open end stays open. p rests on the half of each interval
    that faces the other number, taken as 1.96 standard errors.

    >>> one, two = (Estimate(value=v, low=v / 1.1, high=v * 1.1, unit="A", method="") for v in (1.0, 2.0))
    >>> ratio, p = ratio_of(one, two)
    >>> ratio.text, p < 1e-6
    ('2.00 (1.75 to 2.29)', True)
    """
    ends = np.array([[one.value, one.low, one.high] for one in (first, second)])
    if not (ends[:, 0] > 0).all() or not np.isfinite(ends[:, 0]).all() or np.isnan(ends).any() or (ends < 0).any():
        return unknown("1", MOVER, "one of them has no interval above 0"), float("nan")
    with np.errstate(divide="ignore"):
        (a, a_low, a_high), (b, b_low, b_high) = np.log(ends)
    down, up = np.hypot(b - b_low, a_high - a), np.hypot(b_high - b, a - a_low)
    low, high = np.exp([b - a - down, b - a + up])
    ratio = Estimate(value=float(np.exp(b - a)), low=float(low), high=float(high), unit="1", method=MOVER)
    error = (down if b > a else up) / ndtri((1 + CONFIDENCE) / 2)
    return ratio, float(2 * ndtr(-abs(b - a) / error)) if error > 0 else float("nan")
