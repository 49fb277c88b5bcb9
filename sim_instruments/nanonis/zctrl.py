"""ZCtrl: feedback on and off, setpoint, Z position, home, withdraw, limits."""

import math

from sim_instruments.nanonis.codes import changed, finite, on_off, one_of, positive
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.signals import Z
from sim_instruments.nanonis.z_loop import CONTROLLERS, DEFLECTION
from sim_instruments.timeline import Session

SETPOINT_LIMIT = 10.0
"""Of the deflection setpoint (V)."""
LONGEST_DELAY = 10.0
"""Of the switch-off delay (s)."""


class ZCtrl(Module):
    """The Z controller's commands; its state is `Controller.z`."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._z = controller.z

    @command("ZCtrl.OnOffSet", "I", cost=Cost.SET)
    def set_on(self, _: Session, on: int) -> None:
        """Switch feedback on (approach within the piezo's range) or off (after the switch-off delay)."""
        if on_off(on, "Z-Controller status"):
            self._z.switch_on()
        else:
            self._z.switch_off()

    @command("ZCtrl.OnOffGet", "", "I", Cost.POLL)
    def get_on(self, _: Session) -> tuple[int]:
        """Return whether the real-time engine regulates Z."""
        return (int(self._z.on),)

    @command("ZCtrl.StatusGet", "", "H", Cost.POLL)
    def status(self, _: Session) -> tuple[int]:
        """Return 1 off, 2 on, 3 hold, 4 switching off, 5 safe tip, 6 withdrawing."""
        return (int(self._z.status),)

    @command("ZCtrl.SetpntSet", "f", cost=Cost.SET)
    def set_setpoint(self, _: Session, value: float) -> None:
        """Set the active controller's setpoint (V or A), the deflection's coerced to +-10 V."""
        if self._z.active == DEFLECTION and not math.isnan(value):
            value = max(-SETPOINT_LIMIT, min(SETPOINT_LIMIT, value))
        self._z.set_setpoint(value)

    @command("ZCtrl.SetpntGet", "", "f")
    def setpoint(self, _: Session) -> tuple[float]:
        """Return the active controller's setpoint (V or A)."""
        return (self._z.setpoint,)

    @command("ZCtrl.ZPosSet", "f", cost=Cost.SET)
    def set_position(self, _: Session, z: float) -> None:
        """Move Z (m), coerced to the limits; the controller must be off."""
        self._z.move(z)

    @command("ZCtrl.ZPosGet", "", "f")
    def position(self, _: Session) -> tuple[float]:
        """Return Z (m)."""
        return (self.controller.signals.read(Z, 0.5 / self.controller.tap),)

    @command("ZCtrl.GainSet", "f f f", cost=Cost.SET)
    def set_gains(self, _: Session, p_gain: float, time_constant: float, i_gain: float) -> None:
        """Set P (m) and time constant (s), NaN: no change; I is P/T. I with a NaN time constant sets that instead."""
        p_gain = changed(p_gain, self._z.p_gain)
        if math.isnan(time_constant) and math.isfinite(i_gain):
            time_constant = p_gain / positive(i_gain, "I-gain")
        self._z.time_constant = positive(changed(time_constant, self._z.time_constant), "Time constant")
        self._z.p_gain = p_gain

    @command("ZCtrl.GainGet", "", "f f f")
    def gains(self, _: Session) -> tuple[float, float, float]:
        """Return P (m), time constant (s), I (m/s)."""
        return self._z.p_gain, self._z.time_constant, self._z.p_gain / self._z.time_constant

    @command("ZCtrl.SwitchOffDelaySet", "f", cost=Cost.SET)
    def set_delay(self, _: Session, delay: float) -> None:
        """Set the switch-off delay (s), coerced to 0 to 10 s."""
        self._z.switch_off_delay = max(0.0, min(LONGEST_DELAY, changed(delay, self._z.switch_off_delay)))

    @command("ZCtrl.SwitchOffDelayGet", "", "f")
    def delay(self, _: Session) -> tuple[float]:
        """Return the switch-off delay (s)."""
        return (self._z.switch_off_delay,)

    @command("ZCtrl.TipLiftSet", "f", cost=Cost.SET)
    def set_lift(self, _: Session, lift: float) -> None:
        """Set how far the tip is lifted when feedback is switched off (m)."""
        self._z.tip_lift = changed(lift, self._z.tip_lift)

    @command("ZCtrl.TipLiftGet", "", "f")
    def lift(self, _: Session) -> tuple[float]:
        """Return the tip lift (m)."""
        return (self._z.tip_lift,)

    @command("ZCtrl.Home", cost=Cost.SET)
    def home(self, _: Session) -> None:
        """Switch off and go to the home position."""
        self._z.go_home()

    @command("ZCtrl.HomePropsSet", "H f", cost=Cost.SET)
    def set_home(self, _: Session, relative: int, position: float) -> None:
        """Set the home position (m): 0 no change, 1 absolute, 2 relative."""
        if one_of(relative, 3, "Relative or Absolute"):
            self._z.home_relative = relative == 2
        self._z.home = changed(position, self._z.home)

    @command("ZCtrl.HomePropsGet", "", "H f")
    def home_properties(self, _: Session) -> tuple[int, float]:
        """Return 0 absolute or 1 relative, and the position (m)."""
        return int(self._z.home_relative), self._z.home

    @command("ZCtrl.ActiveCtrlSet", "i", cost=Cost.SET)
    def set_active(self, _: Session, index: int) -> None:
        """Select a controller; only while off."""
        one_of(index, len(CONTROLLERS), "Z-Controller index")
        if index != self._z.active:
            self._z.require_off("Cannot change the active controller")
            self._z.active = index

    @command("ZCtrl.CtrlListGet", "", "as i")
    def controllers(self, _: Session) -> tuple[tuple[str, ...], int]:
        """Return the controllers and the active one."""
        return CONTROLLERS, self._z.active

    @command("ZCtrl.Withdraw", "I i", cost=Cost.SET)
    async def withdraw(self, session: Session, wait: int, timeout: int) -> None:
        """Switch off and retract fully; wait for it up to `timeout` (ms, -1 for ever) if asked."""
        self._z.withdraw()
        if wait:
            seconds = math.inf if timeout < 0 else timeout * 1e-3
            await session.until(lambda: not self._z.withdrawing, seconds)

    @command("ZCtrl.WithdrawRateSet", "f", cost=Cost.SET)
    def set_withdraw_rate(self, _: Session, rate: float) -> None:
        """Set the withdraw slew rate (m/s)."""
        self._z.withdraw_rate = positive(changed(rate, self._z.withdraw_rate), "Withdraw slew rate")

    @command("ZCtrl.WithdrawRateGet", "", "f")
    def withdraw_rate(self, _: Session) -> tuple[float]:
        """Return the withdraw slew rate (m/s)."""
        return (self._z.withdraw_rate,)

    @command("ZCtrl.LimitsEnabledSet", "I", cost=Cost.SET)
    def enable_limits(self, _: Session, on: int) -> None:
        """Enable or disable the Z limits."""
        self._z.enable_limits(on_off(on, "Limit Z status"))

    @command("ZCtrl.LimitsEnabledGet", "", "I")
    def limits_enabled(self, _: Session) -> tuple[int]:
        """Return whether the Z limits are enabled."""
        return (int(self._z.limits_enabled),)

    @command("ZCtrl.LimitsSet", "f f", cost=Cost.SET)
    def set_limits(self, _: Session, high: float, low: float) -> None:
        """Set the Z limits (m), coerced to the piezo's range; no effect while they are disabled."""
        if not self._z.limits_enabled:
            return
        if high <= low:
            raise CommandError(f"The high limit ({high:g} m) must be above the low limit ({low:g} m)")
        self._z.set_limits(finite(high, "High limit"), finite(low, "Low limit"))

    @command("ZCtrl.LimitsGet", "", "f f")
    def limits(self, _: Session) -> tuple[float, float]:
        """Return the Z limits in force (m): the piezo's range while they are disabled."""
        return self._z.high, self._z.low
