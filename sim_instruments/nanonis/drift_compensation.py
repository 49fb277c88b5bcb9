"""Drift compensation: the piezos move at a constant speed under everything else."""

from sim_instruments.nanonis.codes import changed
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.motion import SCAN_RANGE

STEP = 0.1
"""How often the piezos are moved on (s)."""
Vector = tuple[float, float, float]


class DriftCompensation:
    """Speeds (m/s) and how far they have led; an operation of the timeline while on."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.on = False
        self.speed: Vector = (0.0, 0.0, 0.0)
        self.saturation = 10.0
        """Share of the piezo's range that may be spent (%)."""
        self.saturated = (False, False, False)
        self._led = [0.0, 0.0, 0.0]
        self.due = 0.0

    def configure(self, speed: Vector, saturation: float) -> None:
        """Set speeds (m/s) and saturation limit (%, coerced to 0 to 100); NaN leaves one as it is."""
        x, y, z = (changed(new, old) for new, old in zip(speed, self.speed, strict=True))
        self.speed = (x, y, z)
        self.saturation = max(0.0, min(100.0, changed(saturation, self.saturation)))

    def switch(self, on: bool) -> None:
        """Switch it; switching off keeps what was added, switching on starts the limits anew."""
        self._controller.timeline.stop(self)
        if on:
            self._led, self.saturated = [0.0, 0.0, 0.0], (False, False, False)
            self.due = self._controller.now + STEP
            self._controller.timeline.start(self)
        self.on = on

    def step(self) -> None:
        """Move the piezos on."""
        dx, dy, dz = (self._advance(axis) for axis in range(3))
        motion = self._controller.motion
        motion.compensation = (motion.compensation[0] + dx, motion.compensation[1] + dy)
        if dz:
            self._controller.z.shift(dz)
        if (dx or dy) and not self._controller.scanning():
            motion.place(*motion.position)
        self.due += STEP

    def _advance(self, axis: int) -> float:
        bottom, top = self._controller.world.z_range
        full = (SCAN_RANGE, SCAN_RANGE, top - bottom)[axis]
        step = self.speed[axis] * STEP
        if self.saturated[axis] or abs(self._led[axis] + step) > 0.01 * self.saturation * full:
            flags = list(self.saturated)
            flags[axis] = flags[axis] or bool(step)
            self.saturated = (flags[0], flags[1], flags[2])
            return 0.0
        self._led[axis] += step
        return step
