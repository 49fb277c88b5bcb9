"""Current: the preamp's reading, gain, filter and calibration."""

from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.preamp import FILTERS, GAINS
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.signals import CURRENT
from sim_instruments.timeline import Session

FILTER_RELEASE = 11798
"""First release whose gain commands carry the filter."""


def _gains_reply(release: int) -> str:
    return "as i as i" if release >= FILTER_RELEASE else "as i"


class Current(Module):
    """The current amplifier."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._preamp = controller.preamp

    @command("Current.Get", "", "f")
    def get(self, session: Session) -> tuple[float]:
        """Return the current (A) as last published."""
        return (self.controller.signals.hold(session, CURRENT),)

    @command("Current.100Get", "", "f")
    def get_100(self, session: Session) -> tuple[float]:
        """Return the current (A) of the stage amplified 100 times more: it overloads at a hundredth."""
        limit = self._preamp.full_scale / 100.0
        return (max(-limit, min(limit, self.controller.signals.hold(session, CURRENT))),)

    @command("Current.BEEMGet", "", "f")
    def get_beem(self, _: Session) -> tuple[float]:
        """Return the collector current (A); no collector is wired, so it reads 0."""
        return (0.0,)

    @command("Current.GainsGet", "", _gains_reply)
    def get_gains(self, _: Session) -> tuple[list[str] | int, ...]:
        """Return gains, the selected one, filters, the selected one."""
        gains = [gain.name for gain in GAINS], self._preamp.gain_index
        filters = [name for name, _ in FILTERS], self._preamp.filter_index
        return gains + filters if self.controller.release >= FILTER_RELEASE else gains

    @command("Current.GainSet", "i ?i", cost=Cost.SET)
    def set_gain(self, _: Session, gain: int, filter_index: int | None) -> None:
        """Select gain and filter; -1 leaves one as it is."""
        filter_index = -1 if filter_index is None else filter_index
        gain = one_of(gain, len(GAINS) + 1, "Gain index", -1)
        filter_index = one_of(filter_index, len(FILTERS) + 1, "Filter index", -1)
        self.controller.signals.mark()
        self._preamp.gain_index = gain if gain >= 0 else self._preamp.gain_index
        self._preamp.filter_index = filter_index if filter_index >= 0 else self._preamp.filter_index

    @command("Current.CalibrSet", "i d d", cost=Cost.SET)
    def set_calibration(self, _: Session, gain: int, calibration: float, offset: float) -> None:
        """Set calibration (A/V) and offset (A) of a gain, -1 for the selected one."""
        if not calibration:
            raise CommandError("Calibration must not be 0")
        self._preamp.calibrations[self._index(gain)] = (calibration, offset)

    @command("Current.CalibrGet", "i", "d d")
    def get_calibration(self, _: Session, gain: int) -> tuple[float, float]:
        """Return calibration (A/V) and offset (A) of a gain, -1 for the selected one."""
        return self._preamp.calibrations[self._index(gain)]

    def _index(self, gain: int) -> int:
        return self._preamp.gain_index if gain == -1 else one_of(gain, len(GAINS), "Gain index")
