"""The polycrystal: a periodic Voronoi mosaic with a misorientation at every grain boundary (domain.md §6)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from sim_instruments.noise import Floats

_NEIGHBOURS = 6
"""Cells looked at for the two nearest boundaries; more never change the answer near a boundary."""
TILT = 0.006
"""Standard deviation of a grain's slope (m/m)."""
STEP_BLEND = 30e-9
"""Length over which two grains' heights meet at their boundary (m)."""


@dataclass(frozen=True)
class Boundaries:
    """The two nearest grain boundaries of each place: distance (m) and misorientation (0 to 1)."""

    distance: Floats
    misorientation: Floats
    second_distance: Floats
    second_misorientation: Floats
    plane: Floats
    """Height of the grains' tilted faces, joined at their boundary (m)."""


def _misorientations(rng: np.random.Generator, grains: int, special_share: float, disorder: float) -> Floats:
    """Return a symmetric table: 0 for special boundaries, the rest drawn as U^(1/disorder), most of them near 1."""
    general = rng.random((grains, grains)) ** (1.0 / disorder)
    table = np.where(rng.random((grains, grains)) < special_share, 0.0, general)
    upper = np.triu(table, 1)
    return np.asarray(upper + upper.T, dtype=np.float64)


class Grains:
    """Voronoi cells of random seeds on a periodic square of `side` (m)."""

    def __init__(
        self, rng: np.random.Generator, side: float, size: float, special_share: float, disorder: float
    ) -> None:
        self.side = side
        self.count = max(4, round((side / size) ** 2))
        seeds = rng.random((self.count, 2)) * side
        shifts = np.array([(i, j) for j in (-1, 0, 1) for i in (-1, 0, 1)], dtype=np.float64) * side
        self._seeds = (shifts[:, None, :] + seeds[None, :, :]).reshape(-1, 2)
        self._tree = KDTree(self._seeds)
        self._misorientation = _misorientations(rng, self.count, special_share, disorder)
        self._slope = rng.normal(0.0, TILT, (self.count, 2))

    def _face(self, tile: NDArray[np.int64], place: Floats) -> Floats:
        return np.asarray(np.sum(self._slope[tile % self.count] * (place - self._seeds[tile]), axis=1))

    def boundaries(self, x: Floats, y: Floats) -> Boundaries:
        """Return the two nearest boundaries of the places `x`, `y` (m, one-dimensional)."""
        place = np.stack([x, y], axis=1) % self.side
        nearest_seeds = self._tree.query(place, k=_NEIGHBOURS)
        reach = np.asarray(nearest_seeds[0], dtype=np.float64)
        tile = np.asarray(nearest_seeds[1], dtype=np.int64)
        own, others = self._seeds[tile[:, :1]], self._seeds[tile[:, 1:]]
        apart = np.sqrt(np.sum((others - own) ** 2, axis=2))
        # Distance to the plane that halves the way to a neighbour; the cell is convex, so the least is the nearest.
        to_plane = (reach[:, 1:] ** 2 - reach[:, :1] ** 2) / (2.0 * apart)
        order = np.argsort(to_plane, axis=1)[:, :2]
        rows = np.arange(len(place))[:, None]
        nearest, partner = to_plane[rows, order], tile[rows, order + 1]
        u = self._misorientation[tile[:, :1] % self.count, partner % self.count]
        blend = 0.5 * np.exp(-nearest[:, 0] / STEP_BLEND)
        plane = (1.0 - blend) * self._face(tile[:, 0], place) + blend * self._face(partner[:, 0], place)
        return Boundaries(nearest[:, 0], u[:, 0], nearest[:, 1], u[:, 1], plane)
