"""How wrong a computed flux is, triangle by triangle: what jumps over inner edges, and what leaks where nothing should."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from skfem import ElementTriP2, FacetBasis, Functional, InteriorFacetBasis
from skfem.helpers import dot, grad

from nanoprobe.physics.domain import Array, Domain, measure


@dataclass(frozen=True)
class Inflow:
    """Edges (a facet basis) through which a current of `density` (A/m2, at its points) must flow in; 0: insulated."""

    side: Any
    density: Array


@Functional
def _jump(w: Any) -> Any:
    flux = w.s1 * dot(grad(w.u1), w.n) - w.s2 * dot(grad(w.u2), w.n)
    return w.weight * w.h * flux**2 / (2 * (w.s1 + w.s2))  # h / 2p with p = 2 (Melenk and Wohlmuth 2001)


@Functional
def _leak(w: Any) -> Any:
    return w.weight * w.h * (w.sigma * dot(grad(w.u), w.n) - w.j) ** 2 / (2 * w.sigma)


def indicators(domain: Domain, mesh: Any, sigma: Array, potential: Array, inflows: Sequence[Inflow]) -> Array:
    """Return each triangle's share of the error (W); `mesh`: the domain's in space, `sigma` (S/m) and result per triangle."""
    at_edge = np.zeros(mesh.facets.shape[1])
    sides = [InteriorFacetBasis(mesh, ElementTriP2(), side=side) for side in (0, 1)]
    values = {f"u{i + 1}": side.interpolate(potential) for i, side in enumerate(sides)}
    weight = _weight(domain, sides[0])
    sigmas = {f"s{i + 1}": _spread(sigma, side) for i, side in enumerate(sides)}
    at_edge[sides[0].find] = _jump.elemental(sides[0], weight=weight, **values, **sigmas)
    for each in inflows:
        found = {"weight": _weight(domain, each.side), "sigma": _spread(sigma, each.side), "j": each.density}
        at_edge[each.side.find] += _leak.elemental(each.side, **found, u=each.side.interpolate(potential))
    return np.asarray(0.5 * at_edge[mesh.t2f].sum(axis=0))


def insulated(mesh: Any, facets: Any) -> list[Inflow]:
    """Return the outer edges `facets` as ones through which nothing flows; an empty list for none."""
    if not len(facets):
        return []
    side = FacetBasis(mesh, ElementTriP2(), facets=facets)
    return [Inflow(side, np.zeros(side.global_coordinates().shape[1:]))]


def _weight(domain: Domain, side: Any) -> Array:
    return measure(domain, np.asarray(side.global_coordinates()))


def _spread(sigma: Array, side: Any) -> Array:
    return np.broadcast_to(sigma[side.tind][:, None], side.global_coordinates().shape[1:])
