"""The tip pressed into the sample: contact without friction, its radius found, not assumed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse.linalg import splu

from nanoprobe.errors import BadInput, NanoprobeError
from nanoprobe.physics.domain import Array, Mask, away_from, box, evenly
from nanoprobe.physics.elasticity import Assembled, Elastic, Support

REACH: Final = 5000.0
"""Where the half-space ends, in contact radii: what lies beyond would have moved by so much less."""
ROUNDS: Final = 60


@dataclass(frozen=True)
class Pressed:
    """A contact. `radius` by the spread of the pressure, `edge`: the outermost place that touches, `indentation` (m); `peak`
    pressure in the middle (Pa); `resolution`: a cell over the radius.
    """

    radius: float
    edge: float
    indentation: float
    peak: float
    resolution: float
    dofs: int


def press(tip_radius: float, force: float, modulus: float, poisson: float, cells: int = 16) -> Pressed:
    """Return the contact of a rigid paraboloid of `tip_radius` (m) under `force` (N) on a half-space (`modulus` Pa).

    `cells`: mesh cells along the contact's radius; BadInput below 4.
    """
    if cells < 4:
        raise BadInput(f"{cells} cells along the contact's radius do not resolve it; take 4 or more")
    scale = float(np.cbrt(0.75 * force * tip_radius * (1 - poisson**2) / modulus))
    body = _half_space(scale, cells, modulus, poisson)
    dofs, places = _surface(body, 1.4 * scale)
    inverse = _compliance(body, dofs)
    gap = places**2 / (2 * tip_radius)
    touching, indentation, forces = _touching(inverse[dofs], gap, force, places < scale)
    stress = body.solution(np.asarray(inverse @ -forces))
    # The second moment of the pressure tells the radius far better than the outermost node that touches: 2/5 a2 after Hertz.
    radius = float(np.sqrt(2.5 * (forces * places**2).sum() / force))
    edge = float(places[touching].max())
    return Pressed(radius, edge, indentation, -float(stress.at((0.0, 0.0))[1]), scale / cells / radius, stress.dofs)


def _half_space(scale: float, cells: int, modulus: float, poisson: float) -> Assembled:
    """Return a half-space with equal cells below the contact, then growing ones; held far below."""
    fine = evenly(0.0, 1.5 * scale, 0.93 * scale / cells)
    step = float(fine[1])
    radii = np.concatenate([fine, away_from(1.5 * scale, REACH * scale, step, 2.0)[1:]])
    depths = -away_from(0.0, REACH * scale, step, 1.4)[::-1]
    domain = box(radii, depths, axisymmetric=True)
    bottom = depths[0] * (1 - 1e-9)
    held = Support(lambda own: own[1] < bottom, 1)
    return Assembled(Elastic(domain, lambda own: np.full(own.shape[1], modulus), poisson, (held,)))


def _surface(body: Assembled, reach: float) -> tuple[Array, Array]:
    """Return the vertical unknowns on the surface within `reach` (m), and their radii."""
    dofs = body.basis.get_dofs(body.domain.facets(lambda own: own[1] > -1e-9 * reach)).all("u^2")
    radii = body.basis.doflocs[0, dofs]
    near = np.argsort(radii)[: int((radii < reach).sum())]
    return dofs[near], np.asarray(radii[near])


def _compliance(body: Assembled, dofs: Array) -> Array:
    """Return how all unknowns move (m) under a unit force on each of `dofs`, shape (n, len(dofs))."""
    free = np.flatnonzero(~body.held)
    push = np.zeros((body.basis.N, len(dofs)))
    push[dofs, np.arange(len(dofs))] = 1.0
    moved = np.zeros_like(push)
    moved[free] = splu(body.matrix[free][:, free].tocsc()).solve(push[free])
    return moved


def _touching(compliance: Array, gap: Array, force: float, guess: Mask) -> tuple[Mask, float, Array]:
    """Return which nodes touch, the indentation (m), and the nodal forces (N): no pull where they touch, no overlap elsewhere."""
    touching = guess.copy()
    for _ in range(ROUNDS):
        count = int(touching.sum())
        system = np.ones((count + 1, count + 1))
        system[:count, :count] = compliance[np.ix_(touching, touching)]
        system[:count, count], system[count, count] = -1.0, 0.0
        # Forces in units of `force`, so that all rows of the system are of one size.
        system[:count, :count] *= force
        found = np.linalg.solve(system, np.concatenate([-gap[touching], [1.0]]))
        forces = np.zeros(len(gap))
        forces[touching] = found[:count] * force
        indentation = float(found[count])
        overlap = indentation - gap - compliance @ forces
        changed = np.where(touching, forces >= -1e-9 * force, overlap > 1e-9 * indentation)
        if (changed == touching).all():
            return touching, indentation, forces
        touching = changed
    raise NanoprobeError(f"the contact did not settle within {ROUNDS} rounds; take another number of cells")
