"""A bias spectroscopy under way: what it does with bias, Z and time, from the start to the last settling."""

import math
from collections.abc import Generator
from typing import TYPE_CHECKING

from sim_instruments.nanonis.acquisition import integrated
from sim_instruments.nanonis.routine import Interrupted, Steps
from sim_instruments.nanonis.safe_conditions import SafeAction, SafeGuard
from sim_instruments.nanonis.signals import Z
from sim_instruments.nanonis.spectroscopy_data import SpectroscopyData
from sim_instruments.nanonis.spectroscopy_settings import Segment, SpectroscopySettings
from sim_instruments.nanonis.z_loop import Status

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

SLEW_TIME, SLEW_STEP = 1e-3, 5e-3
"""A change of bias at the slew rate is made of steps no shorter than 1 ms and no smaller than 5 mV."""


class Sweep:
    """One measurement: its settings as they were at the start, and its data."""

    def __init__(self, controller: "Controller", settings: SpectroscopySettings) -> None:
        self._controller = controller
        self._settings = settings
        self._plan = [(segment, level) for segment in settings.plan() for level in segment.levels()]
        levels = [level for _, level in self._plan]
        self.data = SpectroscopyData(levels, settings.channels, settings.sweeps, settings.backward)
        self.z = self.final_z = math.nan
        self.place = controller.motion.position
        self._guard = SafeGuard(settings.conditions)
        self.save_all = settings.save_all
        self._held = False
        self._z_status: Status | None = None

    def steps(self) -> Steps:
        """Run the measurement; yields waiting times (s)."""
        bias, setpoint = self._controller.bias.value, self._controller.z.setpoint
        try:
            yield from self._before()
            yield from self._measure()
            yield self._settings.timing.end_settling
        except Interrupted:
            pass
        yield from self._after(bias, setpoint)

    def parameters(self) -> list[float]:
        """Return the fixed parameters and the parameters of the measurement, in that order."""
        settings, levels = self._settings, self.data.levels
        timing = settings.timing
        fixed = [float(levels[0]), float(levels[-1])]
        placed = [*self.place, self.z, timing.z_offset]
        return [*fixed, *placed, timing.settling, timing.integration, float(settings.z_hold), self.final_z]

    # --- before and after
    def _before(self) -> Steps:
        settings, z = self._settings, self._controller.z
        if settings.alternate.on:
            z.set_setpoint(settings.alternate.setpoint)
            yield settings.alternate.settling
        yield settings.timing.z_averaging
        self.z = integrated(self._controller, Z, settings.timing.z_averaging)
        self._hold()
        z.shift(settings.timing.z_offset)
        self._z_status = z.status
        yield from self._slew(self._plan[0][1])
        yield settings.timing.initial_settling

    def _after(self, bias: float, setpoint: float) -> Steps:
        settings, z = self._settings, self._controller.z
        if settings.reset_bias:
            yield from self._slew(bias)
        # Only where nobody (safe tip, withdrawal) has taken Z over meanwhile.
        if settings.z_offset_revert and z.status == self._z_status:
            z.shift(-settings.timing.z_offset)
        if settings.alternate.on:
            z.set_setpoint(setpoint)
        yield from self._release()
        if settings.record_final_z:
            yield settings.timing.z_averaging
            self.final_z = integrated(self._controller, Z, settings.timing.z_averaging)

    def _hold(self) -> None:
        self._held = self._settings.z_hold and self._controller.z.hold()

    def _release(self) -> Steps:
        if self._held:
            self._held = False
            self._controller.z.resume()
            yield self._settings.timing.z_control

    # --- the sweeps
    def _measure(self) -> Steps:
        for sweep in range(self._settings.sweeps):
            if sweep:
                yield from self._between()
            stopped = yield from self._both_ways(sweep)
            if stopped:
                return

    def _between(self) -> Steps:
        """Let the Z controller correct drift between two sweeps."""
        if self._held:
            yield from self._release()
            self._hold()
        yield from self._slew(self._plan[0][1])
        yield self._settings.timing.initial_settling

    def _both_ways(self, sweep: int) -> Generator[float, None, bool]:
        """Sweep forward and, if wanted or told by the safe condition, back; return whether the measurement is over."""
        action, point = SafeAction.OFF, 0
        for point in range(len(self._plan)):
            action = yield from self._point(sweep, False, point)
            if action is SafeAction.STOP:
                return True
            if action is SafeAction.REVERSE:
                break
        return (yield from self._back(sweep, point, action is SafeAction.REVERSE))

    def _back(self, sweep: int, last: int, reversed_early: bool) -> Generator[float, None, bool]:
        if not (self._settings.backward or reversed_early):
            return False
        for point in range(last, -1, -1):
            action = yield from self._point(sweep, True, point)
            if action is SafeAction.STOP:
                return True
        return False

    def _point(self, sweep: int, backward: bool, point: int) -> Generator[float, None, SafeAction]:
        segment, level = self._plan[point]
        if not backward and segment.initial_settling and self._opens_segment(point):
            yield from self._slew(level)
            yield segment.initial_settling
        yield from self._slew(level)
        yield segment.settling + segment.integration
        return self._record(segment, sweep, backward, point)

    def _opens_segment(self, point: int) -> bool:
        return point == 0 or self._plan[point - 1][0] is not self._plan[point][0]

    def _record(self, segment: Segment, sweep: int, backward: bool, point: int) -> SafeAction:
        settings = self._settings
        wanted = {*settings.channels, *settings.conditions.signals}
        values = {index: integrated(self._controller, index, segment.integration) for index in wanted}
        if settings.backward or not backward:
            self.data.record(sweep, backward, point, [values[index] for index in settings.channels])
        return self._guard.verdict(values.__getitem__)

    def _slew(self, level: float) -> Steps:
        """Bring the bias to `level` (V) no faster than the slew rate."""
        bias = self._controller.bias
        start, change = bias.value, level - bias.value
        duration = abs(change) / self._settings.timing.slew
        count = max(1, min(math.floor(duration / SLEW_TIME), math.ceil(abs(change) / SLEW_STEP)))
        for step in range(1, count + 1):
            if change:
                bias.set(level if step == count else start + change * step / count)
                yield duration / count
