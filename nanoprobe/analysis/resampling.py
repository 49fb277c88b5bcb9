"""The bootstrap (Efron 1979) of Weibull fits: the sample drawn anew with replacement, and fitted each time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.estimate import Estimate, percentile_interval
from nanoprobe.analysis.likelihood import COARSE, Data, Maximum, maximise
from nanoprobe.analysis.strengths import Strengths
from nanoprobe.analysis.weibull import Weibull
from nanoprobe.roles import Array

BOOTSTRAP = "bootstrap percentiles"
RESAMPLES = 1000
CELLS = 1 << 15
"""Resamples times points worked on at once: memory stays bounded, and what lies between two steps in the processor's cache."""
_MOST_UNUSABLE = 0.025
"""Share of resamples without a fit beyond which there is no bootstrap interval."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Fits of the resamples: `modulus` and `scale` (V), shape (r,); `unusable` resamples could not be fitted."""

    modulus: Array = field(repr=False)
    scale: Array = field(repr=False)
    unusable: int

    def median(self) -> Array:
        """Return the median voltage (V) of each fit."""
        return np.asarray(self.scale * np.log(2) ** (1 / self.modulus))

    @property
    def sound(self) -> bool:
        """Whether so few resamples had no fit that percentiles mean what they say."""
        return self.unusable <= _MOST_UNUSABLE * (len(self.modulus) + self.unusable)


def draw_fits(sample: Strengths, fit: Weibull, seed: int = 0, resamples: int = RESAMPLES) -> Draws:
    """Return the fits of `resamples` resamples of `sample`, whose own fit is `fit`. Same seed, same draws."""
    data = Data.of(sample)
    rng = np.random.default_rng(seed)
    share = data.count / data.count.sum()
    modulus, scale = [], []
    block = max(1, CELLS // len(share))
    for first in range(0, resamples, block):
        weights = rng.multinomial(len(sample), share, size=min(block, resamples - first)).astype(np.float64)
        best = _fits(data, weights, fit)
        modulus.append(best.modulus[best.found])
        scale.append(np.exp(best.offset[best.found] / best.modulus[best.found]))
    good = np.concatenate(modulus)
    return Draws(good, np.concatenate(scale), resamples - len(good))


def _fits(data: Data, weights: Array, fit: Weibull) -> Maximum:
    begin = np.array([fit.profile.modulus]), np.array([fit.profile.offset])
    return maximise(data, weights[estimable(data, weights)], begin, COARSE)


def estimable(data: Data, weights: Array) -> NDArray[np.bool_]:
    """Say for each row of `weights` (k, n) whether that sample has a fit (see `weibull.why_not_estimable`)."""
    there, upper = weights > 0, np.where(data.open, np.inf, data.low + data.width)
    lowest_upper = np.where(there, upper, np.inf).min(axis=1)
    highest_lower = np.where(there, data.low, -np.inf).max(axis=1)
    return np.asarray((np.vecdot(weights, np.isfinite(upper).astype(np.float64)) >= 2) & (highest_lower > lowest_upper))


def bootstrap_interval(value: float, draws: Draws, values: Array, unit: str) -> Estimate:
    """Return `value` with the percentiles of `values` (one a draw) around it."""
    if not draws.sound:
        note = f"{draws.unusable} of {draws.unusable + len(values)} resamples have no fit"
        return Estimate(value=value, low=np.nan, high=np.nan, unit=unit, method=BOOTSTRAP, note=note)
    low, high = percentile_interval(values)
    return Estimate(value=value, low=low, high=high, unit=unit, method=BOOTSTRAP)
