"""At which voltage a place triggers: the frozen Weibull quantile and its corrections (domain.md §6)."""

import math
from dataclasses import dataclass
from typing import Final

from nanoprobe.physics.constants import ROOM_TEMPERATURE
from sim_instruments.sample import Sample, Weibull
from sim_instruments.surface import Site

REFERENCE_RATE: Final = 0.5
"""Ramp rate of the table (V/s)."""
REFERENCE_FORCE: Final = 50e-9
"""Force of the table (N)."""
REFERENCE_RADIUS: Final = 25e-9
"""Tip radius of the table (m)."""
SLOWEST, FASTEST = 1e-3, 100.0
"""Rates beyond these count as these (V/s)."""
FLOOR: Final = 1.0
"""No place triggers below (V): the pressure under the tip costs p Vm/F = 0.44 V, and to open a flaw of 18 nm against
K_IC = 1 MPa m^0.5 costs 0.56 V more (Griffith; domain.md §3)."""
REACH: Final = 10.0
"""Largest bias there is (V)."""
LITHIUM_ON_TIP, LITHIUM_ON_SPOT = 0.85, 0.3
"""What lithium on the tip, or left on the spot by an earlier trigger, makes of the trigger voltage."""


@dataclass(frozen=True)
class Knobs:
    """Which of the contested mechanisms act; 0 switches one off."""

    leakage: float = 0.15
    """Volts less for every decade of electronic conductivity above the expected one (electronic knob)."""
    softness: float = 0.5
    """Power of the local stiffness in the trigger voltage (mechanical knob)."""


@dataclass(frozen=True)
class Conditions:
    """Under which conditions a ramp meets a place (SI units)."""

    rate: float = REFERENCE_RATE
    force: float = REFERENCE_FORCE
    radius: float = REFERENCE_RADIUS
    temperature: float = ROOM_TEMPERATURE
    lithium_on_tip: bool = False
    lithium_on_spot: bool = False


def distribution(sample: Sample, site: Site) -> Weibull:
    """Return the Weibull of the place's class, passing smoothly from grain to boundary to triple junction."""
    boundary = sample.interior.towards(sample.boundary, site.boundary)
    return boundary.towards(sample.triple_junction, site.boundary * site.triple)


def trigger_voltage(sample: Sample, site: Site, conditions: Conditions, knobs: Knobs) -> float | None:
    """Return the bias |V| (V) that triggers here, None where none within reach does."""
    table = distribution(sample, site)
    rate = min(max(conditions.rate, SLOWEST), FASTEST)
    scale = table.scale + 0.10 * math.log(rate / REFERENCE_RATE) - knobs.leakage * math.log10(site.leakage)
    scale -= 4e-3 * (conditions.temperature - ROOM_TEMPERATURE)
    scale *= (max(conditions.force, 1e-9) / REFERENCE_FORCE) ** -0.1
    scale *= (conditions.radius / REFERENCE_RADIUS) ** -0.15 * site.softness**knobs.softness
    volts = Weibull(max(scale, FLOOR), table.modulus).quantile(site.probability)
    volts *= LITHIUM_ON_TIP if conditions.lithium_on_tip else 1.0
    volts *= LITHIUM_ON_SPOT if conditions.lithium_on_spot else 1.0
    volts = max(volts, FLOOR)
    return volts if volts <= REACH else None
