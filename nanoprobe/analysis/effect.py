"""How much weaker: ratios of scales (from their profile intervals) and of medians (bootstrap) between two classes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.class_test import FEWEST_POINTS
from nanoprobe.analysis.estimate import Estimate, percentile_interval, unknown
from nanoprobe.analysis.ratio import MOVER, ratio_of
from nanoprobe.analysis.resampling import BOOTSTRAP, RESAMPLES, Draws
from nanoprobe.analysis.strengths import Strengths
from nanoprobe.analysis.survival import median_of_each
from nanoprobe.analysis.weibull import Weibull
from nanoprobe.roles import Array

_CELLS = 1 << 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The second class over the first: ratio of Weibull `scales`, and of Kaplan-Meier `medians` (free of a model)."""

    scales: Estimate
    medians: Estimate


@dataclass(frozen=True, slots=True)
class Fitted:
    """A class of points with its fit and the bootstrap of it; both None where it has none."""

    sample: Strengths
    fit: Weibull | None
    draws: Draws | None


def effect(reference: Fitted, other: Fitted, seed: int = 0) -> Effect:
    """Return `other` over `reference`, the medians each resampled on its own."""
    return Effect(scales=_ratio_of_scales(reference, other), medians=_ratio_of_medians(reference, other, seed))


def _ratio_of_scales(reference: Fitted, other: Fitted) -> Estimate:
    if reference.fit is None or other.fit is None:
        return unknown("1", MOVER, "one of them has no Weibull fit")
    return ratio_of(reference.fit.scale, other.fit.scale)[0]


def _ratio_of_medians(reference: Fitted, other: Fitted, seed: int) -> Estimate:
    fewest = min(len(reference.sample), len(other.sample))
    if fewest < FEWEST_POINTS:
        return unknown("1", BOOTSTRAP, f"one of them has only {fewest} points, {FEWEST_POINTS} are needed")
    return _medians(reference, other, seed)


def _medians(reference: Fitted, other: Fitted, seed: int) -> Estimate:
    """Return the ratio; where only a bound of one median is known (it lies beyond its ramps), a bound of the ratio."""
    ends = [_median(one.sample, np.arange(len(one.sample))[None, :])[0] for one in (reference, other)]
    if np.isinf(ends).all():
        return unknown("1", BOOTSTRAP, "neither median is reached")
    first, second = (draw_medians(one.sample, seed + place) for place, one in enumerate((reference, other)))
    # A median that a resample does not reach lies at or beyond the end of the ramps: one bound of the ratio opens.
    low = percentile_interval(_held(second, other) / first)[0]
    high = percentile_interval(second / _held(first, reference))[1]
    value = float(ends[1] / ends[0]) if np.isfinite(ends).all() else float("nan")
    note = "" if np.isfinite(ends).all() else "fewer than half of the points of one of them triggered"
    return Estimate(value=value, low=low, high=high, unit="1", method=BOOTSTRAP, note=note)


def _held(draws: Array, one: Fitted) -> Array:
    """Return the draws with the end of the ramps instead of infinity."""
    return np.where(np.isinf(draws), one.sample.middle.max(), draws)


def draw_medians(sample: Strengths, seed: int = 0, resamples: int = RESAMPLES) -> Array:
    """Return the Kaplan-Meier median (V, inf where not reached) of `resamples` resamples of `sample`."""
    rng, number = np.random.default_rng(seed), len(sample)
    block, medians = max(1, _CELLS // number), []
    for first in range(0, resamples, block):
        chosen = rng.integers(0, number, size=(min(block, resamples - first), number))
        medians.append(_median(sample, chosen))
    return np.concatenate(medians)


def _median(sample: Strengths, chosen: NDArray[np.intp]) -> Array:
    return median_of_each(sample.middle, sample.failed, chosen)
