"""One table of unplanned length: how it was begun, where in the journal its rows stand, and which rows fit it."""

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.errors import BadInput
from nanoprobe.records import TableBegin, TableRows
from nanoprobe.storage.layout import table_segment

RESERVED = ("points", "ramps", "frames", "checks", "events", "journal")
"""Names of a run's other groups."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KINDS = ("f8", "c16", "i4", "u1")

Block = dict[str, NDArray[Any]]


@dataclass(slots=True)
class TableEntry:
    """Bookkeeping of one table: 16 bytes a record. `offsets`, `starts`: of each `TableRows`, and its first row."""

    begin: TableBegin
    rows: int = 0
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    starts: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, offset: int, record: TableRows) -> None:
        """Take in rows that stand at `offset` of the journal."""
        self.offsets.append(offset)
        self.starts.append(self.rows)
        self.rows += count(record)

    def axes(self) -> Block:
        """Return the inner coordinates."""
        return {dim: np.asarray(values, dtype=np.float64) for dim, (values, _, _) in self.begin.coords.items()}


def blank(begin: TableBegin, rows: int) -> Block:
    """Return every column with `rows` rows and nothing stored yet."""
    spec = table_segment(begin, 0, rows)
    return {array.name: array.blank(spec.shape(array)) for array in spec.arrays if array.name in begin.columns}


def put(block: Block, record: TableRows, at: int) -> None:
    """Copy the rows of `record` to row `at` of `block`, as far as they lie in it."""
    for name, column in block.items():
        values = record.values[name][max(0, -at) : max(0, len(column) - at)]
        place = max(0, at)
        column[place : place + len(values)] = values


def count(record: TableRows) -> int:
    """Return how many rows a record has."""
    return len(next(iter(record.values.values())))


def same_table(left: TableBegin, right: TableBegin) -> bool:
    """Say whether two tables were begun in the same words."""
    return (
        (left.name, left.dim, left.meaning) == (right.name, right.dim, right.meaning)
        and list(left.columns.items()) == list(right.columns.items())
        and left.coords.keys() == right.coords.keys()
        and all(
            left.coords[dim][1:] == right.coords[dim][1:] and np.array_equal(left.coords[dim][0], right.coords[dim][0])
            for dim in left.coords
        )
    )


def check_begin(record: TableBegin, known: Mapping[str, TableEntry]) -> None:
    """Raise BadInput for a table that cannot be stored, or was begun in other words."""
    names = (record.name, record.dim, *record.columns, *record.coords)
    for name in names:
        if not _NAME.fullmatch(name):
            raise BadInput(f"table {record.name!r}: the name {name!r} must be letters, digits and underscores")
    if record.name in RESERVED:
        raise BadInput(f"a table cannot be called {record.name!r}: this group of a run has another meaning")
    if not record.columns:
        raise BadInput(f"table {record.name!r} needs at least one column")
    _check_columns(record)
    if record.name in known and not same_table(known[record.name].begin, record):
        raise BadInput(f"table {record.name!r} was begun in other words: it needs the columns and axes it began with")


def _check_columns(record: TableBegin) -> None:
    for name, info in record.columns.items():
        missing = [dim for dim in info.dims if dim not in record.coords]
        if missing:
            raise BadInput(f"table {record.name!r}: column {name!r} lies along {missing[0]!r}, which has no axis")
        if info.kind not in _KINDS:
            raise BadInput(f"table {record.name!r}: column {name!r} of kind {info.kind!r}; known are {_KINDS}")
    for dim, (values, _, _) in record.coords.items():
        if np.ndim(values) != 1 or len(values) == 0 or dim == record.dim or dim in record.columns:
            raise BadInput(f"table {record.name!r}: axis {dim!r} needs a name of its own and at least one value")


def check_rows(record: TableRows, known: Mapping[str, TableEntry]) -> None:
    """Raise BadInput for rows that do not fit their table."""
    entry = known.get(record.table)
    if entry is None:
        raise BadInput(f"rows of table {record.table!r} came before the table was begun")
    begin = entry.begin
    if record.values.keys() != begin.columns.keys():
        raise BadInput(
            f"rows of table {begin.name!r} need the columns {list(begin.columns)}; got {list(record.values)}"
        )
    rows = {np.shape(values)[:1] for values in record.values.values()}
    if len(rows) != 1 or rows == {()}:
        raise BadInput(f"rows of table {begin.name!r} need one number of rows in all columns; got {sorted(rows)}")
    for name, info in begin.columns.items():
        inner = tuple(len(begin.coords[dim][0]) for dim in info.dims)
        values = np.asarray(record.values[name])
        if values.shape[1:] != inner:
            raise BadInput(f"rows of table {begin.name!r}: column {name!r} needs {inner} a row, got {values.shape[1:]}")
        if not _fits(values, np.dtype(info.kind)):
            raise BadInput(
                f"rows of table {begin.name!r}: column {name!r} is {info.kind}, got {values.dtype} beyond it"
            )


def _fits(values: NDArray[Any], kind: np.dtype[Any]) -> bool:
    """Say whether every value can be kept as `kind` without being wrapped or cut."""
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return values.dtype.kind in "iub" and bool(np.all((values >= limits.min) & (values <= limits.max)))
    return values.dtype.kind in ("iubfc" if kind.kind == "c" else "iubf")
