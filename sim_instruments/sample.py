"""The two samples of domain.md §6: what the surface is made of, in numbers."""

import math
from dataclasses import dataclass
from typing import Final

OHM_CM2: Final = 1e-4
"""One ohm cm2 in ohm m2."""


@dataclass(frozen=True)
class Weibull:
    """Distribution of trigger voltages: scale V0 (V) and modulus m."""

    scale: float
    modulus: float

    def towards(self, other: "Weibull", share: float) -> "Weibull":
        """Return the distribution that lies `share` (0 to 1) of the way to `other`."""
        return Weibull(
            self.scale + share * (other.scale - self.scale), self.modulus + share * (other.modulus - self.modulus)
        )

    def quantile(self, probability: float) -> float:
        """Return the voltage (V) below which a share `probability` of the places triggers."""
        return self.scale * math.pow(-math.log1p(-probability), 1.0 / self.modulus)


@dataclass(frozen=True)
class Sample:
    """A kind of sample; SI units."""

    name: str
    interior: Weibull
    boundary: Weibull
    triple_junction: Weibull
    film_resistance: float
    """Median area-specific resistance before the trigger (ohm m2)."""
    film_resistance_spread: float
    """Standard deviation of its logarithm."""
    coating: float = 0.0
    """Thickness of the homogenising layer (m); 0 without one."""
    coating_conductivity: float = math.inf
    """Its ionic conductivity (S/m)."""
    contact_modulus: float | None = None
    """Young's modulus the tip feels (Pa); None: the ceramic's own."""
    adhesion_work: float = 0.05
    """Work of adhesion (J/m2)."""
    growth_cap: float = 3.0
    """Before the trigger the loaded tip confines the lithium to this many contact radii."""

    @property
    def blur(self) -> float:
        """Sigma of the Gaussian by which the coating smooths every field (m)."""
        return self.coating / 2.0


BARE = Sample(
    "bare",
    interior=Weibull(4.2, 7.0),
    boundary=Weibull(2.4, 4.5),
    triple_junction=Weibull(1.9, 4.0),
    film_resistance=300.0 * OHM_CM2,
    film_resistance_spread=0.5,
)
# Under the coating lithium spreads as a flat film along the ceramic, so the contact does not grow before the trigger.
PPC = Sample(
    "ppc",
    interior=Weibull(7.0, 12.0),
    boundary=Weibull(6.2, 11.0),
    triple_junction=Weibull(6.2, 11.0),
    film_resistance=14.0 * OHM_CM2,
    film_resistance_spread=0.1,
    coating=200e-9,
    coating_conductivity=1e-3,
    contact_modulus=1e9,
    adhesion_work=0.2,
    growth_cap=1.0,
)
SAMPLES: Final = {sample.name: sample for sample in (BARE, PPC)}
