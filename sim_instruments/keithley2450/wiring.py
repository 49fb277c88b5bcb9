"""What the 2450 needs of the world it is wired to."""

import math
from typing import Protocol

TERMINALS = "source_meter"
"""The name under which the world knows the 2450's terminals."""


class ElectricalWorld(Protocol):
    """The electrical side of the world (SI units)."""

    def set_source(self, name: str, volts: float | None, compliance: float = math.inf) -> None:
        """Put `volts` (V, None: high impedance) on a source's terminals, at most `compliance` (A)."""

    def source_voltage(self, name: str) -> float:
        """Return what stands at a source's terminals (V)."""

    def source_current(self, name: str) -> float:
        """Return the true current out of a source's HI terminal (A)."""

    def clamped(self, name: str) -> bool:
        """Say whether a source stands in compliance."""

    def noise(self, channel: str, t: float) -> float:
        """Return a standard normal value that depends on seed, channel and time (s) alone."""
