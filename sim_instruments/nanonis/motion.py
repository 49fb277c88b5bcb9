"""Where the scanner is, and moves from place to place at a set speed."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

SCAN_RANGE = 20e-6
"""Full range of X and Y (m), centred on 0."""
CONTACT_STEP = 20e-9
"""Longest step of a move with the tip on the sample, so that the contact sees the way (m)."""


def _nothing() -> None:
    """What most moves end with."""


class Move:
    """A straight move under way; an operation of the timeline."""

    def __init__(
        self,
        motion: "Motion",
        target: tuple[float, float],
        speed: float,
        started: float,
        arrived: Callable[[], None],
    ) -> None:
        self._motion = motion
        self.arrived = arrived
        self._origin, self.target = (motion.placed_x, motion.placed_y), motion.reached(target)
        target = self.target
        self.length = math.hypot(target[0] - self._origin[0], target[1] - self._origin[1])
        self.duration = self.length / speed
        self.speed, self.started = speed, started
        self.due = motion.next_step(self, started)

    @property
    def ends(self) -> float:
        """When the target is reached (s)."""
        return self.started + self.duration

    def at(self, t: float) -> tuple[float, float]:
        """Return the place (m) at time `t` (s)."""
        part = 1.0 if t >= self.ends or not self.duration else max(0.0, (t - self.started) / self.duration)
        (x0, y0), (x1, y1) = self._origin, self.target
        return (x1, y1) if part == 1.0 else (x0 + part * (x1 - x0), y0 + part * (y1 - y0))

    def step(self) -> None:
        """Put the scanner where it is due."""
        self._motion.travel(self)


class Motion:
    """Scanner position (m, scanner frame; the world's frame by `to_world`), moves and drift compensation."""

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self.placed_x = self.placed_y = 0.0
        self.compensation = (0.0, 0.0)
        """What drift compensation has added so far (m)."""
        self.tilt = (0.0, 0.0)
        """Slope of the scan plane along x and y (m/m)."""
        self.x_limits = self.y_limits = (-SCAN_RANGE / 2, SCAN_RANGE / 2)
        self.sample_period: Callable[[], float] = lambda: math.inf
        """How often somebody wants to see the move (s); the tip recorder replaces this."""
        self.on_step: Callable[[], None] = lambda: None
        self.reach = 1.0
        """The part of its way that a move comes."""
        self.move: Move | None = None
        """The move under way."""
        self.place(0.0, 0.0)

    # --- place
    def to_world(self, x: float, y: float) -> tuple[float, float]:
        """Return the world's coordinates (m) of scanner position x, y (m); works on arrays too."""
        coarse = self._controller.coarse
        return x + coarse.x + self.compensation[0], y + coarse.y + self.compensation[1]

    def place(self, x: float, y: float) -> None:
        """Put the scanner at x, y (m) at once. The scan calls it for each line, moves at each step."""
        if not self._controller_engaged:
            self._follow_tilt(x, y)
        self.placed_x, self.placed_y = x, y
        self._controller.world.place(*self.to_world(x, y))

    @property
    def _controller_engaged(self) -> bool:
        return self._controller.z.engaged

    def _follow_tilt(self, x: float, y: float) -> None:
        rise = self.tilt[0] * (x - self.placed_x) + self.tilt[1] * (y - self.placed_y)
        if rise:
            self._controller.z.shift(rise)

    def coerce(self, x: float, y: float) -> tuple[float, float]:
        """Return x, y (m) brought into the scanner's range."""
        (x_low, x_high), (y_low, y_high) = self.x_limits, self.y_limits
        return max(x_low, min(x_high, x)), max(y_low, min(y_high, y))

    def reached(self, target: tuple[float, float]) -> tuple[float, float]:
        """Return where a move to `target` (m) ends."""
        if self.reach == 1.0:
            return target
        x, y = self.placed_x, self.placed_y
        return x + self.reach * (target[0] - x), y + self.reach * (target[1] - y)

    @property
    def position(self) -> tuple[float, float]:
        """Scanner position now (m), also in the middle of a move."""
        if self.move is None:
            return self.placed_x, self.placed_y
        return self.move.at(self._controller.now)

    @property
    def x(self) -> float:
        """Scanner x now (m)."""
        return self.position[0]

    @property
    def y(self) -> float:
        """Scanner y now (m)."""
        return self.position[1]

    # --- moves
    @property
    def moving(self) -> bool:
        """Whether a move is under way."""
        return self.move is not None

    def start(self, x: float, y: float, speed: float, arrived: Callable[[], None] = _nothing) -> None:
        """Start a straight move to x, y (m, coerced to the range) at `speed` (m/s); one under way ends where it is.

        `arrived` is called when the tip is there, and never where the move is stopped before.
        """
        self.stop()
        self.move = Move(self, self.coerce(x, y), speed, self._controller.now, arrived)
        if self.move.length == 0.0:
            self.move = None
            arrived()
            return
        self._controller.timeline.start(self.move)
        self.on_step()

    def stop(self) -> None:
        """End the move where the tip is now."""
        if self.move is not None:
            position = self.position
            self._end()
            self.place(*position)

    def _end(self) -> None:
        if self.move is not None:
            self._controller.timeline.stop(self.move)
            self.move = None

    def next_step(self, move: Move, now: float) -> float:
        """Return when `move` takes its next step (s)."""
        longest = self.sample_period()
        if self._controller.world.tip.in_contact:
            longest = min(longest, CONTACT_STEP / move.speed)
        return min(move.ends, now + longest)

    def travel(self, move: Move) -> None:
        """Take the step of `move` that is due."""
        due = move.due
        self.place(*move.at(due))
        arrived = due >= move.ends
        if arrived:
            self._end()
        move.due = self.next_step(move, due)
        self.on_step()
        if arrived:
            move.arrived()
