"""The Zarr arrays of a run as a function of its journal: records in, chunks out, the marks that make them count last."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, RampDone, Samples, TableBegin, TableRows
from nanoprobe.storage.blocks import Block, RowBlocks, frame_block, ramp_block
from nanoprobe.storage.kinds import SERIES, Stamped
from nanoprobe.storage.layout import (
    GroupSpec,
    checks_group,
    events_group,
    frame_axes,
    frame_group,
    frame_rows,
    points_group,
    ramp_rows,
    ramps_group,
)
from nanoprobe.storage.ledger import FrameEntry, Ledger
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.table_view import TableView
from nanoprobe.storage.tables import checks_table, events_table, line_states
from nanoprobe.storage.tree import Arrays, Tree, same


class Table:
    """Columns that are kept whole in memory and written where they changed, column `last` behind all others."""

    def __init__(self, tree: Tree, last: str = "") -> None:
        self._tree = tree
        self._last = last
        self._arrays: Arrays = {}
        self._shown: dict[str, NDArray[Any]] = {}

    def write(self, spec: GroupSpec, columns: Mapping[str, NDArray[Any]]) -> None:
        """Bring the group on disk to `columns`, chunk by chunk where they differ from what was written before."""
        lengths = {array.name: spec.shape(array) for array in spec.arrays}
        if {name: array.shape for name, array in self._arrays.items()} != lengths:
            self._arrays = self._tree.fit(spec)
            if not self._shown and spec.name in self._tree.made:
                self._shown = spec.blank()
        for array in sorted(spec.arrays, key=lambda array: array.name == self._last):
            self._write_column(array.name, columns[array.name], array.chunks[0])

    def _write_column(self, name: str, column: NDArray[Any], rows: int) -> None:
        shown = self._shown.get(name, column[:0])
        for first in range(0, len(column), rows):
            part = slice(first, first + rows)
            if not same(shown[part], column[part]):
                self._arrays[name][part] = column[part]
        self._shown[name] = column.copy()


class _Image:
    """One frame on its way to disk."""

    def __init__(self, tree: Tree, entry: FrameEntry, journal: JournalReader) -> None:
        begin = entry.begin
        self._entry = entry
        self._arrays = tree.fit(frame_group(begin), dict(frame_axes(begin)))
        channels = {name: self._arrays[name] for name in begin.plan.channels}
        self._blocks = RowBlocks(channels, 1, frame_rows(begin), lambda lines: frame_block(entry, journal, lines))
        self._dirty = True

    def put(self, line: int) -> None:
        self._blocks.complete(line)
        self._dirty = True

    def flush(self) -> None:
        self._blocks.flush()
        if self._dirty:
            self._arrays["line_state"][...] = line_states(self._entry)
            self._dirty = False


class Materialiser:
    """Takes the records of a journal from its beginning, in order. Used by one thread. Raises OSError."""

    def __init__(self, path: Path, journal: JournalReader) -> None:
        self.tree = Tree(path)
        self.ledger = Ledger()
        self._journal = journal
        self._points = Table(self.tree, last="state")
        self._lengths: Arrays = {}
        self._checks = Table(self.tree)
        self._events = Table(self.tree)
        self._ramps: RowBlocks | None = None
        self._images: dict[int, _Image] = {}
        self._tables: dict[str, TableView] = {}

    def apply(self, offset: int, stamped: Stamped) -> None:
        """Take in the record at `offset`; whole chunks go to disk at once, the rest at the next `flush`."""
        record = stamped.record
        self.ledger.apply(offset, stamped.at, record)
        match record:
            case PointLayout():
                self._lay_out(record)
            case PointBegin():
                self._rows().change(record.index)
            case Samples():
                self._make_room(record.point)
                self._rows().change(record.point)
            case RampDone():
                self._make_room(record.point)
                self._rows().complete(record.point)
            case FrameBegin():
                self._image(record.index)
            case FrameLine():
                self._put_line(record)
            case TableBegin():
                self._tables.setdefault(record.name, TableView(self.tree, self.ledger.tables[record.name]))
            case TableRows():
                self._tables[record.table].add(record)
            case _:
                pass

    def flush(self) -> None:
        """Write all that is known: data first, then the marks that make it count."""
        for image in self._images.values():
            image.flush()
        for table in self._tables.values():
            table.flush()
        layout = self.ledger.layout
        if self._ramps is not None:
            self._ramps.flush()
            self._lengths["n_samples"][...] = self.ledger.lengths
            self._points.write(points_group(layout), self.ledger.table)
        if self.ledger.checks:
            self._checks.write(checks_group(len(self.ledger.checks)), checks_table(self.ledger))
        if self.ledger.events:
            self._events.write(events_group(len(self.ledger.events)), events_table(self.ledger))

    def _lay_out(self, layout: PointLayout) -> None:
        arrays = self.tree.fit(ramps_group(layout))
        self._lengths = {"n_samples": arrays["n_samples"]}
        self._ramps = RowBlocks({name: arrays[name] for name in SERIES}, 0, ramp_rows(layout.samples), self._gather)
        self._points.write(points_group(layout), self.ledger.table)

    def _gather(self, points: range) -> Block:
        return ramp_block(self.ledger, self._journal, points, self._rows().width)

    def _rows(self) -> RowBlocks:
        assert self._ramps is not None, "the ledger takes no samples before a layout"
        return self._ramps

    def _make_room(self, point: int) -> None:
        """Widen the arrays for a ramp longer than the layout said."""
        if self.ledger.lengths[point] > self._rows().width:
            arrays = self.tree.fit(ramps_group(self.ledger.layout, self.ledger.longest))
            self._rows().widen({name: arrays[name] for name in SERIES})

    def _image(self, index: int) -> _Image:
        if index not in self._images:
            self._images[index] = _Image(self.tree, self.ledger.frames[index], self._journal)
        return self._images[index]

    def _put_line(self, record: FrameLine) -> None:
        image = self._image(record.frame)
        image.put(record.line.index)
        if self.ledger.frames[record.frame].done:
            image.flush()
            del self._images[record.frame]
