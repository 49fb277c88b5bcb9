"""Motor: the coarse positioner that carries the sample under the scanner and to the tip."""

import math

from sim_instruments.nanonis.codes import finite, on_off, one_of, positive
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.timeline import Session

STEP_PER_VOLT = 2e-9
"""Step size over drive amplitude (m/V)."""
AXES = 3
DIRECTIONS = 6
PLACE_RESOLUTION = 10e-9
"""Closed-loop moves end within this distance (m)."""
Vector = tuple[float, float, float]


class MotorMove:
    """A straight coarse move under way; an operation of the timeline."""

    def __init__(self, module: "Motor", target: Vector, speed: float, tick: float) -> None:
        self._module, self._target, self._reach = module, target, speed * tick
        self._tick, self.due = tick, module.controller.now + tick

    def step(self) -> None:
        """Go as far as the motor goes in a tick."""
        here = self._module.place
        left = math.dist(here, self._target)
        part = 1.0 if left <= self._reach else self._reach / left
        there = tuple(a + part * (b - a) for a, b in zip(here, self._target, strict=True))
        self._module.put(there if part < 1.0 else self._target)
        self.due += self._tick
        if part == 1.0:
            self._module.end()


class Motor(Module):
    """A three-axis stick-slip positioner, group 1 only. Z+ takes the sample away from the tip, Z- brings it closer."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._drive = [(1000.0, 50.0)] * AXES
        """Frequency (Hz) and amplitude (V) of each axis."""
        self._counters = [0, 0, 0]
        self._move: MotorMove | None = None

    # --- place
    @property
    def place(self) -> Vector:
        """Coarse position (m)."""
        coarse = self.controller.coarse
        return coarse.x, coarse.y, coarse.gap

    def put(self, place: tuple[float, ...]) -> None:
        """Put the positioner at `place` (m)."""
        coarse, z = self.controller.coarse, self.controller.z
        coarse.x, coarse.y, coarse.gap = place
        z.obey_limits()
        self.controller.motion.place(*self.controller.motion.position)

    def step_size(self, axis: int) -> float:
        """Return the step of an axis (m)."""
        return STEP_PER_VOLT * self._drive[axis][1]

    def speed(self, axis: int) -> float:
        """Return the speed of an axis (m/s)."""
        return self._drive[axis][0] * self.step_size(axis)

    # --- moves
    def start(self, target: Vector, speed: float) -> None:
        """Start a move to `target` (m) at `speed` (m/s)."""
        self.end()
        self._move = MotorMove(self, target, speed, self.controller.tap)
        self.controller.timeline.start(self._move)

    def end(self) -> None:
        """Stop where it is."""
        if self._move is not None:
            self.controller.timeline.stop(self._move)
            self._move = None

    @property
    def moving(self) -> bool:
        """Whether a move is under way."""
        return self._move is not None

    async def _wait(self, session: Session, wait: int) -> None:
        if wait:
            await session.until(lambda: self._move is None, math.inf)

    @command("Motor.StartMove", "I H I I", cost=Cost.SET)
    async def start_move(self, session: Session, direction: int, steps: int, group: int, wait: int) -> None:
        """Make `steps` in a direction 0 to 5 (X+ X- Y+ Y- Z+ Z-); wait for the end if asked."""
        axis, sign = divmod(one_of(direction, DIRECTIONS, "Direction"), 2)
        self._require_group(group)
        signed = -steps if sign else steps
        target = list(self.place)
        target[axis] += signed * self.step_size(axis)
        self._counters[axis] += signed
        self.start((target[0], target[1], target[2]), self.speed(axis))
        await self._wait(session, wait)

    @command("Motor.StartClosedLoop", "I d d d I I", cost=Cost.SET)
    async def start_closed_loop(
        self, session: Session, absolute: int, x: float, y: float, z: float, wait: int, group: int
    ) -> None:
        """Move to x, y, z (m), relative for `absolute` 0; wait for the end if asked."""
        self._require_group(group)
        wanted = (finite(x, "Target X"), finite(y, "Target Y"), finite(z, "Target Z"))
        if not on_off(absolute, "Absolute/relative"):
            wanted = (wanted[0] + self.place[0], wanted[1] + self.place[1], wanted[2] + self.place[2])
        if math.dist(wanted, self.place) > PLACE_RESOLUTION:
            self.start(wanted, min(self.speed(axis) for axis in range(AXES)))
            await self._wait(session, wait)

    @command("Motor.StopMove", cost=Cost.SET)
    def stop_move(self, _: Session) -> None:
        """Stop the move."""
        self.end()

    @command("Motor.PosGet", "I I", "d d d")
    def position(self, _: Session, group: int, timeout: int) -> Vector:
        """Return the coarse position (m)."""
        self._require_group(group)
        return self.place

    @command("Motor.StepCounterGet", "I I I", "i i i")
    def counters(self, _: Session, *reset: int) -> tuple[int, ...]:
        """Return the step counters, then set those to 0 that are told to."""
        counted = tuple(self._counters)
        self._counters = [0 if zero else count for zero, count in zip(reset, counted, strict=True)]
        return counted

    @command("Motor.FreqAmpSet", "f f H", cost=Cost.SET)
    def set_drive(self, _: Session, frequency: float, amplitude: float, axis: int) -> None:
        """Set frequency (Hz) and amplitude (V) of an axis: 0 all, 1 X, 2 Y, 3 Z."""
        drive = (positive(frequency, "Frequency"), positive(amplitude, "Amplitude"))
        one_of(axis, AXES + 1, "Axis")
        for number in range(AXES) if axis == 0 else (axis - 1,):
            self._drive[number] = drive

    @command("Motor.FreqAmpGet", "H", "f f")
    def drive(self, _: Session, axis: int) -> tuple[float, float]:
        """Return frequency (Hz) and amplitude (V) of an axis: 0 default, 1 X, 2 Y, 3 Z."""
        return self._drive[max(0, one_of(axis, AXES + 1, "Axis") - 1)]

    def _require_group(self, group: int) -> None:
        if group:
            raise CommandError(f"This motor has only group 0 (Group 1), not {group}")
