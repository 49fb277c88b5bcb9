"""Digital lines that are switched along with a spectroscopy: the same commands in modules BiasSpectr and ZSpectr."""

import math
from dataclasses import dataclass, replace

from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.registry import Cost, Module, command
from sim_instruments.nanonis.spectroscopy_settings import quantised
from sim_instruments.timeline import Session


@dataclass(frozen=True)
class Synchronisation:
    """Digital lines switched along with the sweep. They lead nowhere in the simulated lab, but can be set and read."""

    mode: int = 0
    """0 off, 1 TTL, 2 pulse sequence."""
    line: int = 0
    active_high: bool = True
    time_to_on: float = 0.0
    on_duration: float = 0.0
    sequence: int = 1
    periods: int = 1


class SynchronisedModule(Module):
    """Commands of the synchronisation; their names begin with the module's own."""

    sync = Synchronisation()

    @command(".DigSyncSet", "H", cost=Cost.SET)
    def set_digital_sync(self, session: Session, mode: int) -> None:
        """Choose 1 off, 2 TTL, 3 pulse sequence; 0 changes nothing."""
        if one_of(mode, 4, "Digital sync"):
            self._sync(mode=mode - 1)

    @command(".DigSyncGet", reply="H")
    def digital_sync(self, session: Session) -> tuple[int]:
        """Return 0 off, 1 TTL, 2 pulse sequence."""
        return (self.sync.mode,)

    @command(".TTLSyncSet", "H H f f", cost=Cost.SET)
    def set_ttl(self, session: Session, line: int, polarity: int, time_to_on: float, on_duration: float) -> None:
        """Set line 1 to 4, polarity 1 low or 2 high active, and times (s); 0 and NaN change nothing."""
        old = self.sync
        self._sync(
            line=one_of(line, 5, "TTL line") - 1 if line else old.line,
            active_high=one_of(polarity, 3, "TTL polarity") == 2 if polarity else old.active_high,
            time_to_on=old.time_to_on if math.isnan(time_to_on) else quantised(time_to_on),
            on_duration=old.on_duration if math.isnan(on_duration) else quantised(on_duration),
        )

    @command(".TTLSyncGet", reply="H H f f")
    def ttl(self, session: Session) -> tuple[int, int, float, float]:
        """Return line 0 to 3, polarity 0 low or 1 high active, times (s)."""
        now = self.sync
        return now.line, int(now.active_high), now.time_to_on, now.on_duration

    @command(".PulseSeqSyncSet", "H I", cost=Cost.SET)
    def set_pulse_sequence(self, session: Session, number: int, periods: int) -> None:
        """Choose a pulse sequence (0 changes nothing) and how often it runs."""
        self._sync(sequence=number or self.sync.sequence, periods=periods)

    @command(".PulseSeqSyncGet", reply="H I")
    def pulse_sequence(self, session: Session) -> tuple[int, int]:
        """Return the pulse sequence and how often it runs."""
        return self.sync.sequence, self.sync.periods

    def _sync(self, **changes: float) -> None:
        self.sync = replace(self.sync, **changes)  # type: ignore[arg-type]
