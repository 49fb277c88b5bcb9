"""Where the tip is and how it gets there: approach, lift, land, withdraw, move; each motion verified."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drivers.nanonis_session import NanonisSession
from drivers.nanonis_signals import Signals
from nanoprobe.errors import BadInput, InstrumentError, InstrumentTimeout
from nanoprobe.roles import ForceCalibration, RetractCurve, Watch
from nanoprobe.units import si

FORCE_TOLERANCE = 0.1
"""A landing is over when the force is within this part of the setpoint."""
FORCE_HELD = 0.5
"""Feedback counts as holding the tip on the surface within this part of the setpoint."""
PLACE_TOLERANCE = 2e-9
"""How far from its target a motion may end (m)."""
LAND_TIMEOUT, SWITCH_TIMEOUT, WITHDRAW_TIMEOUT = 30.0, 10.0, 30.0
"""Deadlines (s)."""
SLACK = 5.0
"""Time a command that waits may take beyond its own deadline (s)."""
OFF, ON = 0, 1
WITHDRAWN_WITHIN = 0.01
"""A withdrawn tip stands within this part of its range from the upper limit."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`poll_interval`: pause between two looks (s); `approach_timeout`: longest coarse approach (s); `speed` m/s."""

    poll_interval: float
    approach_timeout: float
    speed: float


class Tip:
    """The tip of one controller. Z grows away from the sample."""

    def __init__(
        self, session: NanonisSession, signals: Signals, calibration: ForceCalibration | None, feedback: str, pace: Pace
    ) -> None:
        self._session = session
        self._signals = signals
        self._calibration = calibration
        self._feedback = feedback
        self._pace = pace
        self._watch: Watch = lambda: None

    def heed(self, watch: Watch) -> None:
        """From now on call `watch` in every wait, and before feedback goes on: who stops the tip must not see it land."""
        self._watch = watch

    # --- feedback

    @property
    def calibration(self) -> ForceCalibration:
        """Deflection to force. Raises BadInput when the bench file has none."""
        if self._calibration is None:
            raise BadInput(
                "the force setpoint is not calibrated in newtons: give deflection_sensitivity (m/V) and spring_constant "
                "(N/m) under [instruments.probe] in the bench file"
            )
        return self._calibration

    def check_feedback(self) -> None:
        """Raise BadInput unless deflection feedback is active and calibrated in newtons."""
        assert self.calibration
        names, active = self._session.call("ZCtrl.CtrlListGet", returns="as i")
        name = names[active] if 0 <= active < len(names) else f"number {active}"
        if self._feedback.lower() not in name.lower():
            raise BadInput(
                f"the active Z controller is '{name}', not {self._feedback}: contact would not be held during a ramp. "
                f"Choose {self._feedback} in the Z-Controller window (there are: {', '.join(names)})"
            )

    def regulating(self) -> bool:
        """Say whether feedback is on in the real-time engine."""
        return bool(self._session.value("ZCtrl.OnOffGet", returns="I"))

    def engaged(self) -> bool:
        """Say whether feedback holds the tip on the surface."""
        if not self.regulating():
            return False
        wanted = self.calibration.force(self._session.value("ZCtrl.SetpntGet", returns="f"))
        return abs(self.force() - wanted) <= FORCE_HELD * abs(wanted)

    def force(self) -> float:
        """Read the force (N)."""
        return self.calibration.force(self._signals.read("deflection")["deflection"])

    def _switch_off(self) -> None:
        self._session.call("ZCtrl.OnOffSet", "I", OFF)
        self._await(lambda: not self.regulating(), SWITCH_TIMEOUT, "Z controller still on after it was switched off")

    def _await(self, done: Callable[[], bool], timeout: float, complaint: str) -> None:
        deadline = self._session.moment() + timeout
        while not done():
            self._watch()
            if self._session.moment() > deadline:
                raise InstrumentTimeout(f"Nanonis: {complaint} for {timeout:g} s")
            if self._pace.poll_interval:
                self._session.rest(self._pace.poll_interval)

    # --- up and down

    def approach(self, force: float) -> None:
        """Bring the tip from anywhere onto the surface at `force` (N)."""
        self._session.call("ZCtrl.SetpntSet", "f", self.calibration.setpoint(force))
        if not self.engaged():
            self._session.call("AutoApproach.Open")
            self._session.call("AutoApproach.OnOffSet", "H", ON)
            self._await(self._approached, self._pace.approach_timeout, "the automatic approach found no surface")
        self.land(force)

    def _approached(self) -> bool:
        return not self._session.value("AutoApproach.OnOffGet", returns="H")

    def land(self, force: float) -> None:
        """Feedback on at `force` (N); returns when the force is within 10 % of it."""
        self._session.call("ZCtrl.SetpntSet", "f", self.calibration.setpoint(force))
        self._watch()
        self._session.call("ZCtrl.OnOffSet", "I", ON)
        deadline = self._session.moment() + LAND_TIMEOUT
        while abs((now := self.force()) - force) > FORCE_TOLERANCE * force:
            self._watch()
            if self._session.moment() > deadline:
                raise InstrumentError(
                    f"Nanonis: the tip did not land: {si(now, 'N')} after {LAND_TIMEOUT:g} s where {si(force, 'N')} was "
                    f"set; is the surface within reach of the Z piezo? (approach again)"
                )

    def z(self) -> float:
        """Read Z (m)."""
        return float(self._session.value("ZCtrl.ZPosGet", returns="f"))

    def lift(self, height: float) -> None:
        """Feedback off, tip `height` (m) higher. Raises BadInput where the piezo does not reach."""
        self._switch_off()
        self._go_to_z(self.z() + height)

    def _go_to_z(self, z: float) -> None:
        high, low = self._session.call("ZCtrl.LimitsGet", returns="f f")
        if not low <= z <= high:
            raise BadInput(f"Nanonis: Z {si(z, 'm')} is out of reach ({si(low, 'm')} to {si(high, 'm')})")
        self._session.call("ZCtrl.ZPosSet", "f", z)
        self._await(
            lambda: abs(self.z() - z) <= PLACE_TOLERANCE, SWITCH_TIMEOUT, f"the tip did not get to Z {si(z, 'm')}"
        )

    def withdraw(self) -> None:
        """Feedback off, tip fully retracted."""
        withdraw(self._session, WITHDRAW_TIMEOUT)
        high, low = self._session.call("ZCtrl.LimitsGet", returns="f f")
        z = self.z()
        if self.regulating() or high - z > WITHDRAWN_WITHIN * (high - low):
            raise InstrumentError(f"Nanonis: the tip is at Z {si(z, 'm')} after withdrawing, not at {si(high, 'm')}")

    def retract_curve(self, height: float, steps: int) -> RetractCurve:
        """From contact, feedback off, retract by `height` (m) in `steps`, the force read at each; stays lifted."""
        self._switch_off()
        start = self.z()
        rises = np.linspace(0.0, height, steps + 1)
        forces = [self._force_at(start, float(rise)) for rise in rises]
        return RetractCurve(z=rises, force=np.array(forces, dtype=np.float64))

    def _force_at(self, start: float, rise: float) -> float:
        if rise:
            self._session.call("ZCtrl.ZPosSet", "f", start + rise)
        return self.force()

    # --- across

    def position(self) -> tuple[float, float]:
        """Read x, y (m)."""
        x, y = self._session.call("FolMe.XYPosGet", "I", 1, returns="d d")
        return float(x), float(y)

    def move_to(self, x: float, y: float) -> None:
        """Move to x, y (m). Raises InstrumentError when the tip stopped short."""
        here = self.position()
        distance = math.dist(here, (x, y))
        self._session.call("FolMe.SpeedSet", "f I", self._pace.speed, 1)
        duration = distance / self._pace.speed
        self._session.call("FolMe.XYPosSet", "d d I", x, y, 1, timeout=2 * duration + SLACK)
        there = self.position()
        if math.dist(there, (x, y)) > PLACE_TOLERANCE:
            raise InstrumentError(
                f"Nanonis: the tip stopped at {si(there[0], 'm')}, {si(there[1], 'm')} on its way to {si(x, 'm')}, "
                f"{si(y, 'm')}: it was stopped, or that is out of the scanner's reach"
            )


def withdraw(session: NanonisSession, timeout: float) -> None:
    """Switch feedback off and retract fully over `session`, waiting `timeout` (s) at most."""
    session.call("ZCtrl.Withdraw", "I i", 1, round(1000 * timeout), timeout=timeout + SLACK)
