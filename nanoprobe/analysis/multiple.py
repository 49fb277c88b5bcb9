"""Many tests at once: p-values adjusted so that one false alarm among all stays at 5 % (Holm 1979)."""

import numpy as np
from numpy.typing import ArrayLike

from nanoprobe.roles import Array


def holm(p_values: ArrayLike) -> Array:
    """Return adjusted p-values, in the order given; NaN stays NaN and does not count as a test.

    >>> holm([0.01, 0.04, float("nan"), 0.03]).round(3).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted
