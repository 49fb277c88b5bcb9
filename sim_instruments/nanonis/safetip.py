"""SafeTip: retracts the tip when the current passes a threshold."""

import math

from sim_instruments.nanonis.codes import changed, positive, switched
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import Cost, Module, command
from sim_instruments.nanonis.signals import SAFE_TIP
from sim_instruments.nanonis.z_state import Status
from sim_instruments.timeline import Session

QUIET_PERIOD, ALERT_PERIOD = 20e-3, 1e-3
"""How often the signal is looked at (s): far below the threshold, and above a tenth of it."""
ALERT = 0.1
"""Share of the threshold above which it is looked at more often."""
RECOVERY_TIME = 1.0
"""With auto-recovery on, feedback comes back this long after the event (s), if the signal is low again."""


class SafeTipGuard:
    """Watches the signal while the safe tip is on; an operation of the timeline."""

    def __init__(self, module: "SafeTip", due: float) -> None:
        self._module = module
        self._due = due

    @property
    def due(self) -> float:
        """When it looks next: on its grid of quiet periods, and never while no current can flow (s)."""
        if self._module.idle:
            return math.inf
        late = self._module.controller.now - self._due
        if late > 0.0:
            self._due += math.ceil(late / QUIET_PERIOD) * QUIET_PERIOD
        return self._due

    def step(self) -> None:
        """Look at the signal."""
        self._due += self._module.look()


class SafeTip(Module):
    """The safe tip; its signal is the current's magnitude."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._threshold = 1e-6
        self._recover = self._pause_scan = False
        self._guard: SafeTipGuard | None = None

    @property
    def _signal(self) -> float:
        return self.controller.preamp.read(self.controller.signals.true(SAFE_TIP))

    @property
    def idle(self) -> bool:
        """Whether nothing can pass the threshold: no source is away from 0 V."""
        controller = self.controller
        return not (controller.world.biased or controller.preamp.saturated or controller.z.status == Status.SAFE_TIP)

    def look(self) -> float:
        """Act on the signal; return when to look again (s from now)."""
        signal, z = abs(self._signal), self.controller.z
        if z.status == Status.SAFE_TIP:
            return self._look_after_event(signal)
        if signal > self._threshold:
            z.withdraw(Status.SAFE_TIP)
            if self._pause_scan:
                for react in self.controller.on_safe_tip:
                    react()
            return RECOVERY_TIME
        return ALERT_PERIOD if signal > ALERT * self._threshold else QUIET_PERIOD

    def _look_after_event(self, signal: float) -> float:
        if self._recover and signal < self._threshold and not self.controller.z.withdrawing:
            self.controller.z.switch_on()
        return RECOVERY_TIME

    @command("SafeTip.OnOffSet", "H", cost=Cost.SET)
    def set_on(self, _: Session, on: int) -> None:
        """Switch the safe tip: 0 no change, 1 on, 2 off."""
        wanted = switched(on, self._guard is not None, "Safe Tip status")
        if wanted and self._guard is None:
            self._guard = SafeTipGuard(self, self.controller.now)
            self.controller.timeline.start(self._guard)
        elif not wanted and self._guard is not None:
            self.controller.timeline.stop(self._guard)
            self._guard = None

    @command("SafeTip.OnOffGet", "", "H")
    def get_on(self, _: Session) -> tuple[int]:
        """Return whether the safe tip is on."""
        return (int(self._guard is not None),)

    @command("SafeTip.SignalGet", "", "f")
    def signal(self, session: Session) -> tuple[float]:
        """Return the safe tip's signal (A) as last published."""
        return (self.controller.signals.hold(session, SAFE_TIP),)

    @command("SafeTip.PropsSet", "H H f", cost=Cost.SET)
    def set_properties(self, _: Session, recover: int, pause_scan: int, threshold: float) -> None:
        """Set auto-recovery and auto-pause (0 no change, 1 on, 2 off) and the threshold (A, NaN: no change)."""
        self._threshold = positive(abs(changed(threshold, self._threshold)), "Threshold")
        self._recover = switched(recover, self._recover, "Auto recovery")
        self._pause_scan = switched(pause_scan, self._pause_scan, "Auto pause scan")

    @command("SafeTip.PropsGet", "", "H H f")
    def properties(self, _: Session) -> tuple[int, int, float]:
        """Return auto-recovery, auto-pause and the threshold (A)."""
        return int(self._recover), int(self._pause_scan), self._threshold
