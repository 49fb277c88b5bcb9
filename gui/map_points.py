"""The points of a run as the map shows them: where, how far, and at which bias they triggered. No Qt."""

import numpy as np
from numpy.typing import NDArray

from nanoprobe.records import PointBegin, PointLayout, PointState, RampDone
from nanoprobe.roles import Array
from nanoprobe.storage import Run
from nanoprobe.units import si


class MapPoints:
    """Arrays of shape (points,): `x`, `y` m as planned, later as ramped; `drift` m, shape (points, 2); `state`;
    `voltage` V (bias of the trigger, else the largest bias reached without one, NaN before the ramp); `triggered`."""

    def __init__(self) -> None:
        self.x = self.y = self.voltage = np.empty(0)
        self.drift = np.empty((0, 2))
        self.state = np.empty(0, dtype=np.int8)
        self.triggered = np.empty(0, dtype=bool)
        self.shape: tuple[int, int] | None = None
        self.revision = 0

    def __len__(self) -> int:
        return len(self.x)

    def lay_out(self, layout: PointLayout) -> None:
        """Take the points to come."""
        self.x, self.y = np.array(layout.x, dtype=np.float64), np.array(layout.y, dtype=np.float64)
        self._blank(len(self.x))
        self.shape = layout.shape

    def place(self, places: Array) -> None:
        """Take points at these places (m, shape (n, 2)) of which nothing else is known."""
        self.x, self.y = places.T
        self._blank(len(places))

    def _blank(self, count: int) -> None:
        self.drift = np.zeros((count, 2))
        self.voltage = np.full(count, np.nan)
        self.state = np.full(count, PointState.PLANNED, dtype=np.int8)
        self.triggered = np.zeros(count, dtype=bool)
        self.revision += 1

    def begin(self, point: PointBegin) -> None:
        """Take that a ramp begins."""
        if point.index < len(self):
            self.x[point.index], self.y[point.index] = point.x, point.y
            self.drift[point.index] = point.drift_x, point.drift_y
            self.state[point.index] = PointState.BEGUN
            self.revision += 1

    def finish(self, ramp: RampDone) -> None:
        """Take a verdict."""
        if ramp.point < len(self):
            values = ramp.values
            self.state[ramp.point] = ramp.state
            self.triggered[ramp.point] = values.get("triggered", 0.0) == 1
            self.voltage[ramp.point] = _voltage(
                values.get("trigger_first_above", np.nan), values.get("censored_at", np.nan)
            )
            self.revision += 1

    def load(self, run: Run) -> None:
        """Take the points of a stored run."""
        points = run.points
        names = set(points.variables)
        self.x, self.y = (np.array(points[name].values, dtype=np.float64) for name in ("x", "y"))
        self._blank(len(self.x))
        if not len(self):
            return
        self.state = np.array(points["state"].values, dtype=np.int8)
        above, censored = (
            points[name].values if name in names else np.full(len(self), np.nan)
            for name in ("trigger_first_above", "censored_at")
        )
        self.voltage = np.where(np.isfinite(above), above, censored)
        self.triggered = np.isfinite(above)
        if {"drift_x", "drift_y"} <= names:
            self.drift = np.nan_to_num(np.column_stack([points["drift_x"].values, points["drift_y"].values]))

    def places(self, without_drift: bool) -> Array:
        """Return where to draw them (m, shape (n, 2)): on the map they were picked on, or as the scanner went."""
        places = np.column_stack([self.x, self.y])
        return places - self.drift if without_drift else places

    def nearest(self, x: float, y: float, within: float, without_drift: bool) -> int | None:
        """Return the point nearest to x, y and not farther than `within` (m)."""
        if not len(self):
            return None
        away = np.hypot(*(self.places(without_drift) - [x, y]).T)
        index = int(np.argmin(away))
        return index if away[index] <= within else None

    @property
    def first_ramped(self) -> int | None:
        """The first point with a ramp; None without one."""
        ramped = np.flatnonzero(self.state != PointState.PLANNED)
        return int(ramped[0]) if len(ramped) else None

    @property
    def last_ramped(self) -> int | None:
        """The last point with a ramp, in the order of the points; None without one."""
        ramped = np.flatnonzero(self.state != PointState.PLANNED)
        return int(ramped[-1]) if len(ramped) else None

    def counts(self) -> dict[str, int]:
        """Return how many points are in which case."""
        done = self.state == PointState.DONE
        return {
            "planned": len(self),
            "triggered": int((done & self.triggered).sum()),
            "censored": int((done & ~self.triggered).sum()),
            "failed": int((self.state == PointState.FAILED).sum()),
        }

    def describe(self, index: int) -> str:
        """Say in one line what is known of a point."""
        place = f"point {index} at {si(float(self.x[index]), 'm')}, {si(float(self.y[index]), 'm')}"
        state = PointState(int(self.state[index]))
        if state is not PointState.DONE:
            return f"{place}: {state.name.lower()}"
        volts = si(float(self.voltage[index]), "V")
        return f"{place}: triggered at {volts}" if self.triggered[index] else f"{place}: no trigger up to {volts}"

    def mask(self, case: str) -> NDArray[np.bool_]:
        """Return which points are in `case`: planned, begun, triggered, censored, failed, interrupted."""
        done = self.state == PointState.DONE
        if case == "triggered":
            return np.asarray(done & self.triggered)
        if case == "censored":
            return np.asarray(done & ~self.triggered)
        return np.asarray(self.state == PointState[case.upper()])


def _voltage(trigger: float, censored: float) -> float:
    return trigger if np.isfinite(trigger) else censored
