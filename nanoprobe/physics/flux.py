"""The flux through a body, as it was solved: potential, current density, contact currents and resistances."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from skfem import Basis

from nanoprobe.physics.domain import Array, Domain, Mask

CORNERS: Final = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""Corners of the reference triangle."""


@dataclass(frozen=True)
class Flux:
    """A solution. `currents`: into the body at each contact (A; A/m for a plane body); `mean_potentials` there (V).

    `power` (W): energy turned to heat; `indicators`: each triangle's share of its error (W); `dofs`: unknowns.
    """

    domain: Domain
    basis: Any = field(repr=False)
    conductivity: Array = field(repr=False)
    potential: Array = field(repr=False)
    currents: Mapping[str, float]
    mean_potentials: Mapping[str, float]
    power: float
    indicators: Array = field(repr=False)

    @property
    def dofs(self) -> int:
        """Number of unknowns, fixed ones included."""
        return int(self.basis.N)

    @property
    def estimated_error(self) -> float:
        """Relative error of the power, and so of a resistance, by the jumps of the flux over edges."""
        return float(self.indicators.sum() / self.power)

    def resistance(self, contact: str, other: str | None = None) -> float:
        """Return mean potential over current (ohm; ohm m for a plane body) of `contact` against `other` or 0 V."""
        away = 0.0 if other is None else self.mean_potentials[other]
        return (self.mean_potentials[contact] - away) / self.currents[contact]

    @property
    def imbalance(self) -> float:
        """What does not come out again, over what goes in."""
        flows = np.array(list(self.currents.values()))
        return float(abs(flows.sum()) / np.abs(flows).max())

    @cached_property
    def _corner_density(self) -> tuple[Array, NDArray[np.int_]]:
        corners = Basis(self.basis.mesh, self.basis.elem, quadrature=(CORNERS, np.full(3, 1 / 6)))
        density = -self.conductivity[:, None] * np.asarray(corners.interpolate(self.potential).grad)
        return density, self.domain.mesh.t.T

    def density(self, place: tuple[float, float], side: Callable[[Array], Mask] | None = None) -> Array:
        """Return the current density (A/m2, shape (2,)) at a vertex (own coordinates): mean of its triangles (on one `side`)."""
        density, corners = self._corner_density
        around = corners == self.domain.vertex(place)
        if side is not None:
            around = around & side(self.domain.centres)[:, None]
        return np.asarray(density[:, around].mean(axis=1))

    def at(self, place: tuple[float, float]) -> float:
        """Return the potential (V) at a vertex (own coordinates)."""
        return float(self.potential[self.basis.nodal_dofs[0, self.domain.vertex(place)]])
