"""Constants of nature and of lithium, SI units. The first four are exact since the SI revision of 2019."""

from typing import Final

BOLTZMANN: Final = 1.380649e-23
"""Boltzmann constant (J/K)."""
ELEMENTARY_CHARGE: Final = 1.602176634e-19
"""Charge of a proton (C)."""
AVOGADRO: Final = 6.02214076e23
"""Particles in a mole (1/mol)."""
FARADAY: Final = ELEMENTARY_CHARGE * AVOGADRO
"""Charge of a mole of electrons (C/mol)."""
GAS_CONSTANT: Final = BOLTZMANN * AVOGADRO
"""Molar gas constant (J/(mol K))."""
LITHIUM_MOLAR_VOLUME: Final = 13.0e-6
"""Volume of a mole of lithium metal (m^3/mol)."""
ROOM_TEMPERATURE: Final = 298.0
"""Temperature at which the reference values hold (K)."""


def thermal_voltage(temperature: float = ROOM_TEMPERATURE) -> float:
    """Return RT/F (V) at `temperature` (K)."""
    return GAS_CONSTANT * temperature / FARADAY


def lithium_volume(charge: float) -> float:
    """Return the volume of lithium (m^3) that `charge` (C) plates (Faraday's law)."""
    return charge * LITHIUM_MOLAR_VOLUME / FARADAY
