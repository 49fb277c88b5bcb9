"""The Z controller's state machine: off, approaching, on, hold, switching off, withdrawing, safe tip.

Z (m) is the piezo's own: large is retracted, small presses. Deflection feedback itself is the world's; here is who may
move Z when. World Z = piezo Z + coarse gap.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sim_instruments.nanonis.registry import CommandError
from sim_instruments.nanonis.z_state import Status, ZTask, approach_step
from sim_instruments.noise import Floats

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

__all__ = ["CONTROLLERS", "DEFLECTION", "Status", "ZLoop"]

CONTROLLERS = ("Deflection", "Current", "log Current")
DEFLECTION = 0
LIMIT_PERIOD = 5e-3
"""How often Z limits are looked at while regulating (s)."""
LIMIT_MARGIN = 2e-9
"""How far inside the limits the sample must be before the tip is let down again (m)."""


class ZLoop:
    """Who moves Z, and where to. At the start: withdrawn, off."""

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._world = controller.world
        self.status = Status.OFF
        self.active = DEFLECTION
        self.setpoints = [controller.settings.setpoint, 1e-12, 1e-12]
        self.p_gain, self.time_constant = 10e-9, 5e-3
        self.switch_off_delay = 0.0
        self.tip_lift = 0.0
        self.home_relative, self.home = False, 0.0
        self.withdraw_rate = 10e-6
        self.limits_enabled = False
        self.hardware_limits = self._world.z_range
        """What the piezo, and limits of its voltage, let Z reach (m)."""
        self._limits = self.hardware_limits
        self._task: ZTask | None = None
        self._engaged = False
        self.on_tip: Callable[[str], None] = lambda state: None
        """Called when the tip is engaged, released or withdrawn."""
        self._world.feedback(False, 0.0)
        self.place(self.high)

    # --- limits
    @property
    def low(self) -> float:
        """Lowest piezo Z allowed now (m)."""
        bottom = self.hardware_limits[0]
        return max(bottom, self._limits[0]) if self.limits_enabled else bottom

    @property
    def high(self) -> float:
        """Highest piezo Z allowed now (m)."""
        top = self.hardware_limits[1]
        return min(top, self._limits[1]) if self.limits_enabled else top

    def set_limits(self, high: float, low: float) -> None:
        """Set the limits (m), coerced to the piezo's range; NaN leaves one as it is."""
        bottom, top = self.hardware_limits
        old_low, old_high = self._limits
        low, high = (old_low if math.isnan(low) else low), (old_high if math.isnan(high) else high)
        low, high = max(bottom, min(top, low)), max(bottom, min(top, high))
        self._limits = (min(low, high), max(low, high))

        self.obey_limits()

    def enable_limits(self, on: bool) -> None:
        """Enable or disable the limits; a tip that stands beyond them is brought back."""
        self.limits_enabled = on
        self.obey_limits()

    def obey_limits(self) -> None:
        """Bring the tip within the limits; while it regulates, keep watching them."""
        if self._engaged:
            self._watch()
        else:
            self.place(self._piezo)

    @property
    def _narrow(self) -> bool:
        """Whether limits narrower than the piezo's reach are in force (the world itself keeps to the reach)."""
        return (self.low, self.high) != self._world.z_range

    def _watch(self) -> None:
        """Watch the limits while regulating."""
        if self._narrow:
            self._begin(Status.ON, 0.0, self._check_limits)

    def _check_limits(self, task: ZTask) -> None:
        if self._engaged and not self.low <= self.position <= self.high:
            self._release()
            self.place(self._piezo)
        elif not self._engaged and self._within_reach():
            self._engage()
        task.due += LIMIT_PERIOD

    def _within_reach(self) -> bool:
        """Say whether the sample is where the limits let the tip press on it with some force."""
        height = float(self._world.surface_height(self._world.tip.x, self._world.tip.y)) - self._controller.coarse.gap
        force = self._controller.force(self.setpoints[DEFLECTION])
        travel = force / self._controller.settings.spring_constant
        return self.low <= height - travel - LIMIT_MARGIN and height + LIMIT_MARGIN <= self.high

    # --- place
    @property
    def position(self) -> float:
        """Piezo Z now (m)."""
        return self._world.tip.z - self._controller.coarse.gap if self._engaged else self._piezo

    def place(self, z: float) -> None:
        """Move the piezo to `z` (m) at once, coerced to the limits; feedback must be off."""
        self._piezo = max(self.low, min(self.high, z))
        self._world.set_z(self._piezo + self._controller.coarse.gap)

    def sweep(self, levels: Floats, t: Floats) -> Floats:
        """Move the piezo through `levels` (m, coerced to the limits) at times `t` (s); return the forces (N)."""
        reached = np.clip(levels, self.low, self.high)
        self._piezo = float(reached[-1])
        return self._world.sweep_z(reached + self._controller.coarse.gap, t)

    # --- setpoint and feedback
    @property
    def setpoint(self) -> float:
        """Setpoint of the active controller, in its unit (V or A)."""
        return self.setpoints[self.active]

    @property
    def engaged(self) -> bool:
        """Whether feedback holds the tip on the sample now."""
        return self._engaged

    @property
    def landed(self) -> bool:
        """Whether the controller is on and has found the sample (deflection or current at the setpoint)."""
        return self._engaged or (self.status == Status.ON and self._task is None)

    @property
    def on(self) -> bool:
        """Whether the real-time engine's controller is on (also while switching off)."""
        return self.status in (Status.ON, Status.SWITCHING_OFF)

    def set_setpoint(self, value: float) -> None:
        """Set the active controller's setpoint (V or A); NaN changes nothing."""
        if not math.isnan(value):
            self.setpoints[self.active] = value
        if self._engaged:
            self._engage()

    def _engage(self) -> None:
        self._world.feedback(True, self._controller.force(self.setpoints[DEFLECTION]))
        if not self._engaged:
            self._engaged = True
            self.on_tip("engaged")

    def _release(self) -> None:
        if self._engaged:
            self._piezo = self.position
            self._engaged = False
            self._world.feedback(False, 0.0)
            self.on_tip("released")

    # --- tasks
    def _begin(self, status: Status, first: float, act: Callable[[ZTask], None]) -> None:
        self._cancel()
        self.status = status
        self._task = ZTask(self._controller.now + first, act)
        self._controller.timeline.start(self._task)

    def _cancel(self) -> None:
        if self._task is not None:
            self._controller.timeline.stop(self._task)
            self._task = None

    def _finish(self, status: Status) -> None:
        self._cancel()
        self.status = status

    # --- on and off
    def switch_on(self) -> None:
        """Switch feedback on: the tip approaches within the piezo's range until the setpoint is reached."""
        if self.status == Status.ON:
            return
        if self.status == Status.SWITCHING_OFF:
            self._finish(Status.ON)
            self._watch()
            return
        self._controller.signals.mark()
        if self._world.tip.in_contact and self.active == DEFLECTION:
            self._finish(Status.ON)
            self._engage()
            self._watch()
        else:
            self._begin(Status.ON, 1e-3, self._approach)

    def switch_off(self) -> None:
        """Switch feedback off after the switch-off delay, then lift by the tip lift."""
        if self.status in (Status.OFF, Status.SWITCHING_OFF, Status.WITHDRAWING):
            return
        if self.status != Status.ON or not self._engaged:
            self._release()
            self._finish(Status.OFF)
            return
        if self.switch_off_delay > 0:
            self._begin(Status.SWITCHING_OFF, self.switch_off_delay, self._switched_off)
        else:
            self._switched_off()

    def _switched_off(self, _: ZTask | None = None) -> None:
        self._controller.signals.mark()
        self._release()
        self._finish(Status.OFF)
        if self.tip_lift:
            self.place(self._piezo + self.tip_lift)

    def hold(self) -> bool:
        """Stop regulating and keep Z (spectroscopy, pulses); say whether there was anything to hold."""
        if self.status != Status.ON or not self._engaged:
            return False
        self._release()
        self._finish(Status.HOLD)
        return True

    def resume(self) -> None:
        """Regulate again after `hold`; nothing otherwise."""
        if self.status == Status.HOLD:
            self._finish(Status.OFF)
            self.switch_on()

    # --- moves
    def require_off(self, what: str) -> None:
        """Raise `CommandError` unless the controller is off."""
        if self.status not in (Status.OFF, Status.SAFE_TIP):
            raise CommandError(f"{what}: the Z-Controller must be switched off first")

    def move(self, z: float) -> None:
        """Go to `z` (m) with the controller off; raises `CommandError` when it is on."""
        self.require_off("Cannot set the Z position")
        if not math.isnan(z):
            self._controller.signals.mark()
            self.place(z)

    def shift(self, dz: float) -> None:
        """Move Z by `dz` (m), feedback held or off (Z offset of a spectrum, drift compensation)."""
        if not self._engaged:
            self.place(self._piezo + dz)

    def go_home(self) -> None:
        """Switch off and go to the home position."""
        target = self.position + self.home if self.home_relative else self.home
        self._release()
        self._finish(Status.OFF)
        self.place(target)

    def withdraw(self, status: Status = Status.WITHDRAWING) -> None:
        """Switch off at once and retract fully at the withdraw rate."""
        self._controller.signals.mark()
        self._release()
        self._begin(status, 0.0, self._retract)

    @property
    def withdrawing(self) -> bool:
        """Whether the tip is on its way up (also by the safe tip)."""
        return self._task is not None and self.status in (Status.WITHDRAWING, Status.SAFE_TIP)

    def _retract(self, task: ZTask) -> None:
        if self._piezo >= self.high:
            self._finish(Status.SAFE_TIP if self.status == Status.SAFE_TIP else Status.OFF)
            self.on_tip("withdrawn")
            return
        lift = 20e-9 if self._world.tip.in_contact else max(20e-9, self.withdraw_rate * 10e-3)
        target = min(self.high, self._piezo + lift)
        task.due += (target - self._piezo) / self.withdraw_rate
        self.place(target)

    def _approach(self, task: ZTask) -> None:
        if self._reached():
            self._land()
            return
        step, dt = approach_step(self._world)
        if self._piezo <= self.low:
            task.due += self._controller.tap
            return
        self.place(self._piezo - step)
        task.due += dt

    def _land(self) -> None:
        """End the approach; only deflection is regulated from here, current feedback holds the height it found."""
        self._cancel()
        if self.active == DEFLECTION:
            self._engage()
            self._watch()

    def _reached(self) -> bool:
        if self.active == DEFLECTION:
            return bool(self._world.tip.in_contact)
        return abs(self._world.preamp_current()) >= abs(self.setpoint)
