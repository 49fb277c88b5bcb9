"""One image as the map shows it: its place, its lines as they come, and its bytes for drawing. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gui.colour_scales import ColourScale, Levelling, Limits, Plane, find_limits, fit_plane, prepared, stride, to_bytes
from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin
from nanoprobe.roles import ScanLine

DIRECTIONS = ("trace", "retrace")
_LOOK_AGAIN = 0.125
"""Share of new lines after which limits and plane are estimated anew."""


class MapFrame:
    """An image. `values[channel]`: float32, shape (2, lines, pixels), as far as they are `done` (bool, shape (lines,))."""

    def __init__(
        self,
        *,
        run: Path,
        index: int,
        frame: Frame,
        shape: tuple[int, int],
        units: Mapping[str, str],
        purpose: str,
        simulated: bool = False,
        stored: bool = True,
    ) -> None:
        self.run = run
        self.stored = stored
        """Whether channels can be read from the run on disk, rather than come line by line."""
        self.index = index
        self.frame = frame
        self.lines, self.pixels = shape
        self.units = dict(units)
        self.purpose = purpose
        self.simulated = simulated
        self.stamps = np.zeros(self.lines, dtype=np.int64)
        """The revision at which each line came; 0: not yet."""
        self.newest: int | None = None
        self.revision = 0
        self.values: dict[str, NDArray[np.float32]] = {}

    @classmethod
    def begun(cls, run: Path, begin: FrameBegin, simulated: bool) -> "MapFrame":
        """Return the empty image of a scan that begins."""
        plan = begin.plan
        return cls(
            run=run,
            index=begin.index,
            frame=plan.frame,
            shape=(plan.lines, plan.pixels),
            units=begin.units,
            purpose=begin.purpose,
            simulated=simulated,
            stored=False,
        )

    @property
    def channels(self) -> list[str]:
        """Channels with values, in the order of the scan."""
        return list(self.units)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which lines were measured, shape (lines,)."""
        return self.stamps > 0

    @property
    def title(self) -> str:
        """What a list shows."""
        return f"{self.run.stem} · {self.purpose} {self.index}"

    @property
    def beside(self) -> bool:
        """Whether it is a small image beside the points, taken to find them again."""
        return self.purpose in ("drift", "patch")

    def add(self, line: ScanLine) -> None:
        """Take a line. Lines that do not fit the plan are an error of the run and raise ValueError."""
        for channel, pair in line.values.items():
            if channel not in self.values:
                self.values[channel] = np.zeros((2, self.lines, self.pixels), dtype=np.float32)
                self.units.setdefault(channel, "")
            self.values[channel][:, line.index] = pair
        self.revision += 1
        self.stamps[line.index] = self.revision
        self.newest = line.index

    def fill(self, channel: str, values: NDArray[np.float32], done: NDArray[np.bool_]) -> None:
        """Take a whole channel (shape (2, lines, pixels)) of a stored run."""
        self.values[channel] = values
        self.revision += 1
        self.stamps = np.where(done, self.revision, 0)

    @property
    def held(self) -> int:
        """Number of values in memory."""
        return sum(values.size for values in self.values.values())

    def release(self) -> None:
        """Give the memory back; channels are read from the run when they are looked at again."""
        self.values.clear()
        self.stored = True

    def take_over(self, newer: "MapFrame") -> None:
        """Take what a later look at the same image found; other channels are read again when they are looked at."""
        self.values = dict(newer.values)
        self.revision += 1
        self.stamps = np.where(newer.done, self.revision, 0)

    def value_at(self, channel: str, direction: int, x: float, y: float) -> float:
        """Return the value under x, y (m); NaN outside or where not measured."""
        row, column = self.pixel(x, y)
        if channel not in self.values or not (0 <= row < self.lines and 0 <= column < self.pixels):
            return float("nan")
        return float(self.values[channel][direction, row, column]) if self.stamps[row] else float("nan")

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Return (row, column) of the pixel under x, y (m); may lie outside."""
        across, up = self.local(x, y)
        return int(np.floor(up * self.lines)), int(np.floor(across * self.pixels))

    def local(self, x: float, y: float) -> tuple[float, float]:
        """Return x, y (m) as shares 0..1 of the image's width and height, from its lower left corner."""
        frame = self.frame
        cos, sin = np.cos(frame.angle), np.sin(frame.angle)
        dx, dy = x - frame.x, y - frame.y
        across, up = cos * dx + sin * dy, -sin * dx + cos * dy
        return float(across / frame.width + 0.5), float(up / frame.height + 0.5)

    def profile(
        self, channel: str, direction: int, begin: tuple[float, float], end: tuple[float, float]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distance (m) and value along the line from `begin` to `end` (x, y in m), shape (n,) each."""
        length = float(np.hypot(end[0] - begin[0], end[1] - begin[1]))
        count = max(2, int(length / (self.frame.width / self.pixels)) + 1)
        share = np.linspace(0, 1, count)
        places = [(begin[0] + s * (end[0] - begin[0]), begin[1] + s * (end[1] - begin[1])) for s in share]
        return share * length, np.array([self.value_at(channel, direction, x, y) for x, y in places])


@dataclass(slots=True)
class _Basis:
    """What the bytes were made with."""

    limits: Limits
    plane: Plane
    lines: int


class Pixels:
    """The bytes of one channel and direction of an image, brought up to date line by line."""

    def __init__(self, frame: MapFrame, channel: str, direction: int, scale: ColourScale) -> None:
        self.frame, self.channel, self.direction, self.scale = frame, channel, direction, scale
        self.bytes = np.zeros((frame.lines, frame.pixels), dtype=np.uint8)
        self._made = np.zeros(frame.lines, dtype=np.int64)
        self._basis = _Basis(Limits(0.0, 1.0), Plane(), 0)
        self._revision = -1

    @property
    def limits(self) -> Limits:
        """What the first and the last colour stand for."""
        return self._basis.limits

    @property
    def plane(self) -> Plane:
        """What is taken out by plane levelling."""
        return self._basis.plane

    def update(self) -> bool:
        """Turn what is new into bytes; return whether anything changed."""
        if self._revision == self.frame.revision or self.channel not in self.frame.values:
            return False
        self._revision = self.frame.revision
        done = int(self.frame.done.sum())
        if done and (done - self._basis.lines >= _LOOK_AGAIN * done or done == self.frame.lines):
            self._look_again(done)
        self._make(np.flatnonzero(self.frame.stamps > self._made))
        return True

    def _look_again(self, done: int) -> None:
        limits, plane = self._estimate(np.flatnonzero(self.frame.done))
        whole = done == self.frame.lines  # the finished picture does not depend on how its lines came
        moved = whole or self.scale.levelling is Levelling.PLANE or not limits.near(self._basis.limits)
        if moved:
            self._made[:] = 0
        else:
            limits, plane = self._basis.limits, self._basis.plane
        self._basis = _Basis(limits, plane, done)

    def _estimate(self, rows: NDArray[np.intp]) -> tuple[Limits, Plane]:
        step = stride(len(rows), self.frame.pixels)
        rows, columns = rows[::step], np.arange(0, self.frame.pixels, step)
        values = self.frame.values[self.channel][self.direction][np.ix_(rows, columns)]
        plane = fit_plane(values, rows, columns) if self.scale.levelling is Levelling.PLANE else Plane()
        shown = prepared(values, rows, columns, self.scale, plane)
        return find_limits(shown, self.scale.low, self.scale.high), plane

    def _make(self, rows: NDArray[np.intp]) -> None:
        if not len(rows):
            return
        columns = np.arange(self.frame.pixels)
        lines = self.frame.values[self.channel][self.direction][rows]
        shown = prepared(lines, rows, columns, self.scale, self._basis.plane)
        self.bytes[rows] = to_bytes(shown, self._basis.limits)
        self._made[rows] = self.frame.stamps[rows]
