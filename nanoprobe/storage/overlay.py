"""Datasets of a run straight from its journal: what the arrays will say once they have caught up, read lazily."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from nanoprobe.storage.journal_values import line_values, ramp_samples
from nanoprobe.storage.kinds import SERIES
from nanoprobe.storage.layout import (
    GroupSpec,
    checks_group,
    events_group,
    frame_axes,
    frame_group,
    points_group,
    ramps_group,
)
from nanoprobe.storage.ledger import FrameEntry, Ledger
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.tables import checks_table, events_table, line_states

Fetch = Callable[[int], NDArray[Any] | None]


class RowArray(BackendArray):
    """An array whose rows along `axis` are fetched one by one when asked for; a row that is None reads as NaN.

    A fetched row has the array's shape without `axis`; its last axis may be shorter (NaN behind).
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], axis: int, fetch: Fetch) -> None:
        self.shape = shape
        self.dtype = dtype
        self._axis = axis
        self._fetch = fetch

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._get)

    def _get(self, key: tuple[int | slice, ...]) -> NDArray[Any]:
        where = key[self._axis]
        rest = (*key[: self._axis], *key[self._axis + 1 :])
        if not isinstance(where, slice):
            return np.asarray(self._row(int(where))[rest])
        rows = [self._row(row)[rest] for row in range(self.shape[self._axis])[where]]
        position = sum(isinstance(part, slice) for part in key[: self._axis])
        return np.stack(rows, axis=position) if rows else np.empty(self._shape(key), dtype=self.dtype)

    def _row(self, row: int) -> NDArray[Any]:
        full = np.full((*self.shape[: self._axis], *self.shape[self._axis + 1 :]), np.nan, dtype=self.dtype)
        values = self._fetch(row)
        if values is not None:
            full[..., : values.shape[-1]] = values
        return full

    def _shape(self, key: tuple[int | slice, ...]) -> tuple[int, ...]:
        return tuple(
            len(range(size)[part]) for size, part in zip(self.shape, key, strict=True) if isinstance(part, slice)
        )


def dataset(spec: GroupSpec, values: Mapping[str, Any]) -> xr.Dataset:
    """Return a group as xarray opens it, from its layout and the values of its arrays."""
    variables = {}
    for array in spec.arrays:
        data = values[array.name]
        lazy = indexing.LazilyIndexedArray(data) if isinstance(data, RowArray) else data
        variables[array.name] = xr.Variable(array.dims, lazy, dict(array.attrs))
    return xr.decode_cf(xr.Dataset(variables, attrs=dict(spec.attrs)))


def points_dataset(ledger: Ledger) -> xr.Dataset:
    """Return group `points`."""
    return dataset(points_group(ledger.layout), {name: column.copy() for name, column in ledger.table.items()})


def ramps_dataset(ledger: Ledger, journal: JournalReader | None) -> xr.Dataset:
    """Return group `ramps`; samples are read from the journal when asked for."""
    spec = ramps_group(ledger.layout, ledger.longest)
    shape = (spec.sizes["point"], spec.sizes["sample"])
    values: dict[str, Any] = {"n_samples": ledger.lengths.copy()}
    for name in SERIES:
        values[name] = RowArray(shape, np.dtype(np.float64), 0, _ramp_fetch(ledger, journal, name))
    return dataset(spec, values)


def _ramp_fetch(ledger: Ledger, journal: JournalReader | None, name: str) -> Fetch:
    def fetch(point: int) -> NDArray[Any] | None:
        return None if journal is None else ramp_samples(ledger, journal, point)[name]

    return fetch


def frame_dataset(entry: FrameEntry, journal: JournalReader) -> xr.Dataset:
    """Return group `frames/N`; lines are read from the journal when asked for."""
    plan = entry.begin.plan
    values: dict[str, Any] = {**dict(frame_axes(entry.begin)), "line_state": line_states(entry)}
    for name in plan.channels:
        shape = (2, plan.lines, plan.pixels)
        values[name] = RowArray(shape, np.dtype(np.float32), 1, _line_fetch(entry, journal, name))
    return dataset(frame_group(entry.begin), values)


def _line_fetch(entry: FrameEntry, journal: JournalReader, name: str) -> Fetch:
    def fetch(line: int) -> NDArray[Any] | None:
        return None if line not in entry.lines else line_values(entry, journal, line)[name]

    return fetch


def checks_dataset(ledger: Ledger) -> xr.Dataset:
    """Return group `checks`."""
    return dataset(checks_group(len(ledger.checks)), checks_table(ledger))


def events_dataset(ledger: Ledger) -> xr.Dataset:
    """Return group `events`."""
    return dataset(events_group(len(ledger.events)), events_table(ledger))
