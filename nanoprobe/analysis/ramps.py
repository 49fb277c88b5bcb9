"""Recorded ramps side by side, and their current without what is no reaction."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nanoprobe.roles import Array

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


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
        """Return the largest of each ramp's `values` (>= 0); NaN where there is none."""
        top = self._usable(values).max(axis=1, initial=-1.0)
        return np.where(top >= 0, top, np.nan)

    def farthest(self) -> Index:
        """Return the index of the sample with the largest |bias| of each ramp; 0 where there is none."""
        if not self.bias.shape[1]:
            return np.zeros(len(self.length), dtype=np.intp)
        return np.asarray(self._usable(np.abs(self.bias)).argmax(axis=1), dtype=np.intp)

    def _usable(self, sizes: Array) -> Array:
        """Return `sizes` (>= 0) with -1 where nothing was recorded."""
        return np.where(np.isfinite(sizes) & self.recorded, sizes, -1.0)

    def interval(self) -> Array:
        """Return the mean time between two samples (s, shape (points,)); NaN for fewer than two."""
        first, last = self.at(self.time, np.zeros_like(self.length)), self.at(self.time, self.length - 1)
        return np.where(self.length > 1, (last - first) / np.maximum(self.length - 1, 1), np.nan)


@dataclass(frozen=True, slots=True)
class Net:
    """The current of ramps without displacement (`inner`, A, (points, samples)) and its `offset` (A, (points,))."""

    inner: Array
    offset: Array

    def size(self, rows: Index, index: Index) -> Array:
        """Return |inner - offset| (A) of ramps `rows` at samples `index`, shaped as they broadcast."""
        return np.asarray(np.abs(self.inner[rows, index] - self.offset[rows]))

    def stretch(self, rows: Index, last: Index, width: int) -> Array:
        """Return |inner - offset| (A, shape (rows, width)) of the `width` samples up to `last` (see `stretch`)."""
        taken = stretch(self.inner, rows, last, width)
        taken -= self.offset[rows, None]
        return np.asarray(np.abs(taken, out=taken))

    @property
    def values(self) -> Array:
        """The current without offset and displacement (A, (points, samples))."""
        return self.inner - self.offset[:, None]


def stretch(values: Array, rows: Index, last: Index, width: int) -> Array:
    """Return the `width` samples of `values` (points, samples) up to `last` in each of `rows`: shape (rows, width).

    Before the record's start the first sample is repeated. Whole stretches are copied at a time: a fifth of the time that
    an index for each sample takes.
    """
    first = last - width + 1
    taken = sliding_window_view(values, width, axis=1)[rows, np.maximum(first, 0)]
    early = np.flatnonzero(first < 0)
    if early.size:
        taken[early] = values[rows[early, None], np.maximum(first[early, None] + np.arange(width), 0)]
    return np.asarray(taken)
