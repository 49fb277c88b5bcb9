"""Do classes of points break down alike? Likelihood-ratio test of one Weibull distribution against one for each class.

The statistic is 2 (sum of the classes' log-likelihoods - log-likelihood of all together). Its chi-squared limit is too small for
few failures, so the p-value that counts comes from shuffling the class labels (Fisher 1935): under the hypothesis that the labels
do not matter it is right for any number of points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from nanoprobe.analysis.likelihood import COARSE, Data, Maximum, maximise
from nanoprobe.analysis.resampling import CELLS, estimable
from nanoprobe.analysis.strengths import Strengths
from nanoprobe.analysis.weibull import why_not_estimable
from nanoprobe.roles import Array

SHUFFLES = 999
FEWEST_POINTS = 5
"""With fewer points in a class its spread says nothing."""
MANY_FAILURES = 200
"""With this many failures in every class the chi-squared limit is good, and labels are not shuffled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTest:
    """Outcome: `statistic`, `degrees` of freedom, `p_value` (labels shuffled `shuffles` times; the limit where
    that is 0), `p_chi2` (the limit for large samples).

    All numbers are NaN where the test is not possible; `note` says why.
    """

    statistic: float
    degrees: int
    p_value: float
    p_chi2: float
    shuffles: int
    note: str = ""


def class_test(classes: Sequence[Strengths], seed: int = 0, shuffles: int = SHUFFLES) -> ClassTest:
    """Test whether `classes` (two or more) come from one Weibull distribution. Same seed, same p-value.

    A class in which nothing failed takes part: its likelihood is largest for a scale beyond all bounds.

    >>> from nanoprobe.analysis.strengths import exact
    >>> rng = np.random.default_rng(0)
    >>> strong, weak = (exact(scale * rng.weibull(5.0, 30), np.ones(30)) for scale in (3.0, 2.0))
    >>> class_test([strong, weak], shuffles=199).p_value
    0.005
    """
    why = _why_not(classes)
    degrees = 2 * (len(classes) - 1)
    if why:
        return ClassTest(statistic=np.nan, degrees=degrees, p_value=np.nan, p_chi2=np.nan, shuffles=0, note=why)
    whole = Strengths(np.concatenate([c.lower for c in classes]), np.concatenate([c.upper for c in classes]))
    data = Data.of(whole, merged=False)
    labels = np.repeat(np.arange(len(classes)), [len(c) for c in classes])
    common = maximise(data, data.count[None, :])
    statistic = float(_gains(data, labels[None, :], len(classes), common)[0])
    limit = float(chdtrc(degrees, statistic))
    if min(c.failures for c in classes) >= MANY_FAILURES:
        return ClassTest(statistic=statistic, degrees=degrees, p_value=limit, p_chi2=limit, shuffles=0)
    reached = 1 + _as_large(data, labels, len(classes), common, statistic, seed, shuffles)
    return ClassTest(
        statistic=statistic,
        degrees=degrees,
        p_value=reached / (shuffles + 1),
        p_chi2=limit,
        shuffles=shuffles,
    )


def _why_not(classes: Sequence[Strengths]) -> str:
    if len(classes) < 2:
        return "a comparison needs two classes"
    fewest = min(len(c) for c in classes)
    if fewest < FEWEST_POINTS:
        return f"a class has only {fewest} points, {FEWEST_POINTS} are needed"
    if not sum(c.failures for c in classes):
        return "no point triggered in any class"
    unclear = [why_not_estimable(c) for c in classes if c.failures]
    return next((f"in one class {why}" for why in unclear if why), "")


def _as_large(
    data: Data, labels: NDArray[np.intp], number: int, common: Maximum, statistic: float, seed: int, shuffles: int
) -> int:
    """Return how many shuffles of the labels give a statistic as large; one without a maximum counts as such."""
    rng = np.random.default_rng(seed)
    block, count = max(1, CELLS // len(labels)), 0
    for first in range(0, shuffles, block):
        shuffled = rng.permuted(np.tile(labels, (min(block, shuffles - first), 1)), axis=1)
        count += int((_gains(data, shuffled, number, common) >= statistic - 1e-9 * abs(statistic)).sum())
    return count


def _gains(data: Data, labels: NDArray[np.intp], number: int, common: Maximum) -> Array:
    """Return the statistic for each row of `labels` (k, n)."""
    members = [np.nonzero(labels == label)[1].reshape(len(labels), -1) for label in range(number)]
    tops = [_tops(data[points], data.count[points], common) for points in members]
    return np.asarray(2 * (np.sum(tops, axis=0) - common.value))


def _tops(data: Data, weights: Array, common: Maximum) -> Array:
    """Return the largest log-likelihood of each sample (row): 0 where nothing failed, inf without a maximum."""
    failures = (weights * ~data.open).sum(axis=1)
    top = np.where(failures > 0, np.inf, 0.0)
    rows = np.flatnonzero(estimable(data, weights))
    if rows.size:
        best = maximise(data.of_rows(rows), weights[rows], (common.modulus, common.offset), COARSE)
        top[rows] = np.where(best.found, best.value, np.inf)
    return top
