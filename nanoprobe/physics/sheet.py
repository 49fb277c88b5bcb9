"""Stress in the surface of a map: plane stress, bilinear elements, one reference element times moduli."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from nanoprobe.errors import BadInput
from nanoprobe.physics.domain import Array
from nanoprobe.physics.solving import Watch, solve_symmetric, unwatched
from nanoprobe.physics.tensors import lame

_GAUSS = 0.5 + np.array([-1.0, 1.0]) / (2 * np.sqrt(3))
_CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
"""Corners of a pixel (x, y), in the order of its unknowns."""
TOLERANCE = 1e-8


@dataclass(frozen=True)
class SheetStress:
    """Stress of the pixels (Pa, shape (ny, nx)): `xx`, `yy`, `xy`; `energy` density (J/m3)."""

    xx: Array = field(repr=False)
    yy: Array = field(repr=False)
    xy: Array = field(repr=False)
    energy: Array = field(repr=False)

    @property
    def hydrostatic(self) -> Array:
        """Mean normal stress (Pa)."""
        return np.asarray((self.xx + self.yy) / 3)

    @property
    def largest_principal(self) -> Array:
        """Largest principal stress (Pa)."""
        return np.asarray((self.xx + self.yy) / 2 + np.hypot((self.xx - self.yy) / 2, self.xy))


def pull_sheet(
    modulus: Array, width: float, depth: float, poisson: float, stress: float, watch: Watch = unwatched
) -> SheetStress:
    """Return the stress where a sheet of `modulus` (Pa, shape (ny, nx)) is under `stress` (Pa, the same in x and y) at its rim.

    `width`, `depth`: of a pixel along x and y (m). Left and lower side slide on walls: the map mirrored goes on.
    Raises BadInput for unphysical constants.
    """
    if modulus.ndim != 2 or min(modulus.shape) < 2:
        raise BadInput(f"a sheet needs a map of moduli (y, x) of 2 by 2 pixels or more, not {modulus.shape}")
    lame(modulus.ravel(), poisson)
    unknowns = _unknowns(modulus.shape)
    element = _element(width, depth, poisson)
    count = 2 * (modulus.shape[0] + 1) * (modulus.shape[1] + 1)
    rows, columns = np.repeat(unknowns, 8, axis=1).ravel(), np.tile(unknowns, (1, 8)).ravel()
    values = (modulus.ravel()[:, None] * element.ravel()).ravel()
    matrix = coo_array((values, (rows, columns)), shape=(count, count)).tocsr()
    load, held = _rim(modulus.shape, width, depth, stress)
    moved, free = np.zeros(count), np.flatnonzero(~held)
    rigid = _rigid(modulus.shape, width, depth)[free]
    moved[free] = solve_symmetric(matrix[free][:, free], load[free], rigid, watch=watch)
    return _stress(modulus, moved[unknowns], width, depth, poisson)


def _unknowns(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the unknowns (x, y of each corner) of every pixel, shape (pixels, 8)."""
    ny, nx = shape
    row, column = np.divmod(np.arange(ny * nx, dtype=np.int32), nx)
    nodes = np.stack([(row + j) * (nx + 1) + column + i for i, j in _CORNERS], axis=1)
    return np.stack([2 * nodes, 2 * nodes + 1], axis=2).reshape(-1, 8)


def _strain_matrix(x: float, y: float, width: float, depth: float) -> Array:
    """Return strain (xx, yy, 2 xy) over the unknowns of a pixel at `x`, `y` (0..1) within it."""
    signs = 2 * _CORNERS - 1
    along_y, along_x = np.where(_CORNERS[:, 1], y, 1 - y), np.where(_CORNERS[:, 0], x, 1 - x)
    dx, dy = signs[:, 0] * along_y / width, signs[:, 1] * along_x / depth
    matrix = np.zeros((3, 8))
    matrix[0, 0::2], matrix[1, 1::2] = dx, dy
    matrix[2, 0::2], matrix[2, 1::2] = dy, dx
    return matrix


def _hooke(poisson: float) -> Array:
    """Return stress (xx, yy, xy) over strain (xx, yy, 2 xy) at a modulus of 1, plane stress."""
    plane = np.array([[1, poisson, 0], [poisson, 1, 0], [0, 0, (1 - poisson) / 2]])
    return np.asarray(plane / (1 - poisson**2))


@cache
def _element(width: float, depth: float, poisson: float) -> Array:
    hooke, area = _hooke(poisson), width * depth / 4
    parts = [_strain_matrix(x, y, width, depth) for x in _GAUSS for y in _GAUSS]
    return np.asarray(sum(area * b.T @ hooke @ b for b in parts))


def _rim(shape: tuple[int, ...], width: float, depth: float, stress: float) -> tuple[Array, NDArray[np.bool_]]:
    ny, nx = shape
    load, held = np.zeros((ny + 1, nx + 1, 2)), np.zeros((ny + 1, nx + 1, 2), dtype=np.bool_)
    load[:, -1, 0], load[-1, :, 1] = stress * depth, stress * width
    load[[0, -1], -1, 0] /= 2
    load[-1, [0, -1], 1] /= 2
    held[:, 0, 0], held[0, :, 1] = True, True
    return load.ravel(), held.ravel()


def _rigid(shape: tuple[int, ...], width: float, depth: float) -> Array:
    """Return the motions that cost nothing: two shifts and a turn, shape (unknowns, 3)."""
    y, x = np.meshgrid(np.arange(shape[0] + 1) * depth, np.arange(shape[1] + 1) * width, indexing="ij")
    none, one, size = np.zeros_like(x), np.ones_like(x), max(width * shape[1], depth * shape[0])
    motions = [(one, none), (none, one), (-y / size, x / size)]
    return np.stack([np.stack(motion, axis=2).ravel() for motion in motions], axis=1)


def _stress(modulus: Array, moved: Array, width: float, depth: float, poisson: float) -> SheetStress:
    strain = moved @ _strain_matrix(0.5, 0.5, width, depth).T
    stress = modulus.ravel()[:, None] * (strain @ _hooke(poisson).T)
    energy = 0.5 * (stress * strain).sum(axis=1)
    xx, yy, xy, stored = (each.reshape(modulus.shape) for each in (*stress.T, energy))
    return SheetStress(xx, yy, xy, stored)
