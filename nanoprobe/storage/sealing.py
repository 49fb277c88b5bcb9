"""Reading the arrays back against the journal, and leaving plain Zarr behind once they agree."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from nanoprobe.errors import StorageError
from nanoprobe.storage.attrs import end_attrs
from nanoprobe.storage.blocks import frame_block, ramp_block, spans
from nanoprobe.storage.disk import reason, sync_folder, sync_tree
from nanoprobe.storage.journal_values import rows_block
from nanoprobe.storage.kinds import SERIES
from nanoprobe.storage.layout import (
    ArraySpec,
    GroupSpec,
    checks_group,
    events_group,
    frame_axes,
    frame_group,
    frame_rows,
    points_group,
    ramp_rows,
    ramps_group,
    table_chunk,
    table_rows,
    table_segment,
)
from nanoprobe.storage.ledger import FrameEntry, Ledger
from nanoprobe.storage.places import JOURNAL, JOURNAL_GROUP, RECORDS
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.table_entry import TableEntry
from nanoprobe.storage.tables import checks_table, events_table, line_states
from nanoprobe.storage.tree import Tree, same

_log = logging.getLogger(__name__)

Values = Mapping[str, NDArray[Any]]


def close_view(path: Path, *, drop_journal: bool) -> None:
    """Make the arrays of an ended run durable, compare them with its journal, and write how it ended.

    With `drop_journal` the run is marked as plain Zarr, and `sweep` may take the journal away. The journal stays when it
    holds earlier attempts at a point, which the arrays have no room for. The caller holds the lock. Raises StorageError
    when arrays and journal differ.
    """
    try:
        sync_tree(path)
        journal = JournalReader(path / JOURNAL)
        try:
            ledger = journal.scan().ledger
            _require_equal(path, ledger, journal)
        finally:
            journal.close()
        drop = drop_journal and not ledger.superseded
        assert ledger.finished is not None, "only an ended run is closed"
        Tree(path).set_attrs(**end_attrs(ledger.finished, ledger.finished_at), sealed=drop)
    except OSError as error:
        raise StorageError(f"{path} could not be sealed: {reason(error)}. Its journal is kept") from error


def _require_equal(path: Path, ledger: Ledger, journal: JournalReader) -> None:
    found = next(differences(path, ledger, journal), None)
    if found is not None:
        raise StorageError(f"{path}: {found} differs from the journal, so the journal is kept; seal the run again")


def sweep(path: Path) -> None:
    """Remove the journal of a sealed run, its lock included. The caller has given the lock back.

    Where that is cut short or refused (Windows keeps a file another program has open), readers pass by what is left.
    """
    if Tree(path).attrs.get("sealed") is not True or not (path / JOURNAL_GROUP).exists():
        return
    try:
        shutil.rmtree(path / RECORDS)
        shutil.rmtree(path / JOURNAL_GROUP)
        sync_folder(path)
    except OSError as error:
        _log.warning("%s is sealed, but its journal could not be removed: %s", path, reason(error))


def differences(path: Path, ledger: Ledger, journal: JournalReader) -> Iterator[str]:
    """Yield the name of every array that does not hold what the journal says; memory for one chunk at a time."""
    if ledger.layout is not None:
        yield from _unequal(path, points_group(ledger.layout), ledger.table)
        yield from _ramp_differences(path, ledger, journal)
    for entry in ledger.frames:
        yield from _frame_differences(path, entry, journal)
    for table in ledger.tables.values():
        yield from _table_differences(path, table, journal)
    if ledger.checks:
        yield from _unequal(path, checks_group(len(ledger.checks)), checks_table(ledger))
    if ledger.events:
        yield from _unequal(path, events_group(len(ledger.events)), events_table(ledger))


def _unequal(path: Path, spec: GroupSpec, values: Values) -> Iterator[str]:
    for name, expected in values.items():
        array = _open(path, f"{spec.name}/{name}")
        if array is None or array.shape != expected.shape or not _holds(array, (slice(None),), expected):
            yield f"{spec.name}/{name}"


def _ramp_differences(path: Path, ledger: Ledger, journal: JournalReader) -> Iterator[str]:
    layout = ledger.layout
    assert layout is not None
    spec = ramps_group(layout, ledger.longest)
    yield from _unequal(path, spec, {"n_samples": ledger.lengths})
    arrays = {name: _open(path, f"ramps/{name}") for name in SERIES}
    for points in spans(spec.sizes["point"], ramp_rows(layout.samples)):
        expected = ramp_block(ledger, journal, points, spec.sizes["sample"])
        yield from _unequal_part(arrays, "ramps", (slice(points.start, points.stop),), expected)


def _frame_differences(path: Path, entry: FrameEntry, journal: JournalReader) -> Iterator[str]:
    plan, spec = entry.begin.plan, frame_group(entry.begin)
    yield from _unequal(path, spec, {**dict(frame_axes(entry.begin)), "line_state": line_states(entry)})
    arrays = {name: _open(path, f"{spec.name}/{name}") for name in plan.channels}
    for lines in spans(plan.lines, frame_rows(entry.begin)):
        expected = frame_block(entry, journal, lines)
        yield from _unequal_part(arrays, spec.name, (slice(None), slice(lines.start, lines.stop)), expected)


def _table_differences(path: Path, entry: TableEntry, journal: JournalReader) -> Iterator[str]:
    chunk, full = table_chunk(entry.begin), table_rows(entry.begin)
    for index in range(max(1, -(-entry.rows // full))):
        spec = table_segment(entry.begin, index, min(full, entry.rows - index * full))
        arrays = {array.name: _as_long(path, spec, array) for array in spec.arrays}
        yield from _unequal(path, spec, entry.axes())
        for rows in spans(spec.sizes[entry.begin.dim], chunk):
            first = index * full
            expected = rows_block(entry, journal, first + rows.start, first + rows.stop)
            yield from _unequal_part(arrays, spec.name, (slice(rows.start, rows.stop),), expected)


def _as_long(path: Path, spec: GroupSpec, array: ArraySpec) -> "zarr.Array[Any] | None":
    found = _open(path, f"{spec.name}/{array.name}")
    return found if found is not None and found.shape == spec.shape(array) else None


def _unequal_part(
    arrays: Mapping[str, "zarr.Array[Any] | None"], group: str, where: tuple[slice, ...], expected: Values
) -> Iterator[str]:
    for name, values in expected.items():
        array = arrays[name]
        if array is None or not _holds(array, where, values):
            yield f"{group}/{name}"


def _holds(array: "zarr.Array[Any]", where: tuple[slice, ...], expected: NDArray[Any]) -> bool:
    try:
        return same(np.asarray(array[where]), expected)
    except (ValueError, RuntimeError):  # a chunk that cannot be decoded: bit rot, or cut short by a power failure
        return False


def _open(path: Path, name: str) -> "zarr.Array[Any] | None":
    try:
        return zarr.open_array(path / name, mode="r")
    except (OSError, ValueError, KeyError, TypeError):
        return None
