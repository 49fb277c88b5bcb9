"""Piezo: ranges, sensitivities, tilt, drift compensation, limits, hysteresis compensation."""

import math
from collections.abc import Sequence

from sim_instruments.nanonis.codes import changed, finite, on_off, positive
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.drift_compensation import DriftCompensation
from sim_instruments.nanonis.motion import SCAN_RANGE
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.timeline import Session

CONVERTER_SPAN = 20.0
"""Of the outputs before the high-voltage amplifier (V): -10 to 10."""
HIGH_VOLTAGE_GAIN = 15.0
SATURATION_RELEASE = 11798
"""First release whose drift compensation has a saturation limit."""
LARGEST_TILT = 45.0
"""degrees"""
HYSTERESIS_POINTS = 3
Vector = tuple[float, float, float]


class Piezo(Module):
    """The scanner's piezos. Hysteresis compensation keeps its settings; these piezos have no hysteresis."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        bottom, top = controller.world.z_range
        self._full: Vector = (SCAN_RANGE, SCAN_RANGE, top - bottom)
        self._range = self._full
        self._tilt = (0.0, 0.0)
        self._limits_on = False
        self._limits = [-10.0, 10.0] * 3
        self._drift = DriftCompensation(controller)
        self._hysteresis_on = False
        self._hysteresis: list[list[float]] = [[], [], [], []]
        self._files: dict[str, list[list[float]]] = {}

    # --- tilt
    @command("Piezo.TiltSet", "f f", cost=Cost.SET)
    def set_tilt(self, _: Session, x: float, y: float) -> None:
        """Set the tilt of the scan plane (degrees, coerced to +-45, NaN: no change): Z follows it when not regulated."""
        wanted = (changed(x, self._tilt[0]), changed(y, self._tilt[1]))
        self._tilt = tuple(max(-LARGEST_TILT, min(LARGEST_TILT, angle)) for angle in wanted)  # type: ignore[assignment]
        self.controller.motion.tilt = math.tan(math.radians(self._tilt[0])), math.tan(math.radians(self._tilt[1]))

    @command("Piezo.TiltGet", "", "f f")
    def tilt(self, _: Session) -> tuple[float, float]:
        """Return the tilt (degrees)."""
        return self._tilt

    # --- range
    @command("Piezo.RangeSet", "f f f", cost=Cost.SET)
    def set_range(self, _: Session, *ranges: float) -> None:
        """Set the ranges used of X, Y, Z (m), coerced to what the piezos reach."""
        wanted = [positive(changed(new, old), "Range") for new, old in zip(ranges, self._range, strict=True)]
        x, y, z = (min(value, full) for value, full in zip(wanted, self._full, strict=True))
        self._range = (x, y, z)
        self._apply_limits()

    @command("Piezo.RangeGet", "", "f f f")
    def get_range(self, _: Session) -> Vector:
        """Return the ranges of X, Y, Z (m)."""
        return self._range

    @command("Piezo.SensSet", "f f f", cost=Cost.SET)
    def set_sensitivity(self, session: Session, *calibration: float) -> None:
        """Set the sensitivities (m/V, high voltage), and with them the ranges."""
        volts = CONVERTER_SPAN * HIGH_VOLTAGE_GAIN
        self.set_range(session, *(value * volts for value in calibration))

    @command("Piezo.SensGet", "", "f f f")
    def sensitivity(self, _: Session) -> Vector:
        """Return the sensitivities (m/V, high voltage)."""
        return self._per_volt(CONVERTER_SPAN * HIGH_VOLTAGE_GAIN)

    @command("Piezo.CalibrGet", "", "f f f")
    def calibration(self, _: Session) -> Vector:
        """Return the calibrations (m/V, before the high-voltage amplifier)."""
        return self._per_volt(CONVERTER_SPAN)

    def _per_volt(self, span: float) -> Vector:
        x, y, z = self._range
        return x / span, y / span, z / span

    # --- limits
    @command("Piezo.XYZLimitsSet", "H f f f f f f", cost=Cost.SET)
    def set_limits(self, _: Session, on: int, *limits: float) -> None:
        """Switch (0 off, 1 on) and set low and high limits of X, Y, Z (V, before the amplifier)."""
        wanted = [changed(new, old) for new, old in zip(limits, self._limits, strict=True)]
        if any(low >= high for low, high in zip(wanted[::2], wanted[1::2], strict=True)):
            raise CommandError("A low limit must be below its high limit")
        self._limits_on = on_off(on, "Enable limits")
        self._limits = [max(-10.0, min(10.0, volts)) for volts in wanted]
        self._apply_limits()

    @command("Piezo.XYZLimitsGet", "", "H f f f f f f")
    def limits(self, _: Session) -> tuple[float, ...]:
        """Return whether limits are on, and low and high of X, Y, Z (V)."""
        return int(self._limits_on), *self._limits

    def _apply_limits(self) -> None:
        controller = self.controller
        x, y, z = (self._reach(axis) for axis in range(3))
        bottom, top = controller.world.z_range
        controller.motion.x_limits, controller.motion.y_limits = x, y
        controller.z.hardware_limits = (max(bottom, z[0]), min(top, z[1]))
        controller.z.obey_limits()

    def _reach(self, axis: int) -> tuple[float, float]:
        calibration = self._range[axis] / CONVERTER_SPAN
        low, high = self._limits[2 * axis : 2 * axis + 2] if self._limits_on else (-10.0, 10.0)
        return low * calibration, high * calibration

    # --- drift
    @command("Piezo.DriftCompSet", "i f f f ?f", cost=Cost.SET)
    def set_drift(self, _: Session, on: int, vx: float, vy: float, vz: float, saturation: float | None) -> None:
        """Switch (-1 no change, 0 off, 1 on; 2 is off as well) and set speeds (m/s) and saturation (%), NaN: no change."""
        if on not in (-1, 0, 1, 2):
            raise CommandError(f"Compensation on/off must be -1, 0 or 1, not {on}")
        self._drift.configure((vx, vy, vz), math.nan if saturation is None else saturation)
        if on >= 0:
            self._drift.switch(on == 1)

    @command(
        "Piezo.DriftCompGet",
        "",
        lambda release: "I f f f I I I f" if release >= SATURATION_RELEASE else "I f f f I I I",
    )
    def drift(self, _: Session) -> tuple[float, ...]:
        """Return on, speeds (m/s), whether X, Y, Z are saturated, and the saturation limit (%)."""
        drift = self._drift
        reply = (int(drift.on), *drift.speed, *(int(flag) for flag in drift.saturated))
        return (*reply, drift.saturation) if self.controller.release >= SATURATION_RELEASE else reply

    # --- amplifier
    @command("Piezo.HVAInfoGet", "", "f f f f I I I")
    def amplifier(self, _: Session) -> tuple[float, ...]:
        """Return the gains of AUX, X, Y, Z and whether X/Y, Z, AUX are enabled."""
        return 1.0, HIGH_VOLTAGE_GAIN, HIGH_VOLTAGE_GAIN, HIGH_VOLTAGE_GAIN, 1, 1, 0

    @command("Piezo.HVAStatusLEDGet", "", "I I I I")
    def lamps(self, _: Session) -> tuple[int, int, int, int]:
        """Return overheated, supply on, hot, output connected."""
        return 0, 1, 0, 1

    # --- hysteresis
    @command("Piezo.HystOnOffSet", "I", cost=Cost.SET)
    def set_hysteresis_on(self, _: Session, on: int) -> None:
        """Switch the hysteresis compensation."""
        self._hysteresis_on = on_off(on, "On/Off")

    @command("Piezo.HystOnOffGet", "", "I")
    def hysteresis_on(self, _: Session) -> tuple[int]:
        """Return whether hysteresis is compensated."""
        return (int(self._hysteresis_on),)

    @command("Piezo.HystValsSet", "af af af af", cost=Cost.SET)
    def set_hysteresis(self, _: Session, *points: Sequence[float]) -> None:
        """Set the points of the fast and the slow axis."""
        if any(len(axis) > HYSTERESIS_POINTS for axis in points):
            raise CommandError(f"An axis takes {HYSTERESIS_POINTS} points at most")
        self._hysteresis = [[finite(value, "Point") for value in axis] for axis in points]

    @command("Piezo.HystValsGet", "", "af af af af")
    def hysteresis(self, _: Session) -> tuple[list[float], ...]:
        """Return the points of the fast and the slow axis."""
        return tuple(self._hysteresis)

    @command("Piezo.HystFileSave", "s", cost=Cost.SET)
    def save_hysteresis(self, _: Session, path: str) -> None:
        """Keep the points under `path`; no file is written."""
        self._files[path] = self._hysteresis

    @command("Piezo.HystFileLoad", "s", cost=Cost.SET)
    def load_hysteresis(self, _: Session, path: str) -> None:
        """Take the points kept under `path`."""
        if path not in self._files:
            raise CommandError(f"File not found: {path}")
        self._hysteresis = self._files[path]
