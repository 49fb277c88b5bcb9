"""A Z spectroscopy under way: what it does with Z and time, from the hold of the Z controller to its return.

The tip's way is carried in pieces of up to one acquisition period, all points of a piece at once; a signal that the tip's
force does not decide (a current) is only known at the moment it is read, so with one among the channels a piece is a point.
"""

import math
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim_instruments.nanonis.acquisition import Floats, integrated
from sim_instruments.nanonis.piezo import CONVERTER_SPAN
from sim_instruments.nanonis.routine import Interrupted, Steps
from sim_instruments.nanonis.signals import DEFLECTION, FORCE, NAMES, READOUT_BANDWIDTH, READOUT_NOISE, Z
from sim_instruments.nanonis.spectroscopy_data import SpectroscopyData
from sim_instruments.nanonis.z_loop import Status
from sim_instruments.nanonis.z_spectroscopy_settings import ZSpectroscopySettings

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

MECHANICAL = frozenset({Z, DEFLECTION, FORCE})
AXIS = "Z rel (m)"
SLEW_POINTS = 50
"""Points a piece of the way to the sweep's start, or back, is carried through."""


class TakenOver(Exception):
    """Somebody else (a withdrawal, the safe tip) moves Z now."""


class ZSweep:
    """One measurement: its settings as they were at the start, and its data."""

    def __init__(self, controller: "Controller", settings: ZSpectroscopySettings) -> None:
        self._controller = controller
        self._settings = settings
        self._levels = settings.levels()
        self.data = SpectroscopyData(self._levels, settings.channels, settings.sweeps, settings.backward, AXIS)
        self.z = self.final_z = math.nan
        self.place = controller.motion.position
        self.save_all = settings.save_all
        self._held = False
        self._status: Status | None = None
        self._base = self._at = 0.0
        self._seen = False

    def steps(self) -> Steps:
        """Run the measurement; yields waiting times (s)."""
        try:
            yield from self._before()
            yield from self._measure()
            yield self._settings.timing.end_settling
        except Interrupted:
            pass
        except TakenOver:
            return
        yield from self._after()

    def parameters(self) -> list[float]:
        """Return the fixed parameters and the parameters of the measurement, in that order."""
        settings, timing = self._settings, self._settings.timing
        placed = [*self.place, self.z, timing.settling, timing.integration, self.final_z]
        return [settings.offset, settings.distance, *placed]

    def _before(self) -> Steps:
        timing, z = self._settings.timing, self._controller.z
        yield timing.z_averaging
        self.z = integrated(self._controller, Z, timing.z_averaging)
        self._held = z.hold()
        self._status, self._base, self._at = z.status, z.position, 0.0
        yield from self._slew(float(self._levels[0]))
        yield timing.initial_settling

    def _after(self) -> Steps:
        z, timing = self._controller.z, self._settings.timing
        try:
            if self._settings.reset_z or self._held:
                yield from self._slew(0.0)
        except TakenOver:
            return
        if self._held:
            z.resume()
            yield timing.z_control
        if self._settings.record_final_z:
            yield timing.z_averaging
            self.final_z = integrated(self._controller, Z, timing.z_averaging)

    # --- the sweeps
    def _measure(self) -> Steps:
        settings = self._settings
        for sweep in range(settings.sweeps):
            if sweep:
                yield from self._slew(float(self._levels[0]))
                yield settings.timing.initial_settling
            self._seen = False
            last = yield from self._forward(sweep)
            if settings.backward:
                yield settings.turn_delay
                yield from self._back(sweep, last)

    def _forward(self, sweep: int) -> Generator[float, None, int]:
        """Sweep forward until the end or the auto retract; return the last point reached."""
        first, count = 0, len(self._levels)
        while first < count:
            points = np.arange(first, min(first + self._piece(), count))
            yield len(points) * self._point_time
            values = self._move(points)
            met, self._seen = (
                self._settings.retract.met(values, self._seen) if self._settings.retract.on else (None, False)
            )
            stop = int(np.argmax(met)) if met is not None and met.any() else len(points) - 1
            self._record(sweep, False, points[: stop + 1], values)
            if met is not None and met.any():
                self._at = float(self._levels[points[stop]])
                self._controller.z.sweep(np.array([self._base + self._at]), np.array([self._controller.now]))
                return int(points[stop])
            first = int(points[-1]) + 1
        return count - 1

    def _back(self, sweep: int, last: int) -> Steps:
        while last >= 0:
            points = np.arange(last, max(last - self._piece(), -1), -1)
            yield len(points) * self._point_time
            self._record(sweep, True, points, self._move(points))
            last = int(points[-1]) - 1

    # --- pieces
    @property
    def _point_time(self) -> float:
        timing, step = self._settings.timing, abs(self._settings.distance) / max(1, self._settings.points - 1)
        return max(timing.settling + timing.integration, step / self._speed)

    @property
    def _speed(self) -> float:
        """Z's fastest change (m/s)."""
        bottom, top = self._controller.world.z_range
        return self._settings.timing.slew * (top - bottom) / CONVERTER_SPAN

    def _piece(self) -> int:
        """Return how many points are carried at once."""
        if not MECHANICAL.issuperset({*self._settings.channels, *self._settings.retract.signals}):
            return 1
        return max(1, int(self._controller.tap / self._point_time))

    def _move(self, points: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Mapping[int, Floats]:
        """Carry the tip through `points`, the last one now; return every signal that is wanted at each."""
        self._require_z()
        controller = self._controller
        t = controller.now - self._point_time * np.arange(len(points) - 1, -1, -1, dtype=np.float64)
        levels = self._levels[points]
        self._at = float(levels[-1])
        forces = controller.z.sweep(self._base + levels, t)
        wanted = {*self._settings.channels, *self._settings.retract.signals}
        return {index: self._signal(index, self._base + levels, forces, t) for index in wanted}

    def _signal(self, index: int, z: Floats, forces: Floats, t: Floats) -> Floats:
        controller, integration = self._controller, self._settings.timing.integration
        if index not in MECHANICAL:
            return np.full(len(t), integrated(controller, index, integration))
        share = math.sqrt(min(1.0, 0.5 / integration / READOUT_BANDWIDTH))
        noise = controller.world.noise_array(f"nanonis:{NAMES[index]}", t)
        if index == Z:
            return z + READOUT_NOISE[Z] * share * noise
        if index == FORCE:
            return forces
        thermal = controller.deflection_of(controller.world.lever.rms(0.5 / integration))
        return controller.deflection(forces) + math.hypot(READOUT_NOISE[DEFLECTION] * share, thermal) * noise

    def _record(
        self,
        sweep: int,
        backward: bool,
        points: np.ndarray[tuple[int], np.dtype[np.int64]],
        values: Mapping[int, Floats],
    ) -> None:
        rows = np.array([values[index][: len(points)] for index in self._settings.channels])
        self.data.record_many(sweep, backward, points, rows)

    def _require_z(self) -> None:
        if self._controller.z.status != self._status:
            raise TakenOver

    def _slew(self, level: float) -> Steps:
        """Bring Z to `level` (m, relative) no faster than the slew rate."""
        self._require_z()
        start, change = self._at, level - self._at
        whole = abs(change) / self._speed
        count = math.ceil(whole / self._controller.tap)
        for step in range(count):
            yield whole / count
            self._require_z()
            way = (step + np.linspace(1.0 / SLEW_POINTS, 1.0, SLEW_POINTS)) / count
            t = self._controller.now - whole / count * np.linspace(1.0 - 1.0 / SLEW_POINTS, 0.0, SLEW_POINTS)
            self._at = start + change * float(way[-1])
            self._controller.z.sweep(self._base + start + change * way, t)
