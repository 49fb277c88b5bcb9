"""How current gets into and out of a body: what holds on a part of its surface. Potentials in V, densities in A/m2."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.physics.constants import FARADAY, LITHIUM_MOLAR_VOLUME, ROOM_TEMPERATURE, thermal_voltage
from nanoprobe.physics.domain import Array, Field, Where

PRESSURE_TO_VOLTS: Final = LITHIUM_MOLAR_VOLUME / FARADAY
"""Overpotential that a pressure on the lithium costs (V/Pa), Vm/F (Monroe and Newman 2005)."""


@dataclass(frozen=True)
class Fixed:
    """A metal without any resistance between it and the body (primary distribution), at `potential` V."""

    where: Where
    potential: float | Field = 0.0


@dataclass(frozen=True)
class Supply:
    """A given current density into the body (A/m2)."""

    where: Where
    density: float


@dataclass(frozen=True)
class Film:
    """A metal at `potential` V behind a film of area-specific `resistance` (ohm m2): j = (potential - phi) / resistance."""

    where: Where
    potential: float
    resistance: float

    def drop(self, density: Array) -> tuple[Array, Array]:
        """Return the voltage between metal and body at `density` (V), and its slope (ohm m2)."""
        check_positive(self.resistance, "the resistance of a film", "ohm m2")
        return self.resistance * density, np.full_like(density, self.resistance)


@dataclass(frozen=True)
class Kinetics:
    """A lithium electrode with charge transfer: j = i0 2 sinh(F eta / 2RT) (Butler-Volmer, alpha 1/2), and a film.

    eta = potential - phi - j `film` - p Vm/F: `pressure` (Pa, a field of places in m) on the lithium holds plating back
    (Monroe and Newman 2005).
    """

    where: Where
    potential: float
    exchange: float
    """Exchange current density i0 (A/m2)."""
    film: float = 0.0
    """Area-specific resistance in series (ohm m2)."""
    pressure: Field | None = None
    temperature: float = ROOM_TEMPERATURE

    def drop(self, density: Array) -> tuple[Array, Array]:
        """Return the voltage between metal and body at `density` (V), and its slope (ohm m2)."""
        check_positive(self.exchange, "the exchange current density", "A/m2")
        bend = 2 * thermal_voltage(self.temperature)
        ratio = density / (2 * self.exchange)
        slope = bend / (2 * self.exchange * np.sqrt(1 + ratio**2))
        return bend * np.arcsinh(ratio) + self.film * density, slope + self.film


@dataclass(frozen=True)
class FarAway:
    """A cut through a body that goes on for ever: beyond it the potential falls as 1/r to 0 V (axisymmetric bodies).

    Exact for the monopole whatever the cut's shape; the next term is smaller by (size of source / distance)^2.
    """

    where: Where


Contact = Fixed | Supply | Film | Kinetics | FarAway


def check_positive(value: float, name: str, unit: str) -> None:
    """Raise BadInput where a quantity is not positive."""
    if not value > 0:
        raise BadInput(f"{name} is {value:g} {unit}; it must be positive")
