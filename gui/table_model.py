"""Tables of a run as they grow: dense series, one row a cycle, spectra. What of them is drawn, as curves. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from gui.growing import Growing
from nanoprobe.events import Event, Recorded, RunStarted
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.roles import Array

MOST_ROWS = 200_000
"""Rows of single numbers kept for drawing; all are on disk."""
MOST_SPECTRA = 50
"""Rows of columns with an inner dimension kept for drawing."""
ROW = "row"
"""Stands for the number of the row as the horizontal axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says."""

    label: str
    unit: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn: `curves` are pairs of x and y (shape (n,) each), the latest last."""

    x: Axis
    y: Axis
    curves: tuple[tuple[Array, Array], ...] = ()


class LiveTable:
    """One table: how it began, and its latest rows."""

    def __init__(self, begin: TableBegin) -> None:
        self.begin = begin
        self.count = 0
        self._columns = {
            name: Growing(info.kind, self._inner(info), self.most(name)) for name, info in begin.columns.items()
        }

    def _inner(self, info: ColumnInfo) -> tuple[int, ...]:
        return tuple(len(self.begin.coords[dim][0]) for dim in info.dims)

    def most(self, column: str) -> int:
        """Return how many rows of a column are kept for drawing."""
        return MOST_SPECTRA if self.begin.columns[column].dims else MOST_ROWS

    def add(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Take further rows."""
        self.load(values, self.count + len(next(iter(values.values()))))

    def load(self, latest: Mapping[str, NDArray[Any]], count: int) -> None:
        """Take the `latest` rows of a table that has `count` of them."""
        for name, column in self._columns.items():
            column.add(latest[name])
        self.count = count

    @property
    def xs(self) -> tuple[str, ...]:
        """What may be the horizontal axis: the row, and columns of single numbers."""
        return (ROW, *(name for name, info in self.begin.columns.items() if not info.dims and info.kind != "c16"))

    @property
    def ys(self) -> tuple[str, ...]:
        """What may be drawn: every column with at most one inner dimension."""
        return tuple(name for name, info in self.begin.columns.items() if len(info.dims) <= 1)

    def default_x(self) -> str:
        """Return time where there is one, else what was measured first in the table, else the row."""
        known = [name for name in self.xs if name != ROW and self.begin.columns[name].unit == "s"]
        return known[0] if known else ROW

    def default_y(self) -> str:
        """Return the column most worth looking at: a spectrum, else a current or resistance, else the first that is not x."""
        columns = self.begin.columns
        spectra = [name for name in self.ys if columns[name].dims]
        units = [name for name in self.ys if columns[name].unit in ("A", "ohm")]
        others = [name for name in self.ys if name != self.default_x()]
        return next(iter((*spectra, *units, *others, *self.ys)), "")

    def plot(self, x: str, y: str) -> Plot:
        """Return `y` over `x`; a spectrum over its own axis, a complex one as minus its imaginary over its real part."""
        info = self.begin.columns[y]
        values = self._columns[y].rows
        if info.kind == "c16":
            rows = values if values.ndim > 1 else values[np.newaxis]
            axes = Axis(f"Re {y}", info.unit), Axis(f"−Im {y}", info.unit)
            return Plot(*axes, tuple((np.asarray(row.real), np.asarray(-row.imag)) for row in rows))
        if info.dims:
            axis, unit, _ = self.begin.coords[info.dims[0]]
            curves = tuple((np.asarray(axis), np.asarray(row, dtype=np.float64)) for row in values)
            return Plot(Axis(info.dims[0], unit), Axis(y, info.unit), curves)
        along, unit = self._along(x, len(values))
        return Plot(Axis(x, unit), Axis(y, info.unit), ((along, values.astype(np.float64)),))

    def _along(self, x: str, count: int) -> tuple[Array, str]:
        if x == ROW:
            return np.arange(self.count - count, self.count, dtype=np.float64), ""
        return self._columns[x].rows.astype(np.float64), self.begin.columns[x].unit


class TableModel:
    """The tables of a run. `changed`: there are more rows, or something else is drawn; `appeared`: the list of tables."""

    changed = Signal()
    appeared = Signal()

    def __init__(self) -> None:
        self.run: Path | None = None
        self.tables: dict[str, LiveTable] = {}
        self.shown = self.x = self.y = ""
        self.revision = 0

    # --- from the run

    def take(self, event: Event) -> None:
        """Take an event of the run."""
        if isinstance(event, RunStarted):
            self.clear(event.path)
        elif isinstance(event, Recorded) and isinstance(event.record, TableBegin):
            self.begin(event.record)
        elif isinstance(event, Recorded) and isinstance(event.record, TableRows) and event.record.table in self.tables:
            self.tables[event.record.table].add(event.record.values)
            self._touch()

    def begin(self, record: TableBegin) -> None:
        """Take that a table begins; said again by a resumed run it changes nothing."""
        if record.name in self.tables:
            return
        self.tables[record.name] = LiveTable(record)
        self.appeared.emit()
        if not self.shown:
            self.show(record.name)

    def clear(self, run: Path | None) -> None:
        """Start over for `run`."""
        self.run, self.tables = run, {}
        self.shown = self.x = self.y = ""
        self.appeared.emit()
        self._touch()

    def load(self, run: Path, tables: Mapping[str, LiveTable]) -> None:
        """Show the tables of a stored run."""
        self.clear(run)
        self.tables = dict(tables)
        self.appeared.emit()
        if tables:
            self.show(next(iter(tables)))

    def refresh(self, run: Path, tables: Mapping[str, LiveTable]) -> None:
        """Show what another process has added to the tables of a stored run; what is looked at stays."""
        shown = (self.shown, self.x, self.y)
        self.load(run, tables)
        self.show(*shown)

    # --- from the operator

    def show(self, table: str, x: str = "", y: str = "") -> None:
        """Draw column `y` over `x` of `table`; what is not said is chosen by what the table holds."""
        found = self.tables.get(table)
        if found is None:
            return
        self.shown = table
        self.x = x if x in found.xs else found.default_x()
        self.y = y if y in found.ys else found.default_y()
        self._touch()

    def _touch(self) -> None:
        self.revision += 1
        self.changed.emit()

    # --- for the view

    @property
    def table(self) -> LiveTable | None:
        """The table that is drawn."""
        return self.tables.get(self.shown)

    def plot(self) -> Plot | None:
        """Return what is drawn; None without a table."""
        return None if self.table is None or not self.y else self.table.plot(self.x, self.y)

    def text(self) -> str:
        """Return what is drawn as text: x and y of the latest curve, tab between; empty without one."""
        plot = self.plot()
        if plot is None or not plot.curves:
            return ""
        rows = (f"{x:.6g}\t{y:.6g}" for x, y in zip(*plot.curves[-1], strict=True))
        head = f"{plot.x.label} ({plot.x.unit or 1})\t{plot.y.label} ({plot.y.unit or 1})"
        return "\n".join([f"# {self.shown}", head, *rows])
