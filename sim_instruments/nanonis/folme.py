"""FolMe (Follow Me): moves the tip to a place."""

import math

from sim_instruments.nanonis.codes import finite, on_off, one_of, positive, switched
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.point_and_shoot import PointAndShoot
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.signals import X, Y
from sim_instruments.timeline import Session

BASE_RATE = 2000.0
"""Samples per second of the real-time stream before oversampling (hardware.md §1.3)."""


class FolMe(Module):
    """Moves in Follow Me mode, with Point & Shoot at the end of a move."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._speed, self._custom = 1e-6, True
        self._oversampling = 100
        self._shoot = PointAndShoot(controller, lambda: controller.experiments)

    @property
    def speed(self) -> float:
        """Speed of moves (m/s)."""
        return self._speed if self._custom else self.controller.scan_speed()

    @property
    def sample_rate(self) -> float:
        """Samples per second recorded during a move."""
        return BASE_RATE / self._oversampling

    @command("FolMe.XYPosSet", "d d I", cost=Cost.SET)
    async def move(self, session: Session, x: float, y: float, wait: int) -> None:
        """Move to x, y (m, coerced to the range); wait for the end or a stop if asked."""
        if self.controller.scanning():
            raise CommandError("The tip cannot be moved while a scan is running")
        motion = self.controller.motion
        motion.start(finite(x, "X"), finite(y, "Y"), self.speed, self._shoot.arrive)
        if wait:
            move = motion.move
            await session.until(lambda: motion.move is None or motion.move is not move, math.inf)

    @command("FolMe.XYPosGet", "I", "d d", Cost.OWN)
    async def position(self, session: Session, newest: int) -> tuple[float, float]:
        """Return x, y (m) at the next publication, at the one after it for `newest` 1."""
        await self.controller.signals.next_publication(session, bool(newest))
        return self.controller.signals.hold(session, X), self.controller.signals.hold(session, Y)

    @command("FolMe.SpeedSet", "f I", cost=Cost.SET)
    def set_speed(self, _: Session, speed: float, custom: int) -> None:
        """Set the speed (m/s) and whether it (1) or the scan's (0) is used."""
        self._custom = on_off(custom, "Custom speed")
        if self._custom:
            self._speed = positive(speed, "Speed")

    @command("FolMe.SpeedGet", "", "f I")
    def get_speed(self, _: Session) -> tuple[float, int]:
        """Return the speed (m/s) and whether it is FolMe's own."""
        return self.speed, int(self._custom)

    @command("FolMe.Stop", cost=Cost.SET)
    def stop(self, _: Session) -> None:
        """Stop the move where the tip is."""
        self.controller.motion.stop()

    @command("FolMe.OversamplSet", "i", cost=Cost.SET)
    def set_oversampling(self, _: Session, oversampling: int) -> None:
        """Set how many samples are averaged into one, coerced to 1 to 1000."""
        self._oversampling = max(1, min(1000, oversampling))

    @command("FolMe.OversamplGet", "", "i f")
    def oversampling(self, _: Session) -> tuple[int, float]:
        """Return oversampling and rate (samples/s)."""
        return self._oversampling, self.sample_rate

    @command("FolMe.PSOnOffSet", "I", cost=Cost.SET)
    def set_shoot(self, _: Session, on: int) -> None:
        """Switch Point & Shoot."""
        self._shoot.on = on_off(on, "Point & Shoot status")

    @command("FolMe.PSOnOffGet", "", "I")
    def shoot(self, _: Session) -> tuple[int]:
        """Return whether Point & Shoot is on."""
        return (int(self._shoot.on),)

    @command("FolMe.PSExpSet", "H", cost=Cost.SET)
    def set_experiment(self, _: Session, index: int) -> None:
        """Select the experiment of Point & Shoot."""
        self._shoot.selected = one_of(index, len(self._shoot.names), "Point & Shoot experiment")

    @command("FolMe.PSExpGet", "", "H as")
    def experiment(self, _: Session) -> tuple[int, tuple[str, ...]]:
        """Return the selected experiment and all there are."""
        return self._shoot.selected, self._shoot.names

    @command("FolMe.PSPropsSet", "I I s s f", cost=Cost.SET)
    def set_shoot_properties(
        self, _: Session, resume: int, own: int, base_name: str, external: str, delay: float
    ) -> None:
        """Set Point & Shoot: auto-resume and own base name (0 no change, 1 on, 2 off), names, delay (s)."""
        shoot = self._shoot
        shoot.auto_resume = switched(resume, shoot.auto_resume, "Auto resume")
        shoot.own_base_name = switched(own, shoot.own_base_name, "Use own basename")
        shoot.base_name = base_name or shoot.base_name
        shoot.external = external or shoot.external
        shoot.delay = shoot.delay if math.isnan(delay) else max(0.0, delay)

    @command("FolMe.PSPropsGet", "", "I I s s f")
    def shoot_properties(self, _: Session) -> tuple[int, int, str, str, float]:
        """Return the settings of Point & Shoot."""
        shoot = self._shoot
        return int(shoot.auto_resume), int(shoot.own_base_name), shoot.base_name, shoot.external, shoot.delay
