"""A scan under way: the tip's way over the frame, line by line, and what is recorded on it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sim_instruments.nanonis.acquisition import line_signals
from sim_instruments.nanonis.routine import Interrupted, Steps
from sim_instruments.nanonis.scan_buffer import BACKWARD, FORWARD, ScanBuffer
from sim_instruments.nanonis.scan_frame import Floats, Raster, Speed

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller


class Movement(IntEnum):
    """What has just ended, as Scan.WaitEndOfLine numbers it."""

    FORWARD = 0
    BACKWARD = 1
    TO_CENTRE = 2
    TO_START = 3


@dataclass(frozen=True)
class LineEnd:
    """End of a movement. Lines count from 1 in the order they are scanned; -1, pass 0 for moves that record nothing."""

    line: int
    movement: Movement
    scan_pass: int


class Progress(Protocol):
    """What a raster asks of, and tells, the scan module."""

    speed: Speed
    frozen: bool
    """Whether the slow axis stands still: the same line is scanned again and again."""
    paused: bool

    def line_ended(self, end: LineEnd) -> None:
        """Take note of the end of a movement."""

    def frame_ended(self, complete: bool) -> bool:
        """Take note of the end of the frame; return whether to scan it again (in the buffer's direction)."""


@dataclass(frozen=True)
class Leg:
    """A straight way at even speed; times in s, places in m."""

    start: tuple[float, float]
    end: tuple[float, float]
    started: float
    duration: float

    def at(self, t: float) -> tuple[float, float]:
        """Return the place at time `t`."""
        part = min(max((t - self.started) / self.duration, 0.0), 1.0)
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + part * (x1 - x0), y0 + part * (y1 - y0)


class RasterScan:
    """The way over one frame, as a routine. It owns the scanner as long as it is not paused."""

    def __init__(self, controller: "Controller", raster: Raster, buffer: ScanBuffer, progress: Progress) -> None:
        self._controller = controller
        self._raster = raster
        self._buffer = buffer
        self._progress = progress
        self._leg: Leg | None = None

    @property
    def position(self) -> tuple[float, float]:
        """Scanner place now (m)."""
        return self._leg.at(self._controller.now) if self._leg else self._controller.motion.position

    def steps(self) -> Steps:
        """Scan frame after frame until the module wants no more; yields waiting times (s)."""
        try:
            while True:
                yield from self._to_start()
                yield from self._lines()
                if not self._progress.frame_ended(complete=True):
                    return
        except Interrupted:
            self._controller.motion.place(*self.position)
            self._progress.frame_ended(complete=False)
        finally:
            self._leg = None

    def _row(self, line: int) -> int:
        return self._raster.lines - 1 - line if self._buffer.upwards else line

    def _to_start(self) -> Steps:
        x, y = self._edges(self._row(0))[0]
        speed = self._progress.speed.linear(self._raster.frame.width)[0]
        yield from travel(self._controller, x, y, speed)
        self._progress.line_ended(LineEnd(-1, Movement.TO_START, 0))

    def _lines(self) -> Steps:
        line = 0
        while line < self._raster.lines:
            yield from self._both_ways(line)
            line += not self._progress.frozen
            if self._progress.paused:
                self._leg = None
                yield math.inf

    def _edges(self, row: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the two ends (m) of a row, left and right."""
        half, v = self._raster.frame.width / 2, (0.5 - (row + 0.5) / self._raster.lines) * self._raster.frame.height
        left, right = self._raster.frame.place(-half, v), self._raster.frame.place(half, v)
        return (float(left[0]), float(left[1])), (float(right[0]), float(right[1]))

    def _both_ways(self, line: int) -> Steps:
        row = self._row(line)
        left, right = self._edges(row)
        x, y = self._raster.row(row)
        speed = self._progress.speed
        yield from self._sweep(Leg(left, right, self._controller.now, speed.forward_time))
        self._record(row, FORWARD, x, y)
        self._progress.line_ended(LineEnd(line + 1, Movement.FORWARD, 1))
        yield from self._sweep(Leg(right, left, self._controller.now, speed.backward_time))
        self._record(row, BACKWARD, x[::-1], y[::-1])
        self._progress.line_ended(LineEnd(line + 1, Movement.BACKWARD, 1))

    def _sweep(self, leg: Leg) -> Steps:
        self._controller.motion.place(*leg.start)
        self._leg = leg
        yield leg.duration

    def _record(self, row: int, direction: int, x: Floats, y: Floats) -> None:
        """Store the leg that has just ended; x, y (m) are its pixels in the order of time."""
        assert self._leg is not None
        pixels = len(x)
        t = self._leg.started + (np.arange(pixels, dtype=np.float64) + 0.5) * (self._leg.duration / pixels)
        signals = line_signals(self._controller, self._buffer.channels, x, y, t)
        order = slice(None) if direction == FORWARD else slice(None, None, -1)
        self._buffer.record(row, direction, {index: values[order] for index, values in signals.items()})
        self._controller.motion.place(*self._leg.end)


def travel(controller: "Controller", x: float, y: float, speed: float) -> Steps:
    """Move the scanner straight to x, y (m) at `speed` (m/s)."""
    motion = controller.motion
    motion.stop()
    x, y = motion.coerce(x, y)
    distance = math.hypot(x - motion.placed_x, y - motion.placed_y)
    motion.start(x, y, speed)
    yield distance / speed
    motion.stop()
    motion.place(x, y)


def to_centre(controller: "Controller", raster: Raster, speed: float, arrived: Callable[[LineEnd], None]) -> Steps:
    """Move the scanner to the frame's centre at `speed` (m/s)."""
    try:
        yield from travel(controller, raster.frame.x, raster.frame.y, speed)
        arrived(LineEnd(-1, Movement.TO_CENTRE, 0))
    except Interrupted:
        controller.motion.stop()
