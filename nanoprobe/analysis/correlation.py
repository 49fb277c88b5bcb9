"""Does the trigger voltage go with something else? Rank correlation with censored points and bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

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
    rho = _rho(gehan_scores(sample), value)
    low, high = _interval(sample, value, rng)
    p = _shuffled(sample, value, rho, rng)
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
    value, failed = sample.middle, sample.failed
    failures, everyone = np.sort(value[failed]), np.sort(value)
    censored = np.sort(value[~failed])
    weaker = np.searchsorted(failures, value, side="left").astype(np.float64)
    # A point censored where another failed outlived it.
    weaker += ~failed * (np.searchsorted(failures, value, side="right") - weaker)
    stronger = len(everyone) - np.searchsorted(everyone, value, side="right")
    tied_censored = np.searchsorted(censored, value, side="right") - np.searchsorted(censored, value, side="left")
    return np.asarray(weaker - np.where(failed, stronger + tied_censored, 0.0))


def _rho(scores: Array, value: Array) -> float:
    ranks = rankdata(value)
    spread = scores.std() * ranks.std()
    return float(np.mean((scores - scores.mean()) * (ranks - ranks.mean())) / spread) if spread > 0 else np.nan


def _interval(sample: Strengths, value: Array, rng: np.random.Generator) -> tuple[float, float]:
    draws = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        chosen = rng.integers(0, len(value), len(value))
        draws[draw] = _rho(gehan_scores(sample[chosen]), value[chosen])
    known = draws[np.isfinite(draws)]
    return percentile_interval(known) if len(known) >= 0.975 * RESAMPLES else (-np.inf, np.inf)


def _shuffled(sample: Strengths, value: Array, rho: float, rng: np.random.Generator) -> float:
    scores, ranks = gehan_scores(sample), rankdata(value)
    scores, ranks = scores - scores.mean(), ranks - ranks.mean()
    norm = np.linalg.norm(scores) * np.linalg.norm(ranks)
    reached = sum(
        bool(abs(float(rng.permutation(scores) @ ranks)) >= abs(rho) * norm * (1 - 1e-9)) for _ in range(SHUFFLES)
    )
    return (1 + reached) / (SHUFFLES + 1)
