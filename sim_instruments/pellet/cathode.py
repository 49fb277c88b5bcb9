"""A LiFePO4 cathode: open-circuit voltage over its charge, a charge-transfer arc, and fade."""

import math
from dataclasses import dataclass
from typing import Final

from sim_instruments.pellet.presets import MAH_CM2

LOADING: Final = 0.3 * MAH_CM2
"""Capacity when new (C/m2): 2 mg/cm2 at 150 mAh/g."""
TRANSFER: Final = 30e-4
"""Charge-transfer resistance (ohm m2)."""
CAPACITANCE: Final = 10.0
"""In parallel to it (F/m2)."""


@dataclass
class Cathode:
    """State of the cathode; starts as delivered, discharged."""

    fade: float
    """Share of the capacity lost a full cycle."""
    capacity: float = LOADING
    """Present capacity (C/m2)."""
    lithium: float = 0.98
    """Share of the sites that hold lithium (1): 1 discharged, 0 charged."""
    overpotential: float = 0.0
    """Across the charge-transfer arc (V)."""

    def voltage(self) -> float:
        """Return the open-circuit voltage against lithium (V): the plateau at 3.42 V, steep at either end."""
        x = min(max(self.lithium, -0.2), 1.2)
        return 3.424 + 0.03 * (0.5 - x) + 0.45 * math.exp(-x / 0.012) - 1.0 * math.exp((x - 1.0) / 0.02)

    def slope(self) -> float:
        """Return how the open-circuit voltage rises with the charge taken out (V m2/C)."""
        x = min(max(self.lithium, -0.2), 1.2)
        steep = 0.03 + 0.45 / 0.012 * math.exp(-x / 0.012) + 1.0 / 0.02 * math.exp((x - 1.0) / 0.02)
        return steep / self.capacity

    def lag(self, duration: float) -> float:
        """Return what is left of a deviation from the steady state after `duration` (s)."""
        return math.exp(-duration / (TRANSFER * CAPACITANCE))

    def impedance(self, omega: float) -> complex:
        """Return the impedance (ohm m2) at angular frequency `omega` (1/s)."""
        return TRANSFER / (1.0 + 1j * omega * TRANSFER * CAPACITANCE)

    def pass_current(self, charging: float, duration: float) -> None:
        """Let a current density `charging` (A/m2) flow for `duration` (s); a full cycle moves the capacity twice."""
        steady = charging * TRANSFER
        self.overpotential = steady + (self.overpotential - steady) * self.lag(duration)
        moved = charging * duration
        self.lithium -= moved / self.capacity
        self.capacity *= 1.0 - self.fade * abs(moved) / (2.0 * LOADING)
