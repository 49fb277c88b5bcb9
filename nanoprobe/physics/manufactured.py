"""Solutions made up: harmonic functions given at the border, to see with which order the computed one approaches them."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any, Final

import numpy as np
from skfem import Functional

from nanoprobe.physics.case import Case, Result, Values
from nanoprobe.physics.conduction import Conduction
from nanoprobe.physics.contacts import Fixed
from nanoprobe.physics.domain import Array, box
from nanoprobe.physics.flux import Flux
from nanoprobe.physics.flux_cases import uniform, uniform_levels
from nanoprobe.physics.voxels import Block, solve_block


def _exact(places: Array) -> Array:
    return np.asarray(np.exp(places[0]) * np.sin(places[1]))


@Functional
def _missed(w: Any) -> Any:
    return (w.u - _exact(w.x)) ** 2


@Functional
def _missed_slope(w: Any) -> Any:
    exact = np.stack([np.exp(w.x[0]) * np.sin(w.x[1]), np.exp(w.x[0]) * np.cos(w.x[1])])
    return ((w.u.grad - exact) ** 2).sum(axis=0)


def _plane(v: Values, dofs: int) -> Iterator[Result]:
    everywhere = Fixed(lambda own: np.ones(own.shape[1], dtype=np.bool_), _exact)
    problem = Conduction(box([0, 0.5, 1], [0, 0.5, 1]), uniform(1.0), {"rim": everywhere})
    for domain in uniform_levels(problem.domain, dofs):
        flux = problem.on(domain).solve()
        yield Result({"slope": _norm(_missed_slope, flux)}, flux.dofs, flux.estimated_error, _norm(_missed, flux))


def _norm(form: Any, flux: Flux) -> float:
    return float(np.sqrt(form.assemble(flux.basis, u=flux.basis.interpolate(flux.potential))))


K: Final = np.pi * np.sqrt(2)


def _wave(z: Array, y: Array, x: Array) -> Array:
    """A harmonic function that leaves through no side wall of the unit cube."""
    return np.asarray(np.cos(np.pi * x) * np.cos(np.pi * y) * np.sinh(K * (1 - z)) / np.sinh(K))


def _cube(v: Values, dofs: int) -> Iterator[Result]:
    cells = 4
    while (cells + 1) ** 3 <= dofs:
        step = 1 / cells
        lines = np.arange(cells + 1) * step
        z, y, x = np.meshgrid(lines, lines, lines, indexing="ij")
        exact = _wave(z, y, x)
        block = Block(np.ones((cells,) * 3), *[np.full(cells, step)] * 3)
        found = solve_block(block, potential=exact[0]).potential
        missed = float(np.sqrt(((found - exact) ** 2).mean()))
        yield Result({"slope": _missed_slopes(found, step)}, found.size, np.nan, missed)
        cells *= 2


def _missed_slopes(found: Array, step: float) -> float:
    """Return the error of the gradient (root mean square) over the middles of Kuhn's tetrahedra."""
    cells = len(found) - 1
    start = np.indices((cells,) * 3).astype(np.float64)
    total = 0.0
    for path in permutations(range(3)):
        corner, middle, slope = np.zeros(3, dtype=np.intp), np.zeros(3), {}
        at = _corner(found, corner, cells)
        for axis in path:
            corner[axis] = 1
            following = _corner(found, corner, cells)
            slope[axis], at = (following - at) / step, following
            middle += corner / 4
        z, y, x = (start + middle[:, None, None, None]) * step
        total += sum(float(((slope[a] - g) ** 2).mean()) for a, g in enumerate(_wave_slope(z, y, x))) / 6
    return float(np.sqrt(total))


def _corner(found: Array, corner: np.ndarray[Any, np.dtype[np.intp]], cells: int) -> Array:
    k, j, i = corner
    return found[k : k + cells, j : j + cells, i : i + cells]


def _wave_slope(z: Array, y: Array, x: Array) -> tuple[Array, Array, Array]:
    rise, fall = np.sinh(K * (1 - z)) / np.sinh(K), np.cosh(K * (1 - z)) / np.sinh(K)
    cx, cy, sx, sy = np.cos(np.pi * x), np.cos(np.pi * y), np.sin(np.pi * x), np.sin(np.pi * y)
    return -K * cx * cy * fall, -np.pi * cx * sy * rise, -np.pi * sx * cy * rise


MANUFACTURED: Final = (
    Case(
        "manufactured", "flux", 17, "exp(x) sin(y), second order in the plane: mean error", "order 3 (slope 2)", _plane
    ),
    Case(
        "manufactured-block",
        "flux",
        17,
        "harmonic wave, first order in a block: mean error",
        "order 2 (slope 1)",
        _cube,
    ),
)
