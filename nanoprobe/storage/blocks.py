"""Rows of a run gathered into whole chunks, read from the journal when a chunk is written: nothing waits in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from nanoprobe.storage.journal_values import line_values, ramp_samples
from nanoprobe.storage.kinds import SERIES
from nanoprobe.storage.ledger import FrameEntry, Ledger
from nanoprobe.storage.scan import JournalReader

Block = dict[str, NDArray[Any]]
Gather = Callable[[range], Block]


def ramp_block(ledger: Ledger, journal: JournalReader, points: range, width: int) -> Block:
    """Return the samples of neighbouring points, shape (len(points), width) each, NaN where there is none."""
    block = {name: np.full((len(points), width), np.nan) for name in SERIES}
    for row, point in enumerate(points):
        if ledger.lengths[point]:
            for name, samples in ramp_samples(ledger, journal, point).items():
                block[name][row, : len(samples)] = samples
    return block


def frame_block(entry: FrameEntry, journal: JournalReader, lines: range) -> Block:
    """Return neighbouring lines of an image, shape (2, len(lines), pixels) each, NaN where there is none."""
    plan = entry.begin.plan
    block: Block = {n: np.full((2, len(lines), plan.pixels), np.nan, dtype=np.float32) for n in plan.channels}
    for row, line in enumerate(lines):
        if line in entry.lines:
            for name, values in line_values(entry, journal, line).items():
                block[name][:, row] = values
    return block


def spans(total: int, rows: int) -> list[range]:
    """Return the chunks of `total` rows, `rows` to a chunk."""
    return [range(first, min(first + rows, total)) for first in range(0, total, rows)]


class RowBlocks:
    """Chunks of `arrays`, which share rows along `axis`, `rows` of them to a chunk; `gather` reads the rows of one."""

    def __init__(self, arrays: Mapping[str, "zarr.Array[Any]"], axis: int, rows: int, gather: Gather) -> None:
        self._arrays = dict(arrays)
        self._axis = axis
        self._rows = rows
        self._gather = gather
        self._spans = spans(self._shape[axis], rows)
        self._dirty: set[int] = set()
        self._final: dict[int, set[int]] = {}

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(next(iter(self._arrays.values())).shape)

    @property
    def width(self) -> int:
        """Length of the last axis."""
        return self._shape[-1]

    def change(self, row: int) -> None:
        """Say that a row has changed and may change again."""
        self._dirty.add(row // self._rows)

    def complete(self, row: int) -> None:
        """Say that a row is whole; a chunk with nothing but such rows is written at once."""
        index = row // self._rows
        final = self._final.setdefault(index, set())
        final.add(row)
        self._dirty.add(index)
        if len(final) == len(self._spans[index]):
            self._write(index)

    def flush(self) -> None:
        """Write every chunk that changed."""
        for index in sorted(self._dirty):
            self._write(index)

    def widen(self, arrays: Mapping[str, "zarr.Array[Any]"]) -> None:
        """Go on with the same arrays after their last axis has grown."""
        self._arrays = dict(arrays)

    def _write(self, index: int) -> None:
        span = self._spans[index]
        where = (*[slice(None)] * self._axis, slice(span.start, span.stop))
        for name, values in self._gather(span).items():
            self._arrays[name][where] = values
        self._dirty.discard(index)
