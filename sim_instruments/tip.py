"""The tip: what it is, how it touches, and the loop that holds its force."""

import math
from dataclasses import dataclass
from typing import Final

TIP_POISSON, TIP_MODULUS = 0.38, 168e9
"""Poisson ratio and Young's modulus (Pa) of platinum."""
CERAMIC_POISSON: Final = 0.26
LOOP_TIME: Final = 5e-3
"""Time constant of the deflection loop (s)."""
IMAGING_LOOP_TIME: Final = 0.2e-3
"""Time constant of the loop while scanning, where gains are tuned for speed (s)."""


@dataclass
class Tip:
    """The tip as it is now; SI units. `x`, `y`, `z`: scanner place of its base, z up."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    in_contact: bool = False
    force: float = 0.0
    radius: float = 25e-9
    wear: float = 0.0005e-9 / 1e-6
    """Growth of the radius per length scanned (m/m); PtIr. Diamond: a twenty-fifth."""
    resistance: float = 5e3
    spring_constant: float = 40.0
    scanned: float = 0.0
    """Length dragged over the sample so far (m)."""
    has_lithium: bool = False
    lost: bool = False
    """Whether it has broken off, so that the lever touches nothing any more."""

    def scan(self, length: float) -> None:
        """Drag the tip over `length` (m) of the sample: it grows blunter, and loses lithium it has picked up."""
        self.scanned += length
        self.radius += self.wear * length
        if length >= CLEANING_LENGTH:
            self.has_lithium = False


CLEANING_LENGTH: Final = 1e-6
"""A line of this length (m) rubs picked-up lithium off."""


def reduced_modulus(modulus: float, poisson: float = CERAMIC_POISSON) -> float:
    """Return E* (Pa) of platinum on a sample of `modulus` (Pa) (Johnson, Contact Mechanics, 1985)."""
    return 1.0 / ((1.0 - TIP_POISSON**2) / TIP_MODULUS + (1.0 - poisson**2) / modulus)


def contact_radius(force: float, radius: float, reduced: float) -> float:
    """Return Hertz's contact radius (m) under `force` (N)."""
    return math.cbrt(0.75 * max(force, 0.0) * radius / reduced)


def indentation(force: float, radius: float, reduced: float) -> float:
    """Return Hertz's indentation (m) under `force` (N)."""
    return math.pow(0.75 * max(force, 0.0) / (reduced * math.sqrt(radius)), 2.0 / 3.0)


def travel_for(force: float, spring: float, radius: float, reduced: float) -> float:
    """Return how far below first touch the base stands (m) when the contact carries `force` (N)."""
    return force / spring + indentation(force, radius, reduced)


def force_at(travel: float, spring: float, radius: float, reduced: float) -> float:
    """Return the force (N) when the base stands `travel` (m) below first touch; negative while adhesion holds it."""
    if travel <= 0.0:
        return spring * travel
    force = spring * travel
    for _ in range(20):
        excess = travel_for(force, spring, radius, reduced) - travel
        slope = 1.0 / spring + (2.0 / 3.0) * indentation(force, radius, reduced) / force
        step = excess / slope
        force = max(force - step, 0.1 * force)
        if abs(step) <= 1e-6 * force:
            break
    return force


def adhesion_force(radius: float, work: float) -> float:
    """Return the pull-off force (N) (Derjaguin, Muller, Toporov 1975): 2 pi R w."""
    return 2.0 * math.pi * radius * work
