"""Where the current of a ramp rises steeply above a level: the slope test, on many ramps at once."""

from dataclasses import dataclass

import numpy as np

from nanoprobe.analysis.crossing import first_that
from nanoprobe.analysis.ramps import Index, Mask, Net, Ramps
from nanoprobe.roles import Array

_SIGMA_FLOOR = 0.02
"""Smallest sigma of a rise as a fraction of the level: without it a ramp free of noise would make any bend a surge."""
_FEWEST_SLOPES = 2
"""Fewest preceding slopes to judge a rise by; a trip before that is taken for a bad contact, never for a trigger."""
_WIDEST_WINDOW = 20
"""Number of preceding slopes looked at where `fit_span` holds fewer (a fast ramp)."""
_STILL_ON = 0.5
"""A sample whose bias fell below this fraction of the bias before the rise says nothing about the rise any more."""


@dataclass(frozen=True, slots=True)
class SurgeTest:
    """`level` A, `sigmas` and `samples` of the slope test, `rise_time` s over which slopes are taken, `span` V."""

    level: float
    sigmas: float
    samples: int
    rise_time: float
    span: float


@dataclass(frozen=True, slots=True)
class Window:
    """For the ramps `rows`, judged at sample `index`: `lag` samples make a rise, `width` rises before it are compared."""

    rows: Index
    index: Index
    lag: Index
    width: Index

    @property
    def last(self) -> Index:
        """The latest compared sample."""
        return self.index - self.lag

    @property
    def counted(self) -> Index:
        """How many samples are compared: those that have a sample `lag` before them."""
        return np.asarray(np.minimum(self.width, self.index - 2 * self.lag + 1))

    def counts(self, widest: int) -> Mask:
        """Say which of the `widest` samples up to the last compared one count, shape (rows, widest)."""
        return np.asarray(np.arange(widest) >= widest - self.counted[:, None])


def window(ramps: Ramps, rows: Index, index: Index, rise_time: float, span: float) -> Window:
    """Return what to compare sample `index` of each of `rows` with.

    Slopes are taken over `rise_time` (s) where the ramp is long enough already, else over fewer samples.
    """
    few = np.maximum(index // 4, 1)
    wanted = np.nan_to_num(np.rint(rise_time / ramps.interval()[rows]), nan=1.0, posinf=1.0)
    lag = np.clip(wanted, 1, few).astype(np.intp)
    step = _mean_step(ramps, rows, index)
    width = np.clip(np.rint(span / np.maximum(step, 1e-9)), _WIDEST_WINDOW, np.maximum(index, _WIDEST_WINDOW))
    return Window(rows, index, lag, width.astype(np.intp))


def _mean_step(ramps: Ramps, rows: Index, index: Index) -> Array:
    """Return the mean |step| of the bias (V) up to the sample before `index`."""
    before = np.maximum(index - 1, 0)
    risen = np.abs(ramps.bias[rows, before] - ramps.bias[rows, 0])
    return np.asarray(np.nan_to_num(risen / np.maximum(before, 1)))


def find_surges(ramps: Ramps, net: Net, test: SurgeTest) -> Index:
    """Return the first sample of each ramp's surge (shape (points,), -1 for none): above the level, steep and lasting."""

    def steep(rows: Index, index: Index) -> Mask:
        return _surged(ramps, net, window(ramps, rows, index, test.rise_time, test.span), test)

    return first_that(steep, ramps, net, test.level)


def _surged(ramps: Ramps, net: Net, view: Window, test: SurgeTest) -> Mask:
    """Say for each ramp of `view` whether the rise into its sample is steep and lasts."""
    trend, sigma, enough = _usual_rise(net, view, test.level)
    foot = net.size(view.rows, np.maximum(view.index - view.lag, 0))
    bar = foot + trend + test.sigmas * sigma
    return np.asarray(enough & _stays_above(ramps, net, view, bar, test.samples))


def _usual_rise(net: Net, view: Window, level: float) -> tuple[Array, Array, Mask]:
    """Return median and robust sigma (A) of the rises before the judged one, and whether there are enough of them.

    The median counts as trend only where it rises. Sigma is 1.4826 times the median absolute deviation (Hampel 1974).
    """
    widest = int(view.counted.max(initial=1))
    rise = net.stretch(view.rows, view.last, widest)
    rise -= net.stretch(view.rows, view.last - view.lag, widest)
    if int(view.counted.min(initial=widest)) < widest:
        rise[~view.counts(widest)] = np.nan
    enough = _numbers(rise) >= _FEWEST_SLOPES
    rise[~enough] = 0.0
    middle = median_of_rows(rise)
    rise -= middle[:, None]
    sigma = 1.4826 * median_of_rows(np.abs(rise, out=rise))
    return np.maximum(middle, 0.0), np.maximum(sigma, _SIGMA_FLOOR * level), enough


def _numbers(values: Array) -> Index:
    """Return how many numbers each row holds; the sum tells cheaply that none is missing."""
    if np.isfinite(values.sum()):
        return np.full(len(values), values.shape[1])
    return np.asarray(np.count_nonzero(~np.isnan(values), axis=1))


def median_of_rows(values: Array) -> Array:
    """Return the median of each row's numbers, NaN where a row has none.

    What `np.nanmedian` returns, without the masked arrays that cost it more than all the rest of a verdict.
    """
    number = _numbers(values)
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, values.shape[1] - 1)
    ends = np.unique([low, high])
    # Rows mostly hold as many numbers: two places to select are cheaper than a sort. NaN comes last in both.
    ordered = np.partition(values, ends, axis=1) if len(ends) <= 2 else np.sort(values, axis=1)
    rows = np.arange(len(values))
    return np.asarray((ordered[rows, low] + ordered[rows, high]) / 2)


def _stays_above(ramps: Ramps, net: Net, view: Window, bar: Array, samples: int) -> Mask:
    """Say whether |current| is above `bar` from the judged sample on, for `samples` or to the end of the record."""
    last = ramps.length[view.rows] - 1
    bias_before = np.abs(ramps.bias[view.rows, np.maximum(view.index - 1, 0)])
    alive = np.ones(len(view.rows), dtype=np.bool_)
    stays = net.size(view.rows, view.index) > bar
    for later in range(1, samples):
        sample = np.minimum(view.index + later, last)
        alive &= (view.index + later <= last) & (np.abs(ramps.bias[view.rows, sample]) >= _STILL_ON * bias_before)
        stays &= ~alive | (net.size(view.rows, sample) > bar)
    return np.asarray(stays)
