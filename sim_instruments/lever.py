"""The lever's thermal motion: its first bending mode as an oscillator in a bath (SI units).

A beam clamped at one end bends differently when it vibrates than when it is pushed at its end, and optical detection sees
the slope of the end: both are worked out here from the mode's shape.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq

from nanoprobe.physics.constants import BOLTZMANN, ROOM_TEMPERATURE
from sim_instruments.noise import Floats

STIFFNESS, RESONANCE = 40.0, 300e3
"""A lever of this spring constant (N/m) resonates there (Hz); softer ones of the same mass lower."""
QUALITY = 300.0
"""Quality factor in a gas at ambient pressure."""


@dataclass(frozen=True)
class Lever:
    """A rectangular lever of `spring_constant` (N/m)."""

    spring_constant: float
    temperature: float = ROOM_TEMPERATURE

    @property
    def resonance(self) -> float:
        """Frequency of the first mode (Hz)."""
        return RESONANCE * math.sqrt(self.spring_constant / STIFFNESS)

    @cached_property
    def mean_square(self) -> float:
        """Mean square of what detection takes for the end's deflection (m2), first mode alone."""
        share, slope = _first_mode()
        return share * slope**2 * BOLTZMANN * self.temperature / self.spring_constant

    def spectrum(self, frequency: Floats) -> Floats:
        """Return the one-sided power density (m2/Hz) of the deflection as detected, at `frequency` (Hz)."""
        ratio = frequency / self.resonance
        shape = 2.0 / (math.pi * self.resonance * QUALITY)
        return np.asarray(self.mean_square * shape / ((1.0 - ratio**2) ** 2 + (ratio / QUALITY) ** 2))

    def rms(self, bandwidth: float) -> float:
        """Return the rms deflection (m) seen in `bandwidth` (Hz) from 0 on."""
        flat = self.mean_square * 2.0 / (math.pi * self.resonance * QUALITY)
        return math.sqrt(min(self.mean_square, flat * bandwidth))


def _first_mode() -> tuple[float, float]:
    """Return the first mode's share of kT/k at the end, and its end slope over a static one's, both per deflection.

    Mode shape of a clamped beam of length 1: W = cosh ax - cos ax - b (sinh ax - sin ax), cos a cosh a = -1; the mode's
    spring constant is a^4/12 of the static one (equipartition), its end slope is held against the static 3/2.
    """
    a = float(brentq(lambda x: math.cos(x) * math.cosh(x) + 1.0, 1.5, 2.2))
    b = (math.cosh(a) + math.cos(a)) / (math.sinh(a) + math.sin(a))
    end = math.cosh(a) - math.cos(a) - b * (math.sinh(a) - math.sin(a))
    slope = a * (math.sinh(a) + math.sin(a) - b * (math.cosh(a) - math.cos(a)))
    return 12.0 / a**4, slope / end / 1.5
