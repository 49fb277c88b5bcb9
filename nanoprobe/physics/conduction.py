"""Flux of ions or electrons through a body: div(sigma grad phi) = 0, second-order elements, any contacts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from skfem import Basis, BilinearForm, ElementTriP2, FacetBasis, Functional, LinearForm
from skfem.helpers import dot, grad

from nanoprobe.errors import BadInput, NanoprobeError
from nanoprobe.physics.contacts import PRESSURE_TO_VOLTS, Contact, FarAway, Film, Fixed, Kinetics, Supply
from nanoprobe.physics.domain import Array, Domain, Field, measure
from nanoprobe.physics.flux import Flux
from nanoprobe.physics.flux_error import Inflow, indicators, insulated
from nanoprobe.physics.jumps import Jump, opened
from nanoprobe.physics.solving import solve_symmetric

FEWEST_EDGES: Final = 2
"""A contact with fewer mesh edges is not resolved."""
NEWTON_STEPS: Final = 60
SETTLED: Final = 1e-11
"""Relative change of the contact currents after which Newton's method ends."""


@dataclass(frozen=True)
class Conduction:
    """A body, its conductivity (S/m; one value a triangle, taken at its centre in own coordinates) and its contacts.

    What has no contact is insulating. `jumps`: boundaries of no thickness that resist.
    """

    domain: Domain
    conductivity: Field
    contacts: Mapping[str, Contact]
    jumps: tuple[Jump, ...] = ()

    def solve(self) -> Flux:
        """Return the flux. Raises BadInput for unphysical fields, contacts that are not there, and pieces without one."""
        return _Solver(self).flux()

    def on(self, domain: Domain) -> "Conduction":
        """Return the same problem on a refined body."""
        return replace(self, domain=domain)


@BilinearForm
def _stiffness(u: Any, v: Any, w: Any) -> Any:
    return w.weight * w.sigma * dot(grad(u), grad(v))


@BilinearForm
def _exchange(u: Any, v: Any, w: Any) -> Any:
    return w.weight * w.g * u * v


@LinearForm
def _source(v: Any, w: Any) -> Any:
    return w.weight * w.j * v


@Functional
def _integral(w: Any) -> Any:
    return w.weight * w.f


class _Solver:
    """One mesh: assembles, iterates where contacts are not linear, takes stock."""

    def __init__(self, problem: Conduction) -> None:
        _check_contacts(problem)
        self.problem, self.contacts = problem, problem.contacts
        cut = opened(problem.domain, problem.jumps)
        self.domain, self.cuts = cut.domain, cut.cuts
        self.mesh = cut.domain.in_space
        self.basis = Basis(self.mesh, ElementTriP2())
        self.sigma = _checked(problem.conductivity(problem.domain.centres))
        self.facets = {n: np.setdiff1d(cut.domain.facets(c.where), self.cuts) for n, c in problem.contacts.items()}
        self.sides = {name: FacetBasis(self.mesh, ElementTriP2(), facets=f) for name, f in self.facets.items()}
        self.weights = {name: measure(self.domain, self.places(name)) for name in self.sides}
        weight = measure(self.domain, np.asarray(self.basis.global_coordinates()))
        per_point = np.broadcast_to(self.sigma[:, None], weight.shape)
        self.body = _stiffness.assemble(self.basis, weight=weight, sigma=per_point)
        self.seams = [[FacetBasis(self.mesh, ElementTriP2(), facets=f) for f in pair] for pair in cut.sides]
        for jump, sides in zip(problem.jumps, self.seams, strict=True):
            self.body = self.body + self._across(jump, sides)

    def _across(self, jump: Jump, sides: list[Any]) -> Any:
        """Return the matrix of a boundary: its conductance times the square of the jump, as a power."""
        weight = measure(self.domain, np.asarray(sides[0].global_coordinates()))
        total = 0.0
        for i, of_u in enumerate(sides):
            for k, of_v in enumerate(sides):
                conductance = np.full(weight.shape, (1 if i == k else -1) / jump.resistance)
                total = total + _exchange.assemble(of_u, of_v, weight=weight, g=conductance)
        return total

    def places(self, name: str) -> Array:
        return np.asarray(self.sides[name].global_coordinates())

    def flux(self) -> Flux:
        potential, matrix, load = self._solve()
        currents = self._currents(potential, matrix, load)
        return Flux(
            domain=self.problem.domain,
            basis=self.basis,
            conductivity=self.sigma,
            potential=potential,
            currents=currents,
            mean_potentials={name: self._mean(name, potential) for name in self.sides},
            power=float(potential @ (self.body @ potential)),
            indicators=indicators(self.domain, self.mesh, self.sigma, potential, self._inflows(potential)),
        )

    # --- solving ------------------------------------------------------------------------------------------------
    def _solve(self) -> tuple[Array, Any, Array]:
        """Newton's method in the contacts' current densities, whose voltage (an arsinh) bends gently."""
        curved = {n: c for n, c in self.contacts.items() if isinstance(c, Kinetics)}
        densities = {name: np.zeros(self.weights[name].shape) for name in curved}
        before = np.inf
        for _ in range(NEWTON_STEPS):
            potential, matrix, load = self._linear(densities)
            if not curved:
                return potential, matrix, load
            densities = {name: self._density(name, potential, densities.get(name)) for name in curved}
            now = sum(self._total(name, density) for name, density in densities.items())
            if abs(now - before) <= SETTLED * abs(now):
                return potential, matrix, load
            before = now
        raise NanoprobeError(f"Newton's method did not settle within {NEWTON_STEPS} steps at {', '.join(curved)}")

    def _linear(self, densities: Mapping[str, Array]) -> tuple[Array, Any, Array]:
        matrix, load = self.body.copy(), self.basis.zeros()
        for name, contact in self.contacts.items():
            if isinstance(contact, Fixed):
                continue
            side, weight = self.sides[name], self.weights[name]
            if isinstance(contact, Supply):
                load += _source.assemble(side, weight=weight, j=np.full(weight.shape, contact.density))
                continue
            conductance, metal = self._linearised(name, densities.get(name))
            matrix = matrix + _exchange.assemble(side, weight=weight, g=conductance)
            load += _source.assemble(side, weight=weight, j=conductance * metal)
        return self._constrained(matrix, load), matrix, load

    def _linearised(self, name: str, density: Array | None) -> tuple[Array, Array]:
        """Return conductance (S/m2) and potential (V) of the linear contact that touches the true one at `density`."""
        contact, weight = self.contacts[name], self.weights[name]
        if isinstance(contact, FarAway):
            places, normal = self.places(name), np.asarray(self.sides[name].normals)
            sigma = self.sigma[self.sides[name].tind][:, None]
            return sigma * (places * normal).sum(axis=0) / (places**2).sum(axis=0), np.zeros(weight.shape)
        assert isinstance(contact, Film | Kinetics)
        at = np.zeros(weight.shape) if density is None else density
        drop, slope = contact.drop(at)
        return 1 / slope, self._metal(name) - drop + slope * at

    def _metal(self, name: str) -> Array:
        contact = self.contacts[name]
        assert isinstance(contact, Film | Kinetics)
        metal = np.full(self.weights[name].shape, contact.potential)
        if isinstance(contact, Kinetics) and contact.pressure is not None:
            metal -= PRESSURE_TO_VOLTS * contact.pressure(self.places(name))
        return metal

    def _density(self, name: str, potential: Array, before: Array | None = None) -> Array:
        conductance, metal = self._linearised(name, before)
        return np.asarray(conductance * (metal - np.asarray(self.sides[name].interpolate(potential))))

    def _constrained(self, matrix: Any, load: Array) -> Array:
        potential = self.basis.zeros()
        held = np.zeros(self.basis.N, dtype=np.bool_)
        for name, contact in self.contacts.items():
            if isinstance(contact, Fixed):
                dofs = self.basis.get_dofs(self.facets[name]).flatten()
                value = contact.potential
                potential[dofs] = value(self._own(dofs)) if callable(value) else value
                held[dofs] = True
        free = np.flatnonzero(~held)
        rest = (load - matrix @ potential)[free]
        potential[free] = solve_symmetric(matrix[free][:, free], rest)
        return np.asarray(potential)

    def _own(self, dofs: NDArray[np.int_]) -> Array:
        """Return the places (m) of unknowns."""
        return np.asarray(self.basis.doflocs[:, dofs])

    # --- taking stock -------------------------------------------------------------------------------------------
    def _currents(self, potential: Array, matrix: Any, load: Array) -> dict[str, float]:
        """Return what flows in: at fixed contacts the reaction (conserved exactly), elsewhere the integral."""
        reaction = matrix @ potential - load
        counted = np.zeros(self.basis.N, dtype=np.bool_)
        found = {}
        for name, contact in self.contacts.items():
            if isinstance(contact, Fixed):
                dofs = self.basis.get_dofs(self.facets[name]).flatten()
                dofs = dofs[~counted[dofs]]
                counted[dofs] = True
                found[name] = float(reaction[dofs].sum())
            elif isinstance(contact, Supply):
                found[name] = contact.density * self._total(name, np.ones(self.weights[name].shape))
        for name, contact in self.contacts.items():
            if isinstance(contact, FarAway | Film):
                found[name] = self._total(name, self._density(name, potential))
            elif isinstance(contact, Kinetics):
                found[name] = self._total(name, self._through(name, potential))
        return {name: found[name] for name in self.contacts}

    def _through(self, name: str, potential: Array) -> Array:
        """Return the density (A/m2) of a contact with kinetics where potential and metal are known."""
        contact = self.contacts[name]
        assert isinstance(contact, Kinetics)
        wanted = self._metal(name) - np.asarray(self.sides[name].interpolate(potential))
        density = np.zeros_like(wanted)
        for _ in range(NEWTON_STEPS):
            drop, slope = contact.drop(density)
            step = (wanted - drop) / slope
            density += step
            if np.abs(step).max() <= SETTLED * np.abs(density).max():
                break
        return np.asarray(density)

    def _total(self, name: str, density: Array) -> float:
        return float(_integral.assemble(self.sides[name], weight=self.weights[name], f=density))

    def _mean(self, name: str, potential: Array) -> float:
        there = np.asarray(self.sides[name].interpolate(potential))
        return self._total(name, there) / self._total(name, np.ones_like(there))

    def _inflows(self, potential: Array) -> list[Inflow]:
        """Return what must flow in through outer edges without a contact (nothing), and over boundaries from their other side."""
        touched = np.concatenate([self.cuts, *self.facets.values()])
        found = insulated(self.mesh, np.setdiff1d(self.mesh.boundary_facets(), touched))
        for jump, sides in zip(self.problem.jumps, self.seams, strict=True):
            here, there = (np.asarray(side.interpolate(potential)) for side in sides)
            density = (there - here) / jump.resistance
            found += [Inflow(sides[0], density), Inflow(sides[1], -density)]
        return found


def _checked(sigma: Array) -> Array:
    bad = ~(np.isfinite(sigma) & (sigma > 0))
    if bad.any():
        raise BadInput(
            f"the conductivity is {float(sigma[bad][0]):g} S/m in {int(bad.sum())} of {len(sigma)} triangles; it must be "
            "positive everywhere (cut voids out with `without`)"
        )
    return np.asarray(sigma, dtype=np.float64)


def _check_contacts(problem: Conduction) -> None:
    facets = {name: problem.domain.facets(each.where) for name, each in problem.contacts.items()}
    for name, found in facets.items():
        if len(found) < FEWEST_EDGES:
            raise BadInput(
                f"contact '{name}' lies on {len(found)} mesh edges: the mesh is too coarse for it, or it lies outside; "
                "give the mesh lines at both its ends and one between"
            )
    count, piece = problem.domain.pieces()
    grounds = [facets[n] for n, c in problem.contacts.items() if not isinstance(c, Supply)]
    reached = np.unique(piece[problem.domain.mesh.facets[:, np.concatenate(grounds)]]) if grounds else np.array([])
    if len(reached) < count:
        lost = int(np.setdiff1d(np.arange(count), reached)[0])
        x, y = problem.domain.mesh.p[:, piece == lost].mean(axis=1)
        raise BadInput(
            f"{count - len(reached)} of {count} pieces of the body have no contact that sets their potential (one around "
            f"{x:g}, {y:g}): an island carries no current; cut it out, or join it"
        )
