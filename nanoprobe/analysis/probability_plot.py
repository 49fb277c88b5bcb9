"""What a Weibull plot shows: plotting positions with censored points, the fitted line, and its confidence band."""

from dataclasses import dataclass, field

import numpy as np

from nanoprobe.analysis.strengths import Strengths
from nanoprobe.analysis.weibull import Weibull
from nanoprobe.roles import Array

NODES = 15
"""Voltages at which the band is worked out."""


@dataclass(frozen=True, slots=True)
class ProbabilityPlot:
    """Failures at `voltage` (V) with `share` (median ranks), shape (k,); the line and its band at `line_share` (15,)."""

    voltage: Array = field(repr=False)
    share: Array = field(repr=False)
    line_share: Array = field(repr=False)
    line: Array = field(repr=False)
    low: Array = field(repr=False)
    high: Array = field(repr=False)


def plotting_positions(sample: Strengths) -> tuple[Array, Array]:
    """Return voltages of the failures, sorted, and their median ranks (i - 0.3)/(n + 0.4) (Benard).

    Points censored among them move the later ranks i up (Johnson 1964).

    >>> from nanoprobe.analysis.strengths import exact
    >>> plotting_positions(exact([1.0, 2.0, 3.0], [True, True, False]))[1].round(3).tolist()
    [0.206, 0.5]
    """
    failed = sample.failed
    order = np.lexsort((~failed, sample.middle))
    event = failed[order]
    number, rank, ranks = len(order), 0.0, []
    for place in np.flatnonzero(event):
        rank += (number + 1 - rank) / (number - place + 1)
        ranks.append(rank)
    return sample.middle[order][event], (np.array(ranks) - 0.3) / (number + 0.4)


def probability_plot(sample: Strengths, fit: Weibull) -> ProbabilityPlot:
    """Return the plot of `sample` and its `fit`; the band holds each quantile with 95 % (profile likelihood, pointwise)."""
    voltage, share = plotting_positions(sample)
    ends = np.log(-np.log1p(-np.array([min(share.min(), 0.01), max(share.max(), 0.99)])))
    at = -np.expm1(-np.exp(np.linspace(ends[0], ends[1], NODES)))
    quantiles = [fit.quantile(float(one)) for one in at]
    line, low, high = (np.array([getattr(q, name) for q in quantiles]) for name in ("value", "low", "high"))
    return ProbabilityPlot(voltage, share, at, line, low, high)
