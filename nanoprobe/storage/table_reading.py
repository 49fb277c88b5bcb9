"""Tables read lazily: from the journal while there is one, from their segments once the run is sealed."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from nanoprobe.storage.journal_values import rows_block
from nanoprobe.storage.layout import table_segment
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.table_entry import Block, TableEntry

Read = Callable[[int, int], NDArray[Any]]


class RowsArray(BackendArray):
    """An array along rows that is read a span at a time: `read(first, last)` returns its rows, last excluded."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], read: Read) -> None:
        self.shape = shape
        self.dtype = dtype
        self._read = read

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._get)

    def _get(self, key: tuple[int | slice, ...]) -> NDArray[Any]:
        where, rest = key[0], key[1:]
        if not isinstance(where, slice):
            return np.asarray(self._read(int(where), int(where) + 1)[0][rest])
        rows = range(self.shape[0])[where]
        first, last = (min(rows), max(rows) + 1) if rows else (0, 0)
        picked = np.asarray(rows, dtype=np.intp) - first
        return np.asarray(self._read(first, last)[picked][(slice(None), *rest)])


class JournalRows:
    """The rows of a table in the journal; the span asked for last is kept, since columns are asked for one by one."""

    def __init__(self, entry: TableEntry, journal: JournalReader) -> None:
        self._entry = entry
        self._journal = journal
        self._last: tuple[int, int, Block] | None = None

    def column(self, name: str) -> Read:
        """Return what reads the rows of column `name`."""
        return lambda first, last: self._block(first, last)[name]

    def _block(self, first: int, last: int) -> Block:
        if self._last is None or self._last[:2] != (first, last):
            self._last = (first, last, rows_block(self._entry, self._journal, first, last))
        return self._last[2]


def journal_table(entry: TableEntry, journal: JournalReader) -> xr.Dataset:
    """Return a table as its rows stand in the journal."""
    spec, rows, axes = table_segment(entry.begin, 0, entry.rows), JournalRows(entry, journal), entry.axes()
    variables = {}
    for array in spec.arrays:
        if array.name in axes:
            variables[array.name] = xr.Variable(array.dims, axes[array.name], dict(array.attrs))
            continue
        lazy = RowsArray(spec.shape(array), np.dtype(array.kind), rows.column(array.name))
        variables[array.name] = _lazy(array.dims, lazy, array.attrs)
    return xr.Dataset(variables, attrs=_attrs(spec.attrs))


def sealed_tables(path: Path) -> dict[str, xr.Dataset]:
    """Return the tables of a run whose arrays are complete, by name."""
    return tables_in([place.parent.relative_to(path).as_posix() for place in path.glob("*/*/zarr.json")], str(path))


def tables_in(groups: Iterable[str], address: str) -> dict[str, xr.Dataset]:
    """Return the tables among `groups` ("NAME/0", "NAME/1"…, others too) of the complete run at `address`, by name."""
    segments: dict[str, int] = {}
    for name, _, number in (group.partition("/") for group in groups):
        if number.isdecimal():
            segments[name] = segments.get(name, 0) + 1
    found = {}
    for name, number_of_segments in sorted(segments.items()):
        first: xr.Dataset = xr.open_zarr(address, group=f"{name}/0", consolidated=True, chunks=None)
        if first.attrs.get("table") == name:
            found[name] = _joined(address, first, number_of_segments)
    return found


def _joined(address: str, first: xr.Dataset, number: int) -> xr.Dataset:
    """Return the segments of a table behind one another."""
    name, dim = str(first.attrs["table"]), str(first.attrs["dim"])
    further = (f"{name}/{place}" for place in range(1, number))
    segments = [first, *(xr.open_zarr(address, group=one, consolidated=True, chunks=None) for one in further)]
    ends = np.cumsum([segment.sizes[dim] for segment in segments])
    variables = {}
    for column, variable in first.variables.items():
        if dim in variable.dims:
            shape = (int(ends[-1]), *variable.shape[1:])
            lazy = RowsArray(shape, variable.dtype, _segments_column(segments, ends, dim, str(column)))
            variables[column] = _lazy(variable.dims, lazy, variable.attrs)
        else:
            variables[column] = variable
    return xr.Dataset(variables, attrs=_attrs(first.attrs))


def _segments_column(segments: list[xr.Dataset], ends: NDArray[np.int64], dim: str, name: str) -> Read:
    def read(first: int, last: int) -> NDArray[Any]:
        parts = []
        for segment, end in zip(segments, ends.tolist(), strict=True):
            start = end - segment.sizes[dim]
            if (start < last and first < end) or first == last:
                span = slice(max(0, first - start), max(0, min(last, end) - start))
                parts.append(segment[name].isel({dim: span}).values)
        return np.concatenate(parts)

    return read


def _lazy(dims: Any, values: RowsArray, attrs: Mapping[Any, Any]) -> xr.Variable:
    return xr.Variable(dims, indexing.LazilyIndexedArray(values), dict(attrs))


def _attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attrs.items() if name != "first_row"}
