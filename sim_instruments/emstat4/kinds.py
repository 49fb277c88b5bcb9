"""The devices of the family in numbers (hardware.md §3; range indices as their data packages name them)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """One model. Ranges as (full scale in A or V, index in a package), smallest first."""

    prefix: str
    """First word of the answer to `t`."""
    potential: float
    """Largest |potential| it applies (V)."""
    compliance: float
    """Largest |potential| between the electrodes it reaches as a galvanostat (V)."""
    current_ranges: tuple[tuple[float, int], ...]
    potential_ranges: tuple[tuple[float, int], ...]
    frequency: float
    """Largest frequency of an impedance spectrum (Hz)."""


_ES4_CURRENT = ((1e-9, 3), (1e-8, 6), (1e-7, 9), (1e-6, 12), (1e-5, 15), (1e-4, 18), (1e-3, 21), (1e-2, 24), (1e-1, 27))
_ES4_POTENTIAL = ((0.05, 2), (0.1, 3), (0.2, 4), (0.5, 5), (1.0, 6))

KINDS: Final = {
    "HR": Kind("es4_hr", 6.0, 8.0, _ES4_CURRENT[2:], _ES4_POTENTIAL, 200e3),
    "LR": Kind("es4_lr", 3.0, 5.0, _ES4_CURRENT[:8], _ES4_POTENTIAL, 200e3),
}
