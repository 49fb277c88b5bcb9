"""Where the current of ramps passes a level: blocks small enough for the processor's cache, else memory sets the pace."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nanoprobe.analysis.ramps import Index, Mask, Net, Ramps
from nanoprobe.roles import Array

_BLOCK = 32
"""Ramps looked at together: 32 of 2,000 samples are 0.5 MB."""


@dataclass(frozen=True, slots=True)
class Band:
    """Values beyond `low`..`high` (A, shape (points,)) have passed the level."""

    low: Array
    high: Array

    def __getitem__(self, rows: slice | Index) -> "Band":
        return Band(self.low[rows], self.high[rows])

    def passed(self, values: Array) -> Mask:
        """Say which of `values` (points, samples) lie beyond; NaN does not."""
        beyond = values > self.high[:, None]
        np.logical_or(beyond, values < self.low[:, None], out=beyond)
        return np.asarray(beyond)


def band(level: float, offset: Array) -> Band:
    """Return the band for |current| > `level` with or without its `offset` (A, shape (points,)) taken off.

    By either, since the instrument compares what it reads and stops there.
    """
    return Band(-level + np.maximum(offset, 0.0), level + np.minimum(offset, 0.0))


def first_that(is_one: Callable[[Index, Index], Mask], ramps: Ramps, net: Net, level: float) -> Index:
    """Return the first sample of each ramp that passes `level` and for which `is_one(rows, index)` holds; -1 for none."""
    found = np.full(len(ramps.length), -1, dtype=np.intp)
    around = band(level, net.offset)
    index = first_beyond(ramps, net, around)
    rows = np.flatnonzero(index >= 0)
    index = index[rows]
    while rows.size:
        good = is_one(rows, index)
        found[rows[good]] = index[good]
        rows, index = _next(ramps, net, around, rows[~good], index[~good] + 1)
    return found


def first_beyond(ramps: Ramps, net: Net, around: Band) -> Index:
    """Return the first sample of each ramp beyond the band, -1 for none."""
    found = np.empty(len(ramps.length), dtype=np.intp)
    for start in range(0, len(found), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found[rows] = _first(_passed(ramps, net, around, rows), ramps.length[rows])
    return found


def _passed(ramps: Ramps, net: Net, around: Band, rows: slice | Index) -> Mask:
    passed = around[rows].passed(ramps.current[rows])
    if net.inner is not ramps.current:
        passed |= around[rows].passed(net.inner[rows])
    return passed


def _first(passed: Mask, length: Index) -> Index:
    if not passed.shape[1]:
        return np.full(len(length), -1, dtype=np.intp)
    index = passed.argmax(axis=1)
    there = passed[np.arange(len(index)), index] & (index < length)
    return np.asarray(np.where(there, index, -1), dtype=np.intp)


def _next(ramps: Ramps, net: Net, around: Band, rows: Index, start: Index) -> tuple[Index, Index]:
    """Return those of `rows` that pass the level at or after `start` again, and where."""
    if not rows.size:
        return rows, start
    passed = _passed(ramps, net, around, rows) & (np.arange(ramps.current.shape[1]) >= start[:, None])
    index = _first(passed, ramps.length[rows])
    return rows[index >= 0], index[index >= 0]
