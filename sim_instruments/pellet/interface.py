"""One lithium/ceramic interface: its resistance, the voids that stripping leaves, the charge in its double layer."""

import math
from dataclasses import dataclass
from typing import Final

from sim_instruments.pellet.presets import MA_CM2

CAPACITANCE: Final = 0.1
"""Of one interface (F/m2)."""
EXPONENT: Final = 0.9
"""Of its constant phase element."""
CREEP: Final = 0.02e-6 * MA_CM2
"""Stripping current density that creep of the lithium makes good, for every Pa of stack pressure (A/m2/Pa)."""
REFILL: Final = 0.95
"""Share of the plated lithium that goes into the voids first."""


@dataclass
class Interface:
    """`clean`: resistance without voids (ohm m2); `void_charge` doubles it (C/m2); `pressure` on the stack (Pa)."""

    clean: float
    void_charge: float
    pressure: float
    voids: float = 0.0
    """Charge stripped and not made good (C/m2)."""
    overpotential: float = 0.0
    """Across the interface's capacitance (V), positive where lithium is stripped."""
    dendrite: float = 0.0
    """How far a dendrite from here has come through the pellet (1)."""

    @property
    def crowding(self) -> float:
        """How much more current the area left by the voids carries (1)."""
        return 1.0 + (self.voids / self.void_charge) ** 2

    @property
    def resistance(self) -> float:
        """Present resistance (ohm m2)."""
        return self.clean * self.crowding

    def impedance(self, omega: float) -> complex:
        """Return the impedance (ohm m2) at angular frequency `omega` (1/s)."""
        resistance = self.resistance
        return resistance / (1.0 + (1j * omega * resistance * CAPACITANCE) ** EXPONENT)

    def lag(self, duration: float) -> float:
        """Return what is left of a deviation from the steady state after `duration` (s)."""
        return math.exp(-duration / (self.resistance * CAPACITANCE))

    def pass_current(self, stripping: float, duration: float, critical: float) -> None:
        """Let a current density `stripping` (A/m2; negative plates) flow for `duration` (s)."""
        resistance, left = self.resistance, self.lag(duration)
        self.overpotential = stripping * resistance + (self.overpotential - stripping * resistance) * left
        made_good = CREEP * self.pressure
        share = 1.0 if stripping > 0.0 else REFILL
        self.voids = max(0.0, self.voids + (share * stripping - made_good) * duration)
        plating = -stripping * self.crowding
        if plating >= critical:
            self.dendrite += PENETRATION * (plating / critical) ** 2 * duration


PENETRATION: Final = 1.0 / 30.0
"""Share of the pellet that a dendrite crosses in a second, right at the critical current density (1/s)."""
