"""Where things are: frames on the surface, grids of points, and the order in which points are visited. Metres, radians."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A rectangle in scanner coordinates: centre `x`, `y`, `width`, `height` (m), `angle` (rad, counter-clockwise)."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    def corners(self) -> NDArray[np.float64]:
        """Return the four corners (m, shape (4, 2)), counter-clockwise from the lower left."""
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [self.width / 2, self.height / 2]
        return self.to_scanner(half)

    def to_scanner(self, local: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn offsets from the centre along the frame's own axes (m, shape (n, 2)) into scanner coordinates."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.asarray(local @ np.array([[cos, sin], [-sin, cos]]) + [self.x, self.y], dtype=np.float64)

    def pixel_axes(self, pixels: int, lines: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return pixel-centre coordinates along x and y (m) as if the frame were not turned."""
        across = (np.arange(pixels) + 0.5) / pixels - 0.5
        up = (np.arange(lines) + 0.5) / lines - 0.5
        return self.x + across * self.width, self.y + up * self.height


def grid(frame: Frame, nx: int, ny: int) -> NDArray[np.float64]:
    """Return the nodes of an `nx` by `ny` grid that fills `frame`, cell centres, row by row (m, shape (nx*ny, 2))."""
    across = ((np.arange(nx) + 0.5) / nx - 0.5) * frame.width
    up = ((np.arange(ny) + 0.5) / ny - 0.5) * frame.height
    xx, yy = np.meshgrid(across, up)
    return frame.to_scanner(np.column_stack([xx.ravel(), yy.ravel()]))


class Order(StrEnum):
    """In which order the points of a map are visited."""

    SERPENTINE = "serpentine"
    SHUFFLED = "shuffled"
    GIVEN = "given"


def visiting_order(nx: int, ny: int, order: Order, seed: int) -> NDArray[np.intp]:
    """Return the indices of an nx by ny grid (row by row) in the order of the visit. `seed` matters for SHUFFLED alone."""
    index = np.arange(nx * ny, dtype=np.intp)
    if order is Order.SHUFFLED:
        return np.random.default_rng(seed).permutation(index)
    if order is Order.SERPENTINE:
        rows = index.reshape(ny, nx).copy()
        rows[1::2] = rows[1::2, ::-1]
        return rows.ravel()
    return index
