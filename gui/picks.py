"""Places picked on the map: points, lines of points, a frame with a grid. With undo, and as parameters of a plan. No Qt."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from psygnal import Signal

from nanoprobe.geometry import Frame, grid
from nanoprobe.roles import Array

Place = tuple[float, float]
MOST_REMEMBERED = 200
"""Steps that can be undone."""


class PickKind(StrEnum):
    """What the picks of the moment say."""

    NONE = "none"
    POINTS = "points"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class PlanPatch:
    """Parameter names and values that picks stand for; a procedure takes those whose names it has. `text`: for people."""

    values: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PickSet:
    """`points` (x, y in m, in the order picked); `frame`, and `columns` by `rows` of grid nodes in it."""

    points: tuple[Place, ...] = ()
    frame: Frame | None = None
    columns: int = 10
    rows: int = 10

    @property
    def kind(self) -> PickKind:
        """Points go before a frame: picking one says what is meant."""
        if self.points:
            return PickKind.POINTS
        return PickKind.NONE if self.frame is None else PickKind.FRAME

    @property
    def pitch(self) -> float:
        """Distance between the nodes of the grid (m); 0 without a frame."""
        return 0.0 if self.frame is None else self.frame.width / max(self.columns, self.rows)

    def nodes(self) -> Array:
        """Return the nodes of the grid (m, shape (n, 2)), square cells centred in the frame."""
        if self.frame is None:
            return np.empty((0, 2))
        width, height = self.columns * self.pitch, self.rows * self.pitch
        return grid(replace(self.frame, width=width, height=height), self.columns, self.rows)

    def patch(self) -> PlanPatch:
        """Return the picks as parameters."""
        if self.kind is PickKind.POINTS:
            x, y = self.points[-1]
            return PlanPatch(
                {"points": [list(place) for place in self.points], "x": x, "y": y}, f"{len(self.points)} points"
            )
        if self.frame is None:
            return PlanPatch({"points": []}, "no picks")
        frame = self.frame
        return PlanPatch(
            {
                "x": frame.x,
                "y": frame.y,
                "size": frame.width,
                "centre_x": frame.x,
                "centre_y": frame.y,
                "angle": frame.angle,
                "nx": self.columns,
                "ny": self.rows,
                "pitch": self.pitch,
                "points": [],
            },
            f"frame of {frame.width * 1e6:.3g} µm, {self.columns} x {self.rows} nodes",
        )


def _plain(frame: Frame) -> Frame:
    """Return `frame` in Python's own numbers, as plans and forms compare and write them."""
    return Frame(**{name: float(value) for name, value in asdict(frame).items()})


class Picks:
    """The picks of the moment and the way back. `changed` carries the new PickSet."""

    changed = Signal(PickSet)

    def __init__(self) -> None:
        self.now = PickSet()
        self._past: list[PickSet] = []
        self._future: list[PickSet] = []

    def add_point(self, x: float, y: float) -> None:
        """Add a point (m)."""
        self._go(replace(self.now, points=(*self.now.points, (float(x), float(y)))))

    def add_line(self, begin: Place, end: Place, count: int) -> None:
        """Add `count` points from `begin` to `end` (m), both ends included."""
        share = np.linspace(0, 1, count) if count > 1 else np.array([0.5])
        made = [(begin[0] + s * (end[0] - begin[0]), begin[1] + s * (end[1] - begin[1])) for s in share.tolist()]
        self._go(replace(self.now, points=(*self.now.points, *made)))

    def move_point(self, index: int, x: float, y: float) -> None:
        """Put point `index` at x, y (m)."""
        points = list(self.now.points)
        points[index] = (float(x), float(y))
        self._go(replace(self.now, points=tuple(points)))

    def remove_point(self, index: int) -> None:
        """Take point `index` away."""
        points = self.now.points
        self._go(replace(self.now, points=points[:index] + points[index + 1 :]))

    def remove_last(self) -> None:
        """Take the point picked last away; nothing without one."""
        if self.now.points:
            self.remove_point(len(self.now.points) - 1)

    def set_frame(self, frame: Frame | None) -> None:
        """Put the frame where it was dragged to, turned or sized; it then says where, so points go."""
        self._go(replace(self.now, frame=None if frame is None else _plain(frame), points=()))

    def set_grid(self, columns: int, rows: int) -> None:
        """Set the grid in the frame."""
        self._go(replace(self.now, columns=columns, rows=rows))

    def take_points(self, points: Array) -> None:
        """Replace the points (m, shape (n, 2))."""
        self._go(replace(self.now, points=tuple((float(x), float(y)) for x, y in points)))

    def clear(self) -> None:
        """Take everything away."""
        self._go(PickSet(columns=self.now.columns, rows=self.now.rows))

    def nearest(self, x: float, y: float, within: float) -> int | None:
        """Return the point nearest to x, y and not farther than `within` (m)."""
        if not self.now.points:
            return None
        away = np.hypot(*(np.array(self.now.points) - [x, y]).T)
        index = int(np.argmin(away))
        return index if away[index] <= within else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return bool(self._future)

    def undo(self) -> None:
        """Take the last step back; nothing without one."""
        if self._past:
            self._future.append(self.now)
            self._show(self._past.pop())

    def redo(self) -> None:
        """Take the step again that was taken back; nothing without one."""
        if self._future:
            self._past.append(self.now)
            self._show(self._future.pop())

    def _go(self, new: PickSet) -> None:
        if new == self.now:
            return
        self._past = [*self._past[-(MOST_REMEMBERED - 1) :], self.now]
        self._future.clear()
        self._show(new)

    def _show(self, new: PickSet) -> None:
        self.now = new
        self.changed.emit(new)
