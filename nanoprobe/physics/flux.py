"""The flux through a body, as it was solved: potential, current density, contact currents and resistances."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from skfem import Basis

from nanoprobe.physics.domain import Array, Domain, Mask

CORNERS: Final = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""Corners of the reference triangle."""
Side = Callable[[Array], Mask] | None
"""Says which triangles are meant by their centres (own coordinates); None: all."""


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
    def _corner_density(self) -> Array:
        corners = Basis(self.basis.mesh, self.basis.elem, quadrature=(CORNERS, np.full(3, 1 / 6)))
        return np.asarray(-self.conductivity[:, None] * corners.interpolate(self.potential).grad)

    def _around(self, place: tuple[float, float], side: Side) -> Mask:
        """Return which corners (shape (n, 3)) of which triangles lie at a vertex (own coordinates), on one `side` of it."""
        around: Mask = np.equal(self.domain.mesh.t.T, self.domain.vertex(place))
        return around if side is None else around & side(self.domain.centres)[:, None]

    def density(self, place: tuple[float, float], side: Side = None) -> Array:
        """Return the current density (A/m2, shape (2,)) at a vertex (own coordinates): mean of its triangles (on one `side`)."""
        return np.asarray(self._corner_density[:, self._around(place, side)].mean(axis=1))

    def at(self, place: tuple[float, float], side: Side = None) -> float:
        """Return the potential (V) at a vertex (own coordinates); where it jumps, on one `side` or the mean."""
        corners = self.basis.element_dofs[:3].T
        return float(self.potential[corners[self._around(place, side)]].mean())
