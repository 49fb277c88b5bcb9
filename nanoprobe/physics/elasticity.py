"""Stress in a body: linear elasticity, plane strain or axisymmetric, second-order elements.

Stress is written (xx, yy, xy, zz): x or radius, y along the axis, zz out of the plane or around the axis; tension is positive.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skfem import (
    Basis,
    BilinearForm,
    ElementTriP2,
    ElementVector,
    FacetBasis,
    Functional,
    InteriorFacetBasis,
    LinearForm,
)

from nanoprobe.errors import BadInput
from nanoprobe.physics.domain import Array, Domain, Field, Mask, Where, measure
from nanoprobe.physics.flux import CORNERS
from nanoprobe.physics.solving import solve_symmetric
from nanoprobe.physics.tensors import NORMAL, lame, strains, stresses

Traction = Callable[[Array, Array], Array]
"""Force on an area (Pa, shape (2, ...)) from places (m) and outward normals, shape (2, ...) each."""


@dataclass(frozen=True)
class Support:
    """A part of the surface where one `component` (0 x, 1 y) of the displacement is given (m; places in m)."""

    where: Where
    component: int
    displacement: float | Field = 0.0


@dataclass(frozen=True)
class Load:
    """A part of the surface with a `traction`."""

    where: Where
    traction: Traction


def pressure(value: float | Field) -> Traction:
    """Return the traction of a pressure (Pa; a number or a field of places in m): inwards, along the normal."""
    return lambda places, normals: -(value(places) if callable(value) else value) * normals


@dataclass(frozen=True)
class Elastic:
    """A body with Young's `modulus` (Pa, one value a triangle), Poisson's ratio, supports, loads, and what swells in it.

    `swelling`: stress-free strain in every direction (one value a triangle): lithium that grows inside, a misfit.
    Rigid motions that no support stops are a mistake.
    """

    domain: Domain
    modulus: Field
    poisson: float
    supports: tuple[Support, ...]
    loads: tuple[Load, ...] = ()
    swelling: Field | None = None

    def solve(self) -> "Stress":
        """Return the displacement and what follows. Raises BadInput for unphysical constants and loads without a place."""
        body = Assembled(self)
        return body.solution(body.constrained(body.load))

    def on(self, domain: Domain) -> "Elastic":
        """Return the same problem on a refined body."""
        return replace(self, domain=domain)


@dataclass(frozen=True)
class Stress:
    """A solution. `energy`: stored (J; J/m in plane strain); `indicators`: each triangle's share of its error (J)."""

    domain: Domain
    basis: Any = field(repr=False)
    lame: tuple[Array, Array] = field(repr=False)
    swelling: Array = field(repr=False)
    displacement: Array = field(repr=False)
    energy: float
    indicators: Array = field(repr=False)

    @property
    def dofs(self) -> int:
        """Number of unknowns, fixed ones included."""
        return int(self.basis.N)

    @property
    def estimated_error(self) -> float:
        """Relative error of the energy by the jumps of the traction over edges."""
        return float(self.indicators.sum() / self.energy)

    def moved(self, place: tuple[float, float]) -> Array:
        """Return the displacement (m, shape (2,)) of a vertex (own coordinates)."""
        return np.asarray(self.displacement[self.basis.nodal_dofs[:, self.domain.vertex(place)]])

    @cached_property
    def at_corners(self) -> Array:
        """Stress at the corners of every triangle (Pa, shape (4, n, 3))."""
        corners = Basis(self.basis.mesh, self.basis.elem, quadrature=(CORNERS, np.full(3, 1 / 6)))
        places = np.asarray(corners.global_coordinates())
        strain = strains(self.domain, places, corners.interpolate(self.displacement))
        lam, mu = (each[:, None] for each in self.lame)
        return stresses(strain, lam, mu, self.swelling[:, None])

    def at(self, place: tuple[float, float], side: Callable[[Array], Mask] | None = None) -> Array:
        """Return the stress (Pa, shape (4,)) at a vertex (own coordinates), mean of the triangles around it (on one `side`)."""
        around = self.domain.vertex(place) == self.domain.mesh.t.T
        if side is not None:
            around = around & side(self.domain.centres)[:, None]
        return np.asarray(self.at_corners[:, around].mean(axis=1))


def _parts(u: Any, w: Any) -> tuple[Any, Any, Any, Any]:
    around = w.turn * u[0]
    return u.grad[0, 0], u.grad[1, 1], 0.5 * (u.grad[0, 1] + u.grad[1, 0]), around


@BilinearForm
def _stiffness(u: Any, v: Any, w: Any) -> Any:
    a, b = _parts(u, w), _parts(v, w)
    trace = (a[0] + a[1] + a[3]) * (b[0] + b[1] + b[3])
    return w.weight * (w.lam * trace + 2 * w.mu * (a[0] * b[0] + a[1] * b[1] + a[3] * b[3] + 2 * a[2] * b[2]))


@LinearForm
def _swell(v: Any, w: Any) -> Any:
    b = _parts(v, w)
    return w.weight * (3 * w.lam + 2 * w.mu) * w.swelling * (b[0] + b[1] + b[3])


@LinearForm
def _push(v: Any, w: Any) -> Any:
    return w.weight * (w.tx * v[0] + w.ty * v[1])


@Functional
def _square(w: Any) -> Any:
    return w.weight * w.h * (w.jx**2 + w.jy**2) / (4 * w.stiff)


@Functional
def _integral(w: Any) -> Any:
    return w.weight * w.f


class Assembled:
    """A problem on its mesh: `matrix` (N/m), `load` (N), which unknowns are `held`, and the solution of any load."""

    def __init__(self, problem: Elastic) -> None:
        self.problem, self.domain = problem, problem.domain
        self.mesh = problem.domain.in_space
        self.element = ElementVector(ElementTriP2())
        self.basis = Basis(self.mesh, self.element)
        centres = problem.domain.centres
        self.lame = lame(problem.modulus(centres), problem.poisson)
        self.swelling = np.zeros(centres.shape[1]) if problem.swelling is None else problem.swelling(centres)
        self.loaded = [self._loaded(each) for each in problem.loads]
        self.places = np.asarray(self.basis.global_coordinates())
        self.weight = measure(self.domain, self.places)
        self.matrix, self.load = self._assemble()
        self.given, self.held = self._support()

    def _loaded(self, load: Load) -> NDArray[np.int_]:
        found = self.domain.facets(load.where)
        if not len(found):
            raise BadInput("a load lies on no mesh edge: the mesh is too coarse for it, or it lies outside")
        return found

    def _assemble(self) -> tuple[Any, Array]:
        constants = {"weight": self.weight, "turn": _turn(self.domain, self.places), **self._constants()}
        swelling = constants.pop("swelling")
        load = _swell.assemble(self.basis, swelling=swelling, **constants)
        for each, facets in zip(self.problem.loads, self.loaded, strict=True):
            side = FacetBasis(self.mesh, self.element, facets=facets)
            load += _push.assemble(side, **self._traction(each, side))
        return _stiffness.assemble(self.basis, **constants), load

    def _constants(self) -> dict[str, Array]:
        names = ("lam", "mu", "swelling")
        values = (*self.lame, self.swelling)
        return {n: np.broadcast_to(v[:, None], self.weight.shape) for n, v in zip(names, values, strict=True)}

    def solution(self, moved: Array) -> Stress:
        """Return what follows from a displacement (m, one value an unknown)."""
        c = self._constants()
        strain = strains(self.domain, self.places, self.basis.interpolate(moved))
        elastic = strain - c["swelling"] * NORMAL[:, None, None]
        twice = stresses(strain, **c) * elastic * np.array([1.0, 1.0, 2.0, 1.0])[:, None, None]
        return Stress(
            domain=self.domain,
            basis=self.basis,
            lame=self.lame,
            swelling=self.swelling,
            displacement=moved,
            energy=float(_integral.assemble(self.basis, weight=self.weight, f=0.5 * twice.sum(axis=0))),
            indicators=self._indicators(moved),
        )

    def _traction(self, load: Load, side: Any) -> dict[str, Array]:
        places = np.asarray(side.global_coordinates())
        x, y = load.traction(places, np.asarray(side.normals))
        return {"weight": measure(self.domain, places), "tx": np.asarray(x), "ty": np.asarray(y)}

    def _support(self) -> tuple[Array, Mask]:
        """Return the displacements that are given (m, 0 elsewhere), and which."""
        moved, held = self.basis.zeros(), np.zeros(self.basis.N, dtype=np.bool_)
        for support in self.problem.supports:
            facets = self.domain.facets(support.where)
            if not len(facets):
                raise BadInput("a support lies on no mesh edge: the mesh is too coarse for it, or it lies outside")
            dofs = self.basis.get_dofs(facets).all(f"u^{support.component + 1}")
            value = support.displacement
            moved[dofs] = value(self.basis.doflocs[:, dofs]) if callable(value) else value
            held[dofs] = True
        return np.asarray(moved), held

    def constrained(self, load: Array) -> Array:
        """Return the displacement (m) under `load` (N) and the supports."""
        moved = self.given.copy()
        free = np.flatnonzero(~self.held)
        moved[free] = solve_symmetric(self.matrix[free][:, free], (load - self.matrix @ moved)[free])
        return moved

    # --- error --------------------------------------------------------------------------------------------------
    def _indicators(self, moved: Array) -> Array:
        """Return each triangle's share of the error (J): jumps of the traction inside, what is left of it on free surface."""
        one, other = (self._pull(moved, InteriorFacetBasis(self.mesh, self.element, side=i)) for i in (0, 1))
        at_edge = np.zeros(self.mesh.facets.shape[1])
        basis = one[0]
        at_edge[basis.find] = self._squared(basis, one[1] - other[1])
        supported = [self.domain.facets(each.where) for each in self.problem.supports]
        free = np.setdiff1d(self.mesh.boundary_facets(), np.concatenate([*supported, *self.loaded]))
        for facets, load in [(free, None), *zip(self.loaded, self.problem.loads, strict=True)]:
            if len(facets):
                basis, pull = self._pull(moved, FacetBasis(self.mesh, self.element, facets=facets))
                given = 0.0 if load is None else np.stack([self._traction(load, basis)[k] for k in ("tx", "ty")])
                at_edge[facets] = self._squared(basis, pull - given)
        return np.asarray(0.5 * at_edge[self.mesh.t2f].sum(axis=0))

    def _pull(self, moved: Array, basis: Any) -> tuple[Any, Array]:
        """Return the traction (Pa) of the solution on the edges of `basis`."""
        places, n = np.asarray(basis.global_coordinates()), np.asarray(basis.normals)
        lam, mu, swelling = (v[basis.tind][:, None] for v in (*self.lame, self.swelling))
        s = stresses(strains(self.domain, places, basis.interpolate(moved)), lam, mu, swelling)
        return basis, np.stack([s[0] * n[0] + s[2] * n[1], s[2] * n[0] + s[1] * n[1]])

    def _squared(self, basis: Any, jump: Array) -> Array:
        weight = measure(self.domain, np.asarray(basis.global_coordinates()))
        stiff = np.broadcast_to((self.lame[0] + 2 * self.lame[1])[basis.tind][:, None], weight.shape)
        return np.asarray(_square.elemental(basis, weight=weight, jx=jump[0], jy=jump[1], stiff=stiff))


def _turn(domain: Domain, places: Array) -> Array:
    return 1 / places[0] if domain.axisymmetric else np.zeros(places.shape[1:])
