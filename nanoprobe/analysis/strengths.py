"""Breakdown voltages as a ramp gives them: a bracket where a point triggered, a lower bound where it did not."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanoprobe.analysis.summary import PointVerdicts
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array

_ZERO = 1e-12
"""A bracket that starts at 0 V starts at this fraction of its upper end: its logarithm is wanted."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """Each point withstood `lower` (V, >= 0) and had failed at `upper` (V), shape (n,); inf where it never failed.

    `lower == upper` is a voltage known exactly. Raises BadInput when a bracket is empty or not a number.

    >>> sample = Strengths(np.array([1.0, 2.0, 6.0]), np.array([1.1, 2.0, np.inf]))
    >>> len(sample), sample.failures
    (3, 2)
    """

    lower: Array = field(repr=False)
    upper: Array = field(repr=False)

    def __post_init__(self) -> None:
        if self.lower.shape != self.upper.shape or self.lower.ndim != 1:
            raise BadInput(f"brackets need two lists of one length, not {self.lower.shape} and {self.upper.shape}")
        good = (self.lower >= 0) & (self.upper >= self.lower) & (self.upper > 0) & np.isfinite(self.lower)
        if not good.all():
            bad = int(np.flatnonzero(~good)[0])
            raise BadInput(
                f"bracket {bad} from {self.lower[bad]:g} V to {self.upper[bad]:g} V is none: give 0 <= lower <= upper"
            )

    def __len__(self) -> int:
        return len(self.lower)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Strengths":
        return Strengths(self.lower[chosen], self.upper[chosen])

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which points failed, shape (n,)."""
        return np.asarray(np.isfinite(self.upper))

    @property
    def failures(self) -> int:
        """Number of points that failed."""
        return int(self.failed.sum())

    @property
    def middle(self) -> Array:
        """Middle of each bracket, the censoring voltage where it never failed (V, shape (n,))."""
        return np.where(self.failed, (self.lower + np.where(self.failed, self.upper, self.lower)) / 2, self.lower)

    @property
    def logs(self) -> tuple[Array, Array]:
        """Logarithms of the bracket's ends; inf at the upper end of a censored point."""
        lowest = np.where(self.failed, _ZERO * np.where(self.failed, self.upper, 1.0), _ZERO)
        return np.log(np.maximum(self.lower, lowest)), np.log(self.upper)


def exact(values: ArrayLike, observed: ArrayLike) -> Strengths:
    """Return strengths known exactly: `values` (V, shape (n,)), censored there where `observed` is False."""
    value = np.asarray(values, dtype=np.float64)
    return Strengths(value, np.where(np.asarray(observed, dtype=np.bool_), value, np.inf))


def strengths_of(points: PointVerdicts) -> tuple[Strengths, NDArray[np.intp]]:
    """Return the strengths of the points whose ramp came to its end, and the index of each in `points`.

    Points that failed, were interrupted, or whose voltages were not stored (NaN) say nothing and are left out.
    """
    first, last = np.abs(points.last_below), np.abs(points.first_above)
    lower = np.where(points.hit, np.fmin(first, last), np.abs(points.censored_at))
    upper = np.where(points.hit, np.fmax(first, last), np.inf)
    usable = points.done & np.isfinite(lower) & ~np.isnan(upper) & (upper > 0)
    chosen = np.flatnonzero(usable)
    return Strengths(lower[chosen], upper[chosen]), chosen
