"""Flux through a block of cells in three dimensions: first-order tetrahedra, a matrix without assembly.

Each cell is cut into Kuhn's six tetrahedra, along the paths of cell edges from one corner to the opposite one (Kuhn 1960). The
gradients of the two ends of anything but a cell edge are at right angles there, so that only cell edges couple: seven entries
a row, each a sum of cell conductivities times one reference weight. It is the finite-element matrix, entry by entry.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array

from nanoprobe.errors import BadInput
from nanoprobe.physics.domain import Array, Mask
from nanoprobe.physics.solving import Watch, check_memory, part, solve_symmetric, unwatched

BYTES_EACH: Final = 1600
"""Memory an unknown takes at the peak: matrix and multigrid levels."""
SHARE: Final = ((2 / 6, 1 / 6), (1 / 6, 2 / 6))
"""Share of a cell's volume that a cell edge's tetrahedra have, by the edge's place (0 or 1) along the two other axes."""
DIRECT: Final = 8_000
"""Up to so many unknowns in three dimensions a direct solver is faster."""


@dataclass(frozen=True)
class Block:
    """A block of nz by ny by nx cells, layer 0 at the surface.

    `conductivity` (S/m); `heights` (nz,), `depths` (ny,), `widths` (nx,) of the cells along z, y, x (m). `void`: cells that
    are not there. Raises BadInput for anything unphysical.
    """

    conductivity: NDArray[np.floating] = field(repr=False)
    heights: Array = field(repr=False)
    depths: Array = field(repr=False)
    widths: Array = field(repr=False)
    void: Mask | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.heights), len(self.depths), len(self.widths))
        if self.conductivity.shape != shape:
            raise BadInput(
                f"cells of sizes for a block of {shape} do not fit conductivities of shape {self.conductivity.shape}"
            )
        if not all((sizes > 0).all() for sizes in (self.heights, self.depths, self.widths)):
            raise BadInput("the cells of a block must be larger than 0 m in all directions")
        there = self.conductivity if self.void is None else self.conductivity[~self.void]
        bad = ~(np.isfinite(there) & (there > 0))
        if bad.any():
            raise BadInput(
                f"the conductivity is {float(there[bad][0]):g} S/m in {int(bad.sum())} of {there.size} cells; it must be "
                "positive everywhere (name voids as such)"
            )

    @property
    def nodes(self) -> tuple[int, int, int]:
        """Number of nodes along z, y, x."""
        nz, ny, nx = self.conductivity.shape
        return nz + 1, ny + 1, nx + 1

    @property
    def sigma(self) -> Array:
        """Conductivity with 0 in the voids (S/m)."""
        sigma = np.asarray(self.conductivity, dtype=np.float64)
        return sigma if self.void is None else np.where(self.void, 0.0, sigma)

    @property
    def areas(self) -> Array:
        """Areas of the surface cells (m2)."""
        return np.outer(self.depths, self.widths)


@dataclass(frozen=True)
class BlockFlux:
    """A solution. `potential` (V) at the nodes; `density` (A/m2) of the current into each surface cell, `current` their sum (A);
    `leaving`: what reaches the ground (A); `power` (W).
    """

    potential: Array = field(repr=False)
    density: Array = field(repr=False)
    current: float
    leaving: float
    power: float

    @property
    def focusing(self) -> Array:
        """Local over mean current density of the surface cells."""
        return np.asarray(self.density / self.density.mean())


def solve_block(
    block: Block,
    *,
    potential: float | Array = 1.0,
    touched: Mask | None = None,
    film: float = 0.0,
    ground: float | Array = 0.0,
    tolerance: float = 1e-10,
    watch: Watch = unwatched,
) -> BlockFlux:
    """Return the flux from the surface at `potential` (V; a number, or one a surface node) to the ground at the bottom.

    `touched`: surface nodes (ny + 1, nx + 1) with contact, all by default; `film` (ohm m2) between metal and surface.
    Raises BadInput for islands, contacts that are not there, and blocks beyond the machine's memory.
    """
    check_memory(int(np.prod(block.nodes)), BYTES_EACH)
    touched = np.ones(block.nodes[1:], dtype=np.bool_) if touched is None else touched
    if touched.shape != block.nodes[1:] or not touched.any():
        raise BadInput(
            f"the contact covers no node of the {block.nodes[1:]} on the surface: take finer cells, or a larger contact"
        )
    _check_islands(block)
    edges = conductances(block)
    watch(0.1)
    held = np.zeros(block.nodes, dtype=np.bool_)
    held[-1] = True
    held[0] = touched & (film == 0)
    held |= _unused(block)
    known = np.zeros(block.nodes)
    known[-1] = ground
    known[0][held[0]] = np.broadcast_to(potential, touched.shape)[held[0]]
    foot = _footprint(block) * touched / film if film else np.zeros(touched.shape)
    matrix = matrix_of(edges, ~held, foot)
    load = -apply(edges, known)
    load[0] += foot * potential
    watch(0.2)
    solving = part(watch, 0.2, 1.0)
    known[~held] = solve_symmetric(matrix, load[~held], tolerance=tolerance, direct=DIRECT, watch=solving)
    watch(1.0)
    return _taken_stock(block, edges, known)


def conductances(block: Block) -> tuple[Array, Array, Array]:
    """Return the conductance (S) of every cell edge along z, y, x: volume over edge length squared, shared by SHARE."""
    h, y, x = block.heights[:, None, None], block.depths[:, None], block.widths
    sigma = block.sigma
    return tuple(_edges(sigma * scale, axis) for axis, scale in enumerate((x * y / h, x * h / y, y * h / x)))  # type: ignore[return-value]


def _edges(per_cell: Array, axis: int) -> Array:
    """Add up each cell's share on the four edges along `axis`; `per_cell` is conductance of the whole cell."""
    shape = [n + 1 for n in per_cell.shape]
    shape[axis] -= 1
    total = np.zeros(shape)
    others = [a for a in range(3) if a != axis]
    for i in (0, 1):
        for j in (0, 1):
            place = [slice(None)] * 3
            for other, side in zip(others, (i, j), strict=True):
                place[other] = slice(side, per_cell.shape[other] + side)
            total[tuple(place)] += SHARE[i][j] * per_cell
    return total


def matrix_of(edges: tuple[Array, Array, Array], free: Mask, extra: Array) -> csr_array:
    """Return the matrix (S) of the `free` nodes; `extra` (S) stands on the diagonal at the surface."""
    number = np.where(free, np.cumsum(free).reshape(free.shape) - 1, -1).astype(np.int32)
    rows = int(free.sum())
    values, columns = np.zeros((7, rows)), np.full((7, rows), -1, dtype=np.int32)
    diagonal = np.zeros(free.shape)
    diagonal[0] += extra
    for axis, along in enumerate(edges):
        low, high = _ends(axis)
        diagonal[low] += along
        diagonal[high] += along
        for slot, here, there in ((axis, high, low), (6 - axis, low, high)):
            at, to = number[here], number[there]
            both = (at >= 0) & (to >= 0)
            values[slot, at[both]], columns[slot, at[both]] = -along[both], to[both]
    values[3], columns[3] = diagonal[free], number[free]
    return _compressed(values, columns)


def _compressed(values: Array, columns: NDArray[np.int32]) -> csr_array:
    there = (columns >= 0).T
    start = np.zeros(there.shape[0] + 1, dtype=np.int32)
    np.cumsum(there.sum(axis=1), out=start[1:])
    return csr_array((values.T[there], columns.T[there], start), shape=(there.shape[0],) * 2)


def _ends(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    low, high = [slice(None)] * 3, [slice(None)] * 3
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    return tuple(low), tuple(high)


def apply(edges: tuple[Array, Array, Array], potential: Array) -> Array:
    """Return the current (A) that leaves each node at this `potential` (V)."""
    out = np.zeros_like(potential)
    for axis, along in enumerate(edges):
        low, high = _ends(axis)
        flow = along * (potential[low] - potential[high])
        out[low] += flow
        out[high] -= flow
    return out


def _footprint(block: Block) -> Array:
    """Return the surface area (m2) that belongs to each surface node."""
    return _spread(block.areas)


def _spread(per_cell: Array) -> Array:
    """Share what belongs to surface cells among their four nodes."""
    ny, nx = per_cell.shape
    nodes = np.zeros((ny + 1, nx + 1))
    for i in (0, 1):
        for j in (0, 1):
            nodes[i : i + ny, j : j + nx] += SHARE[i][j] * per_cell
    return nodes


def _taken_stock(block: Block, edges: tuple[Array, Array, Array], potential: Array) -> BlockFlux:
    sigma = block.sigma[0]
    drop = potential[0] - potential[1]
    ny, nx = sigma.shape
    mean = sum(SHARE[i][j] * drop[i : i + ny, j : j + nx] for i in (0, 1) for j in (0, 1))
    density = sigma / block.heights[0] * mean
    leaving = -float((edges[0][-1] * (potential[-1] - potential[-2])).sum())
    power = float((potential * apply(edges, potential)).sum())
    return BlockFlux(potential, density, float((density * block.areas).sum()), leaving, power)


def _unused(block: Block) -> Mask:
    """Return the nodes that no cell uses."""
    if block.void is None:
        return np.zeros(block.nodes, dtype=np.bool_)
    padded = np.pad(block.void, 1, constant_values=True)
    corners = [
        padded[i : i + n[0], j : j + n[1], k : k + n[2]]
        for n in [block.nodes]
        for i in (0, 1)
        for j in (0, 1)
        for k in (0, 1)
    ]
    return np.asarray(np.logical_and.reduce(corners))


def _check_islands(block: Block) -> None:
    """Raise BadInput where cells hang together with others by less than a face: they reach no ground."""
    if block.void is None or not block.void.any():
        return
    label, count = ndimage.label(~block.void)
    grounded = np.unique(label[-1][label[-1] > 0])
    if len(grounded) < count:
        sizes = ndimage.sum_labels(np.ones(label.shape), label, np.setdiff1d(np.arange(1, count + 1), grounded))
        raise BadInput(
            f"{count - len(grounded)} islands of cells (the largest of {int(np.max(sizes))}) have no path to the ground: fill "
            "the voids around them, or make them void too"
        )
