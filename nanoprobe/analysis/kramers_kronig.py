"""Is a spectrum that of a linear, causal, steady system? The linear Kramers-Kronig test.

A chain of RC elements with fixed time constants, which obeys the relations by itself, is fitted to the spectrum; what it
cannot follow violates them (Boukamp 1995, J. Electrochem. Soc. 142, 1885; number of elements after Schönleber, Klotz,
Ivers-Tiffée 2014, Electrochim. Acta 131, 20, eq. 21).
"""

from dataclasses import dataclass

import numpy as np

from nanoprobe.roles import Array
from nanoprobe.techniques import Complexes

FEWEST = 6
"""Points below which nothing can be said."""
A_DECADE = 2.0
"""Elements a decade that the chain has at least: with fewer, mu says nothing."""
OVERFITTED = 0.85
"""The chain has enough elements once mu has fallen to this (Schönleber 2014)."""


@dataclass(frozen=True, slots=True)
class LinearTest:
    """`residual`: of each point, |Z - fit| / |Z| (1, shape (n,)); `elements`: RC elements used; `mu` (1)."""

    residual: Array
    elements: int
    mu: float

    @property
    def worst(self) -> float:
        """The largest residual (1)."""
        return float(np.max(self.residual, initial=0.0))


def linear_test(frequency: Array, impedance: Complexes) -> LinearTest:
    """Test a spectrum (`frequency` Hz, `impedance` ohm, shape (n,) each, any order); NaN residuals below FEWEST points."""
    count = len(frequency)
    if count < FEWEST:
        return LinearTest(np.full(count, np.nan), 0, np.nan)
    omega = 2 * np.pi * frequency
    found = LinearTest(np.full(count, np.nan), 0, 1.0)
    least = max(3, round(A_DECADE * float(np.log10(omega.max() / omega.min()))))
    for elements in range(least, max(least + 1, count - 2)):
        found = _fit(omega, impedance, elements)
        if found.mu <= OVERFITTED:
            break
    return found


def _fit(omega: Array, impedance: Complexes, elements: int) -> LinearTest:
    tau = np.geomspace(1 / omega.max(), 1 / omega.min(), elements)
    chain = 1 / (1 + 1j * omega[:, None] * tau)
    series = np.column_stack([np.ones_like(omega), 1j * omega, 1 / (1j * omega)])
    basis = np.column_stack([chain, series]) / np.abs(impedance)[:, None]
    target = impedance / np.abs(impedance)
    scale = np.abs(basis).max(axis=0)
    weights = np.linalg.lstsq(
        np.concatenate([basis.real, basis.imag]) / scale, np.concatenate([target.real, target.imag]), rcond=None
    )[0]
    resistances = weights[:elements] / scale[:elements]
    negative, positive = -resistances[resistances < 0].sum(), resistances[resistances >= 0].sum()
    mu = 1 - negative / positive if positive > 0 else 0.0
    return LinearTest(np.abs(target - basis @ (weights / scale)), elements, float(mu))
