"""The tip: what it is, what wears it, and the loop that holds its force."""

from dataclasses import dataclass
from typing import Final

LOOP_TIME: Final = 5e-3
"""Time constant of the deflection loop (s)."""
IMAGING_LOOP_TIME: Final = 0.2e-3
"""Time constant of the loop while scanning, where gains are tuned for speed (s)."""
YIELD_PRESSURE: Final = 9e9
"""Mean pressure (Pa) at which the apex of a metal-coated tip breaks."""
BROKEN_LENGTH, BLUNTING = 2e-9, 1.5
"""What the tip loses of its length when its apex breaks (m), and how much blunter it is then (1)."""


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
    shortened: float = 0.0
    """Length the tip has lost because its apex broke (m)."""
    has_lithium: bool = False
    lost: bool = False
    """Whether it has broken off, so that the lever touches nothing any more."""

    def scan(self, length: float) -> None:
        """Drag the tip over `length` (m) of the sample: it grows blunter, and loses lithium it has picked up."""
        self.scanned += length
        self.radius += self.wear * length
        if length >= CLEANING_LENGTH:
            self.has_lithium = False

    def break_apex(self) -> None:
        """Break the apex: the tip is shorter and blunter from now on."""
        self.shortened += BROKEN_LENGTH
        self.radius *= BLUNTING


CLEANING_LENGTH: Final = 1e-6
"""A line of this length (m) rubs picked-up lithium off."""
