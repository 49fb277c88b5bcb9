"""AutoApproach: motor steps and piezo searches in turn until the tip is on the sample."""

from collections.abc import Generator

from sim_instruments.nanonis.codes import on_off
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.motor import Motor
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.routine import Interrupted, Routine
from sim_instruments.timeline import Session

STEP_SHARE = 0.4
"""Motor steps between two searches, as a share of the piezo's reach."""
POLL = 0.1
"""Simulated time (s) that one question for the state may let pass at pace 0."""
CENTRED = 0.1
"""The motor centres the piezo when contact was found farther from its middle than this share of its reach."""


class AutoApproach(Module):
    """The coarse approach. It ends with the Z controller on, the tip at the setpoint near the middle of its reach."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._routine: Routine | None = None
        self.is_open = False

    @property
    def running(self) -> bool:
        """Whether the approach is under way."""
        return self._routine is not None and not self._routine.done

    def _approach(self) -> Generator[float, None, None]:
        z = self.controller.z
        try:
            while not (yield from self._search()):
                yield from self._retract()
                yield from self._drive(STEP_SHARE * (z.high - z.low))
            off_centre = 0.5 * (z.high + z.low) - z.position
            if off_centre > CENTRED * (z.high - z.low):
                yield from self._retract()
                yield from self._drive(off_centre)
                yield from self._search()
        except Interrupted:
            self.controller.module(Motor).end()
            z.switch_off()

    def _search(self) -> Generator[float, None, bool]:
        """Extend the piezo; return whether the tip has found the sample."""
        z = self.controller.z
        z.switch_on()
        while not z.landed and z.on and z.position > z.low:
            yield self.controller.tap
        return z.landed

    def _retract(self) -> Generator[float, None, None]:
        self.controller.z.withdraw()
        while self.controller.z.withdrawing:
            yield self.controller.tap

    def _drive(self, distance: float) -> Generator[float, None, None]:
        motor = self.controller.module(Motor)
        x, y, gap = motor.place
        motor.start((x, y, gap - distance), motor.speed(2))
        while motor.moving:
            yield self.controller.tap

    @command("AutoApproach.Open", cost=Cost.SET)
    def open(self, _: Session) -> None:
        """Open the module."""
        self.is_open = True

    @command("AutoApproach.OnOffSet", "H", cost=Cost.SET)
    def set_on(self, _: Session, on: int) -> None:
        """Start (1) or stop (0) the approach."""
        wanted = on_off(on, "On/Off")
        if wanted and not self.running:
            if not self.is_open:
                raise CommandError("The Auto-Approach module is not open")
            self._routine = Routine(self.controller.timeline, self._approach())
        elif not wanted and self._routine is not None:
            self._routine.interrupt()

    @command("AutoApproach.OnOffGet", "", "H", Cost.OWN)
    async def get_on(self, session: Session) -> tuple[int]:
        """Return whether the approach is under way."""
        if self.running and self.controller.timeline.pace == 0:
            # Nothing but this question lets the time of an approach pass: a tap each would be hundreds of questions.
            await session.until(lambda: not self.running, POLL)
        else:
            await session.spend(self.controller.tap)
        return (int(self.running),)
