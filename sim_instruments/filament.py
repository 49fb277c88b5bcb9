"""The switch a dendrite leaves behind: a neck that conducts, ruptures and forms again (domain.md §6).

Voltages are those applied at the electrode, the series resistor included. Every deviate belongs to the spot, the event
and the cycle, so that the same history gives the same filament.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

HOLDING: Final = 0.05
"""Once |V| has come down to this after the trigger, the neck is there (V)."""
NECK_VOLTAGE, NECK_SPREAD = 0.3, 0.15
"""The neck grows until this voltage (V) stands over it at the current limit; spread of the logarithm of its resistance."""
LARGEST_NECK_CURRENT: Final = 1e-6
"""Current that limits the neck where no source does (A)."""
GAP_RESISTANCE, GAP_SPREAD = 3e11, 0.5
"""Resistance over a ruptured neck (ohm), and the spread of its logarithm."""
RESET_VOLTAGE, RESET_SPREAD = 0.8, 0.2
SET_SHARE, SET_SPREAD, SET_MEMORY = 0.5, 0.12, 0.6
"""Set voltage over trigger voltage, the spread of its logarithm, and how much of a cycle's deviation the next one keeps."""
REGROWTH: Final = 0.25
"""Bias (V) at which a neck that no reset has broken grows on."""
HAZARD, HAZARD_AGEING, HAZARD_CURRENT, HAZARD_FACTOR = 1e-4, 100.0, 1e-6, 5.0
"""Chance of sticking a cycle; cycles after which that of sticking on has doubled; above this limit (A) so many times more."""
CREEP: Final = 0.02
"""Growth of ln R a decade of time while the neck conducts."""
RUPTURE_TIME, RUPTURE_SPREAD = 3e4, 1.0
"""Median life of a neck at rest (s), and the spread of its logarithm."""
RUPTURE_SHARE: Final = 0.6
"""The neck breaks when this share of the lithium has been stripped."""

Chance = Callable[[str, int], float]
"""Returns the uniform deviate of an event and a cycle."""


def normal(chance: Chance, event: str, cycle: int) -> float:
    """Return the standard normal deviate of `event` in `cycle` (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(max(chance(event, 2 * cycle), 1e-300)))
    return radius * math.cos(2.0 * math.pi * chance(event, 2 * cycle + 1))


@dataclass(frozen=True, slots=True)
class Switching:
    """One event: `kind` ("formed", "set", "reset", "ruptured", "stripped", "stuck on", "stuck off"), `time` s, `voltage` V
    (magnitude), and the `resistance` (ohm) it led to."""

    kind: str
    time: float
    voltage: float
    resistance: float
    cycle: int


@dataclass
class Filament:
    """The neck at one spot that has triggered at `trigger_voltage` (V)."""

    trigger_voltage: float
    chance: Chance = field(repr=False)
    formed: bool = False
    conducting: bool = False
    resistance: float = math.inf
    """Of the neck as it formed, or over the gap (ohm)."""
    cycle: int = 0
    stuck: str = ""
    set_at: float = 0.0
    limit: float = math.inf
    """Current limit while it last grew (A)."""
    history: list[Switching] = field(default_factory=list, repr=False)
    on_switch: Callable[[Switching], None] = field(default=lambda event: None, repr=False)
    _memory: float = 0.0
    _resisted: bool = False
    set_voltage: float = math.inf
    reset_voltage: float = math.inf
    life: float = math.inf

    def conductance(self, now: float, series: float) -> float:
        """Return the conductance (S) of the neck, or of its gap, behind `series` (ohm); 0 while it has not formed."""
        if not self.formed:
            return 0.0
        creep = CREEP * math.log10(1.0 + max(now - self.set_at, 0.0)) if self.conducting else 0.0
        return 1.0 / (self.resistance * math.exp(creep) + series)

    def see(self, now: float, volts: float, limit: float) -> bool:
        """Take in the bias `volts` (V, plating positive) under current limit `limit` (A); say whether anything switched."""
        if not self.formed:
            if volts > HOLDING:
                self.limit = limit
                return False
            self.formed = True
            self._connect(now, "formed", self.trigger_voltage)
            return True
        if self.conducting:
            return self._see_conducting(now, volts, limit)
        if volts < self.set_voltage or self.stuck == "off":
            return False
        self.limit = limit
        if self._sticks("stuck off", HAZARD):
            self.stuck = "off"
            self._tell("stuck off", now, volts)
            return False
        self._connect(now, "set", self.set_voltage)
        return True

    def _see_conducting(self, now: float, volts: float, limit: float) -> bool:
        if -volts > HOLDING:
            self._resisted = True
        elif self._resisted and volts > REGROWTH and not self.stuck:
            # A neck that no reset has broken is grown over by the next set pulse.
            self.cycle, self.limit = self.cycle + 1, limit
            self._connect(now, "set", volts)
            return True
        if now - self.set_at > self.life and self.stuck != "on":
            self._rupture(now, "ruptured", abs(volts))
            return True
        if -volts < self.reset_voltage or self.stuck == "on":
            return False
        if self._sticks("stuck on", HAZARD * (1.0 + self.cycle / HAZARD_AGEING)):
            self.stuck = "on"
            self._tell("stuck on", now, -volts)
            return False
        self._rupture(now, "reset", self.reset_voltage)
        return True

    def strip(self, now: float, share: float) -> None:
        """Take in that `share` (0 to 1) of the lithium has been stripped."""
        if self.conducting and self.stuck != "on" and share >= RUPTURE_SHARE:
            self._rupture(now, "stripped", 0.0)

    def _sticks(self, event: str, hazard: float) -> bool:
        factor = HAZARD_FACTOR if min(self.limit, LARGEST_NECK_CURRENT) >= HAZARD_CURRENT else 1.0
        return self.chance(event, self.cycle) < hazard * factor

    def _connect(self, now: float, kind: str, voltage: float) -> None:
        n = self.cycle
        spread = math.exp(NECK_SPREAD * normal(self.chance, "neck", n))
        self.resistance = NECK_VOLTAGE / min(self.limit, LARGEST_NECK_CURRENT) * spread
        self.conducting, self.set_at, self._resisted = True, now, False
        self.reset_voltage = RESET_VOLTAGE * math.exp(RESET_SPREAD * normal(self.chance, "reset", n))
        self.life = RUPTURE_TIME * math.exp(RUPTURE_SPREAD * normal(self.chance, "life", n))
        self._tell(kind, now, voltage)

    def _rupture(self, now: float, kind: str, voltage: float) -> None:
        n = self.cycle
        self.conducting = False
        self.resistance = GAP_RESISTANCE * math.exp(GAP_SPREAD * normal(self.chance, "gap", n))
        fresh = math.sqrt(1.0 - SET_MEMORY**2) * SET_SPREAD * normal(self.chance, "set", n)
        self._memory = SET_MEMORY * self._memory + fresh
        self.set_voltage = SET_SHARE * self.trigger_voltage * math.exp(self._memory)
        self._tell(kind, now, voltage)
        self.cycle += 1

    def _tell(self, kind: str, now: float, voltage: float) -> None:
        event = Switching(kind, now, voltage, self.resistance, self.cycle)
        self.history.append(event)
        self.on_switch(event)
