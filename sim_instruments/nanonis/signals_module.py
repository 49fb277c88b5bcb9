"""Signals: names, ranges, values."""

from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.motion import SCAN_RANGE
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.signals import COUNT, CURRENT, FORCE, NAMES, SAFE_TIP, SLOTS, X, Y, Z
from sim_instruments.timeline import Session

ADDITIONAL = ("None", "Current", "Z", "Deflection", "Friction")
"""Real-time signals that can be assigned to the two additional channels."""
MEASURED = ("Bias calc (V)", "Z rel (m)", "Time (s)", *NAMES[:SLOTS])
"""Channels that measurement modules offer; their order is not that of the signals."""


class Signals(Module):
    """The 128 signals."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._additional = [0, 0]

    @command("Signals.NamesGet", "", "as")
    def names(self, _: Session) -> tuple[tuple[str, ...]]:
        """Return all names, with units."""
        return (NAMES,)

    @command("Signals.CalibrGet", "i", "f f")
    def calibration(self, _: Session, index: int) -> tuple[float, float]:
        """Return calibration per volt and offset of a signal, in its unit."""
        one_of(index, COUNT, "Signal index")
        if index in (CURRENT, SAFE_TIP):
            return self.controller.preamp.calibrations[self.controller.preamp.gain_index]
        return self._full_scale(index) / 10.0, 0.0

    @command("Signals.RangeGet", "i", "f f")
    def range(self, _: Session, index: int) -> tuple[float, float]:
        """Return the largest and smallest value a signal can have, in its unit."""
        one_of(index, COUNT, "Signal index")
        if index == Z:
            return self.controller.world.z_range[1], self.controller.world.z_range[0]
        limit = self._full_scale(index)
        return limit, -limit

    def _full_scale(self, index: int) -> float:
        special = {
            CURRENT: self.controller.preamp.full_scale,
            SAFE_TIP: self.controller.preamp.full_scale,
            X: SCAN_RANGE / 2,
            Y: SCAN_RANGE / 2,
            Z: (self.controller.world.z_range[1] - self.controller.world.z_range[0]) / 2,
            FORCE: self.controller.force(10.0),
        }
        return special.get(index, 10.0)

    @command("Signals.ValGet", "i I", "f", Cost.OWN)
    async def value(self, session: Session, index: int, newest: int) -> tuple[float]:
        """Return a signal at its next publication, at the one after it for `newest` 1."""
        one_of(index, COUNT, "Signal index")
        await self.controller.signals.next_publication(session, bool(newest))
        return (self.controller.signals.hold(session, index),)

    @command("Signals.ValsGet", "ai I", "af", Cost.OWN)
    async def values(self, session: Session, indexes: list[int], newest: int) -> tuple[list[float]]:
        """Return several signals of the same publication."""
        for index in indexes:
            one_of(index, COUNT, "Signal index")
        await self.controller.signals.next_publication(session, bool(newest))
        return ([self.controller.signals.hold(session, index) for index in indexes],)

    @command("Signals.MeasNamesGet", "", "as")
    def measurement_names(self, _: Session) -> tuple[tuple[str, ...]]:
        """Return the channels measurement modules offer."""
        return (MEASURED,)

    @command("Signals.AddRTGet", "", "as s s")
    def additional(self, _: Session) -> tuple[tuple[str, ...], str, str]:
        """Return the additional real-time signals there are and the two that are assigned."""
        first, second = self._additional
        return ADDITIONAL, ADDITIONAL[first], ADDITIONAL[second]

    @command("Signals.AddRTSet", "i i", cost=Cost.SET)
    def set_additional(self, _: Session, first: int, second: int) -> None:
        """Assign the two additional real-time signals; -1 leaves one as it is."""
        if not all(-1 <= index < len(ADDITIONAL) for index in (first, second)):
            raise CommandError(f"Additional signal must be -1 to {len(ADDITIONAL) - 1}")
        self._additional = [
            new if new >= 0 else old for new, old in zip((first, second), self._additional, strict=True)
        ]
