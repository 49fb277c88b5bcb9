"""Where the current of a ramp rises steeply above a level: the slope test, on many ramps at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanoprobe.roles import Array

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

_SIGMA_FLOOR = 0.02
"""Smallest sigma of a rise as a fraction of the level: without it a ramp free of noise would make any bend a surge."""
_FEWEST_SLOPES = 2
"""Fewest preceding slopes to judge a rise by; a trip before that is taken for a bad contact, never for a trigger."""
_WIDEST_WINDOW = 20
"""Number of preceding slopes looked at where `fit_span` holds fewer (a fast ramp)."""
_STILL_ON = 0.5
"""A sample whose bias fell below this fraction of the bias before the rise says nothing about the rise any more."""


@dataclass(frozen=True, slots=True)
class Ramps:
    """Ramps side by side: `time` s, `bias` V, `current` A of shape (points, samples); `length` (points,) in samples."""

    time: Array
    bias: Array
    current: Array
    length: Index

    @classmethod
    def empty(cls) -> "Ramps":
        """Return no ramps at all."""
        nothing = np.empty((0, 0))
        return cls(nothing, nothing, nothing, np.empty(0, dtype=np.intp))

    @property
    def recorded(self) -> Mask:
        """Which samples exist."""
        return np.asarray(np.arange(self.bias.shape[1]) < self.length[:, None])

    def at(self, values: Array, index: Index) -> Array:
        """Return `values` of each ramp at its own `index` (points,); NaN where the index lies outside the record."""
        if not values.shape[1]:
            return np.full(len(index), np.nan)
        inside = (index >= 0) & (index < self.length)
        taken = np.take_along_axis(values, np.where(inside, index, 0)[:, None], axis=1)[:, 0]
        return np.where(inside, taken, np.nan)

    def largest(self, values: Array) -> Array:
        """Return the largest of each ramp's `values`; NaN where there is none."""
        usable = np.where(self.recorded & np.isfinite(values), values, -np.inf)
        top = usable.max(axis=1, initial=-np.inf)
        return np.where(np.isfinite(top), top, np.nan)

    def farthest(self) -> Index:
        """Return the index of the sample with the largest |bias| of each ramp; 0 where there is none."""
        if not self.bias.shape[1]:
            return np.zeros(len(self.length), dtype=np.intp)
        usable = np.where(self.recorded & np.isfinite(self.bias), np.abs(self.bias), -1.0)
        return np.asarray(usable.argmax(axis=1), dtype=np.intp)

    def interval(self) -> Array:
        """Return the mean time between two samples (s, shape (points,)); NaN for fewer than two."""
        first, last = self.at(self.time, np.zeros_like(self.length)), self.at(self.time, self.length - 1)
        return np.where(self.length > 1, (last - first) / np.maximum(self.length - 1, 1), np.nan)


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

    def samples(self) -> tuple[Index, Mask]:
        """Return indices (rows, widest) of the compared samples, all before the rise, and which of them count."""
        widest = int(self.width.max(initial=1))
        index = self.index[:, None] - self.lag[:, None] - np.arange(widest)
        counts = (np.arange(widest) < self.width[:, None]) & (index >= self.lag[:, None])
        return np.where(counts, index, 0), counts


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


def find_surges(ramps: Ramps, real: Array, test: SurgeTest) -> Index:
    """Return the first sample of each ramp's surge (shape (points,), -1 for none).

    `real` is the current with offset and displacement removed. A sample is above the level by either: the instrument
    compares what it reads, and stops there.
    """
    magnitude = np.abs(real)
    above = ramps.recorded & (np.fmax(np.abs(ramps.current), magnitude) > test.level)
    found = np.full(len(ramps.length), -1, dtype=np.intp)
    rows, index = _next_candidates(above, np.arange(len(found)), np.zeros_like(found))
    while rows.size:
        surged = _surged(ramps, magnitude, window(ramps, rows, index, test.rise_time, test.span), test)
        found[rows[surged]] = index[surged]
        rows, index = _next_candidates(above, rows[~surged], index[~surged] + 1)
    return found


def _next_candidates(above: Mask, rows: Index, start: Index) -> tuple[Index, Index]:
    """Return those of `rows` with a sample above the level at or past `start`, and the first such sample."""
    if not above.shape[1] or not rows.size:
        return rows[:0], start[:0]
    later = above[rows] & (np.arange(above.shape[1]) >= start[:, None])
    some = later.any(axis=1)
    return rows[some], np.asarray(later[some].argmax(axis=1), dtype=np.intp)


def _surged(ramps: Ramps, magnitude: Array, view: Window, test: SurgeTest) -> Mask:
    """Say for each ramp of `view` whether the rise into its sample is steep and lasts."""
    trend, sigma, enough = _usual_rise(magnitude, view, test.level)
    foot = magnitude[view.rows, np.maximum(view.index - view.lag, 0)]
    bar = foot + trend + test.sigmas * sigma
    return np.asarray(enough & _stays_above(ramps, magnitude, view, bar, test.samples))


def _usual_rise(magnitude: Array, view: Window, level: float) -> tuple[Array, Array, Mask]:
    """Return median and robust sigma (A) of the rises before the judged one, and whether there are enough of them.

    The median counts as trend only where it rises. Sigma is 1.4826 times the median absolute deviation (Hampel 1974).
    """
    index, counts = view.samples()
    rise = (
        magnitude[view.rows[:, None], index] - magnitude[view.rows[:, None], np.maximum(index - view.lag[:, None], 0)]
    )
    counts &= np.isfinite(rise)
    enough = counts.sum(axis=1) >= _FEWEST_SLOPES
    rise = np.where(counts | ~enough[:, None], rise, np.nan)
    rise[~enough] = 0.0
    middle = median_of_rows(rise)
    sigma = 1.4826 * median_of_rows(np.abs(rise - middle[:, None]))
    return np.maximum(middle, 0.0), np.maximum(sigma, _SIGMA_FLOOR * level), enough


def median_of_rows(values: Array) -> Array:
    """Return the median of each row's numbers, NaN where a row has none.

    What `np.nanmedian` returns, without the masked arrays that cost it more than all the rest of a verdict.
    """
    ordered = np.sort(values, axis=1)  # NaN last
    number = np.count_nonzero(~np.isnan(values), axis=1)
    rows = np.arange(len(values))
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, values.shape[1] - 1)
    return np.asarray((ordered[rows, low] + ordered[rows, high]) / 2)


def _stays_above(ramps: Ramps, magnitude: Array, view: Window, bar: Array, samples: int) -> Mask:
    """Say whether |current| is above `bar` from the judged sample on, for `samples` or to the end of the record."""
    last = ramps.length[view.rows] - 1
    bias_before = np.abs(ramps.bias[view.rows, np.maximum(view.index - 1, 0)])
    alive = np.ones(len(view.rows), dtype=np.bool_)
    stays = magnitude[view.rows, view.index] > bar
    for later in range(1, samples):
        sample = np.minimum(view.index + later, last)
        alive &= (view.index + later <= last) & (np.abs(ramps.bias[view.rows, sample]) >= _STILL_ON * bias_before)
        stays &= ~alive | (magnitude[view.rows, sample] > bar)
    return np.asarray(stays)
