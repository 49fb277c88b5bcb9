"""Does the trigger voltage go with something else? Rank correlation with censored points and bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanoprobe.analysis.estimate import Estimate, percentile_interval, unknown
from nanoprobe.analysis.resampling import BOOTSTRAP, RESAMPLES
from nanoprobe.analysis.strengths import Strengths
from nanoprobe.roles import Array

SHUFFLES = 999
FEWEST = 5
"""Fewest points for a correlation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Rank correlation `rho` (-1..1) of trigger voltage with `quantity`, over `points` points; `p_value` for none at all."""

    quantity: str
    rho: Estimate
    points: int
    p_value: float


def correlate(sample: Strengths, other: ArrayLike, quantity: str, seed: int = 0) -> Correlation:
    """Correlate `sample` with `other` (any unit, shape (n,)); points where that is not finite are left out.

    Voltages are scored after Gehan (1965): number of points certainly below, less the number certainly above. Without censoring
    this orders as ranks do, and `rho` is Spearman's. Raises nothing: too few points give an unknown rho with a note.

    >>> from nanoprobe.analysis.strengths import exact
    >>> distance = np.arange(30.0)
    >>> correlate(exact(1 + distance, distance < 20), distance, "distance").rho.value > 0.9
    True
    """
    value = np.asarray(other, dtype=np.float64)
    there = np.isfinite(value)
    sample, value = sample[there], value[there]
    why = _why_not(sample, value)
    if why:
        return Correlation(quantity=quantity, rho=unknown("1", BOOTSTRAP, why), points=len(value), p_value=np.nan)
    rng = np.random.default_rng(seed)
    strength, rank = _places(sample), np.unique(value, return_inverse=True)[1]
    scores, ranks = _gehan(strength), _ranks(rank)
    rho = _rho(scores, ranks)
    low, high = _interval(strength, rank, rng)
    p = _shuffled(scores, ranks, rho, rng)
    estimate = Estimate(value=rho, low=low, high=high, unit="1", method=BOOTSTRAP)
    return Correlation(quantity=quantity, rho=estimate, points=len(value), p_value=p)


def _why_not(sample: Strengths, value: Array) -> str:
    if len(value) < FEWEST:
        return f"{len(value)} points with both known; {FEWEST} are needed"
    if not np.ptp(gehan_scores(sample)) or not np.ptp(value):
        return "no point triggered" if not sample.failures else "one of the two does not vary"
    return ""


def gehan_scores(sample: Strengths) -> Array:
    """Return for each point how many others are certainly weaker, less how many are certainly stronger (shape (n,)).

    >>> from nanoprobe.analysis.strengths import exact
    >>> gehan_scores(exact([1.0, 2.0, 3.0, 3.0], [True, True, False, True])).tolist()
    [-3.0, -1.0, 3.0, 1.0]
    """
    return _gehan(_places(sample))


def _places(sample: Strengths) -> NDArray[np.intp]:
    """Return twice the place of each voltage among the distinct ones, plus 1 where it is censored: a whole order of strengths."""
    return 2 * np.unique(sample.middle, return_inverse=True)[1] + ~sample.failed


def _gehan(places: NDArray[np.intp]) -> Array:
    """Return Gehan's score of points with these `_places`, counted once for all that share one."""
    failed, censored = np.bincount(places, minlength=places.max() // 2 * 2 + 2).reshape(-1, 2).T
    weaker = np.cumsum(failed)  # a point censored where another failed outlived it
    stronger = len(places) - weaker - np.cumsum(censored) + censored
    return np.column_stack([weaker - failed - stronger, weaker]).astype(np.float64).ravel()[places]


def _ranks(places: NDArray[np.intp]) -> Array:
    """Return the rank of each point from its place among the distinct values; equal ones share their mean rank."""
    count = np.bincount(places)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[places])


def _rho(scores: Array, ranks: Array) -> float:
    spread = scores.std() * ranks.std()
    return float(np.mean((scores - scores.mean()) * (ranks - ranks.mean())) / spread) if spread > 0 else np.nan


def _interval(strength: NDArray[np.intp], rank: NDArray[np.intp], rng: np.random.Generator) -> tuple[float, float]:
    draws = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        chosen = rng.integers(0, len(rank), len(rank))
        draws[draw] = _rho(_gehan(strength[chosen]), _ranks(rank[chosen]))
    known = draws[np.isfinite(draws)]
    return percentile_interval(known) if len(known) >= 0.975 * RESAMPLES else (-np.inf, np.inf)


def _shuffled(scores: Array, ranks: Array, rho: float, rng: np.random.Generator) -> float:
    scores, ranks = scores - scores.mean(), ranks - ranks.mean()
    norm = np.linalg.norm(scores) * np.linalg.norm(ranks)
    reached = sum(
        bool(abs(float(rng.permutation(scores) @ ranks)) >= abs(rho) * norm * (1 - 1e-9)) for _ in range(SHUFFLES)
    )
    return (1 + reached) / (SHUFFLES + 1)
