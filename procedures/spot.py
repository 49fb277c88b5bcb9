"""An experiment at one place: where it is, how the tip gets there without losing what it has grown, and how it is kept."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nanoprobe.records import ColumnInfo, PointBegin, PointLayout, PointState, RampDone, TableBegin, TableRows
from nanoprobe.roles import Array, TripWay
from nanoprobe.waveform import Runner
from procedures.base import BenchProcedure
from procedures.contact import FORCE_TOLERANCE
from procedures.inputs import number
from procedures.ramp_watch import RampWatch

SAME_PLACE = 1e-9
"""A tip this close (m) to its place stays in contact: lifting it would tear what has grown under it."""

LEAD_ERROR = 0.3
"""Relative uncertainty of what passes before the first sample."""
NOTHING = np.zeros(0)


class SpotProcedure(BenchProcedure):
    """A procedure at one place x, y (m); its samples go into tables, its scalars into the run's only point."""

    x = number("x", "m", 0.0, -1e-3, 1e-3, "place", "scanner x of the spot")
    y = number("y", "m", 0.0, -1e-3, 1e-3, "place", "scanner y of the spot")

    def place(self) -> tuple[float, float]:
        """Return where the experiment is (m)."""
        return self.x, self.y

    def touch(self) -> float:
        """Bring the tip to its place and into contact without bias, staying where it is already; return the force (N)."""
        probe, (x, y) = self.opened.probe, self.place()
        self.watch()
        self.opened.source.off()
        if probe.engaged() and math.dist(probe.position(), (x, y)) <= SAME_PLACE:
            force = probe.force()
            if abs(force - self.force) <= FORCE_TOLERANCE * self.force:
                return force
        return self.contact().go(x, y)

    def begin_spot(self) -> PointBegin:
        """Lay out the run's only point and say that it begins. What was begun before is begun once more."""
        x, y = self.place()
        if self.laid_points is None:
            self.emit("layout", PointLayout(np.array([x]), np.array([y]), 1))
        begin = PointBegin(index=0, x=x, y=y, attempt=2 if 0 in self.done_points else 1)
        self.emit("point", begin)
        return begin

    def end_spot(self, begin: PointBegin, values: Mapping[str, float], runner: Runner, reason: str = "") -> None:
        """Commit the point with its scalars (of `nanoprobe.records.POINT_VALUES`)."""
        way = TripWay.SOURCE_METER if runner is Runner.INSTRUMENT else TripWay.HOST
        series = {"time": NOTHING, "bias": NOTHING, "bias_source": NOTHING, "current": NOTHING}
        kept = {**values, "attempt": float(begin.attempt)}
        self.emit("ramp", RampDone(point=0, **series, values=kept, way=way.value, state=PointState.DONE, reason=reason))

    def begin_table(self, name: str, dim: str, columns: Mapping[str, ColumnInfo], meaning: str) -> None:
        """Begin a table of this run; said again when the run is resumed."""
        self.emit("table", TableBegin(name=name, dim=dim, columns=columns, meaning=meaning))

    def add_rows(self, table: str, values: Mapping[str, Any]) -> None:
        """Commit rows of a table; scalars are one row."""
        self.emit("rows", TableRows(table=table, values={name: np.atleast_1d(one) for name, one in values.items()}))

    def looking(self, runner: Runner) -> RampWatch:
        """Return what looks at force and current while a waveform is run by `runner`: not where the host samples itself."""
        way = TripWay.HOST if runner is Runner.HOST else TripWay.SOURCE_METER
        return RampWatch(self.opened, self.contact(), self.watch, way)


class Integral:
    """An integral over samples that come in parts, by the trapezoid rule, `offset` taken off.

    What came between output on (time 0) and the first sample is taken to be as large as that one; `error` says how far
    that may be wrong.
    """

    def __init__(self, offset: float) -> None:
        self._offset = offset
        self._last: tuple[float, float] | None = None
        self.total = 0.0
        self.error = 0.0

    def add(self, time: Array, values: Array) -> Array:
        """Take samples (s, any unit; NaN beyond the range counts as none) and return the integral up to each, shape (n,)."""
        true = np.nan_to_num(values - self._offset)
        if self._last is None:
            self._last = (0.0, float(true[0]))
            self.error = LEAD_ERROR * abs(float(true[0])) * float(time[0])
        time, true = np.append(self._last[0], time), np.append(self._last[1], true)
        running = np.asarray(self.total + np.cumsum(np.diff(time) * (true[1:] + true[:-1]) / 2))
        self._last, self.total = (float(time[-1]), float(true[-1])), float(running[-1])
        return running
