"""The two kinds of pellet of domain.md §6 in numbers (SI; per m2 of electrode where an area stands in the unit)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sim_instruments.sample import SAMPLES

MA_CM2: Final = 10.0
"""One mA/cm2 in A/m2."""
MAH_CM2: Final = 3.6e4
"""One mAh/cm2 in C/m2."""
CCD_AT_NO_RESISTANCE: Final = 1.96 * MA_CM2
CCD_RESISTANCE: Final = 160e-4
"""CCD falls by e with every so much of interface resistance (ohm m2)."""
CCD_MODULUS: Final = 5.0
"""Weibull modulus of the critical current density."""


@dataclass(frozen=True)
class Pellet:
    """What distinguishes a kind of pellet."""

    name: str
    interface: float
    """Median resistance of one lithium/ceramic interface (ohm m2)."""
    interface_spread: float
    """Standard deviation of its logarithm."""
    void_charge: float
    """Charge stripped without replenishment that doubles the interface resistance (C/m2)."""
    fade: float
    """Share of the cathode's capacity lost a full cycle."""


BARE = Pellet("bare", SAMPLES["bare"].film_resistance, SAMPLES["bare"].film_resistance_spread, 0.5 * MAH_CM2, 3e-3)
PPC = Pellet("ppc", SAMPLES["ppc"].film_resistance, SAMPLES["ppc"].film_resistance_spread, 3.0 * MAH_CM2, 5e-5)
PELLETS: Final = {pellet.name: pellet for pellet in (BARE, PPC)}


@dataclass(frozen=True)
class Drawn:
    """What one pellet of a kind turned out to be."""

    interface: float
    """Resistance of one interface at room temperature without voids (ohm m2)."""
    critical: float
    """Current density at which a dendrite shoots through (A/m2)."""
    short: float
    """Resistance of a soft short over that of the whole cell (1)."""


def draw(pellet: Pellet, uniform: Callable[[int], float], normal: Callable[[int], float]) -> Drawn:
    """Draw a pellet from deviates that belong to whole numbers: `uniform` of (0, 1), `normal` standard."""
    interface = pellet.interface * math.exp(pellet.interface_spread * normal(0))
    scale = CCD_AT_NO_RESISTANCE * math.exp(-interface / CCD_RESISTANCE)
    critical = scale * math.pow(-math.log(uniform(1)), 1.0 / CCD_MODULUS)
    return Drawn(interface, critical, 0.15 + 0.45 * uniform(2))
