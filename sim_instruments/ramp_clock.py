"""How fast a ramp came to the plating onset."""

import math
from dataclasses import dataclass
from typing import Final

LEAVING: Final = 0.05
"""A ramp is timed from here (V)."""


@dataclass
class RampClock:
    """Times one ramp: from leaving 50 mV until plating starts."""

    time: float = -math.inf
    volts: float = 0.0
    below: bool = True

    def see(self, now: float, volts: float) -> None:
        """Take note of the bias (V) at time `now` (s)."""
        if volts < LEAVING:
            self.below = True
        elif self.below:
            self.time, self.volts, self.below = now, volts, False

    def rate(self, now: float, volts: float) -> float:
        """Return the mean ramp rate (V/s) up to `now`; infinite for a single jump."""
        elapsed = now - self.time
        return abs(volts - self.volts) / elapsed if elapsed > 0.0 else math.inf
