"""The body that is computed: a triangle mesh in coordinates of its own, and the shape those coordinates take in space.

A curved body is a rectangle in its own coordinates (say, logarithm of the radius and angle): refining stays simple, and the
elements (six nodes each) follow the true curve at every level. Lengths in m.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skfem import MeshTri, MeshTri2
from skfem.mapping import MappingIsoparametric

from nanoprobe.errors import BadInput

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Field = Callable[[Array], Array]
"""A value for each place; places have shape (2, ...) in the body's own coordinates."""
Where = Callable[[Array], Mask]
"""Says which places (shape (2, n), own coordinates) are meant."""


@dataclass(frozen=True)
class Domain:
    """A plane body (per metre of depth), or with `axisymmetric` the body of revolution about x = 0.

    `mesh`: triangles in own coordinates; `shape`: turns own coordinates into metres (x or radius, y or height).
    """

    mesh: MeshTri = field(repr=False)
    shape: Callable[[Array], Array] | None = None
    axisymmetric: bool = False

    @property
    def in_space(self) -> Any:
        """The mesh in metres: straight triangles, or six-node ones where the body has a shape."""
        if self.shape is None:
            return self.mesh
        flat = MeshTri2.from_mesh(self.mesh)
        curved = _Curved(self.shape(flat.doflocs), flat.t, own=self.mesh)
        turned = np.asarray(curved.mapping().detDF(_SIX_NODES) * np.sign(self.mesh.mapping().detDF(_SIX_NODES)))
        if turned.min() < 0 < turned.max():
            raise BadInput(
                "triangles fold over: the mesh is too coarse for the curvature of the body; give it more lines"
            )
        return curved

    @property
    def centres(self) -> Array:
        """Centres of the triangles in own coordinates, shape (2, n)."""
        return np.asarray(self.mesh.p[:, self.mesh.t].mean(axis=1))

    def refined(self, marked: int | NDArray[np.int_]) -> "Domain":
        """Return the body with the triangles `marked` halved or quartered; a number refines all so many times."""
        return replace(self, mesh=_bare(self.mesh).refined(marked))

    def graded(self, place: ArrayLike, size: float, slope: float = 0.7) -> "Domain":
        """Return the body refined towards `place` (own coordinates): triangles of `size` there, growing with the distance."""
        domain, centre = self, np.asarray(place, dtype=np.float64)[:, None]
        while True:
            corners = domain.mesh.p[:, domain.mesh.t]
            widest = np.hypot(*(corners - np.roll(corners, 1, axis=1))).max(axis=0)
            apart = np.hypot(*(domain.centres - centre))
            marked = np.flatnonzero(widest > np.maximum(size, slope * apart + size))
            if not len(marked):
                return domain
            domain = domain.refined(marked)

    def without(self, where: Where) -> "Domain":
        """Return the body with the triangles whose centres lie `where` cut out: voids and notches."""
        return replace(self, mesh=_bare(self.mesh.remove_elements(np.flatnonzero(where(self.centres)))))

    def facets(self, where: Where) -> NDArray[np.int_]:
        """Return the outer edges whose middles lie `where`."""
        found = np.asarray(self.mesh.boundary_facets())
        return found[where(self.mesh.p[:, self.mesh.facets[:, found]].mean(axis=1))]

    def pieces(self) -> tuple[int, NDArray[np.int_]]:
        """Return how many pieces the body has, and the piece of each vertex."""
        a, b = self.mesh.facets
        count = self.mesh.p.shape[1]
        pieces, piece = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(count, count)))
        return int(pieces), np.asarray(piece, dtype=np.int_)

    def vertex(self, place: ArrayLike) -> int:
        """Return the vertex at `place` (own coordinates). Raises BadInput where there is none."""
        apart = np.hypot(*(self.mesh.p - np.asarray(place, dtype=np.float64)[:, None]))
        nearest = int(apart.argmin())
        if apart[nearest] > 1e-6 * np.ptp(self.mesh.p):
            raise BadInput(f"the mesh has no vertex at {tuple(np.asarray(place).tolist())}; give its breaks one there")
        return nearest


class _Mapping(MappingIsoparametric):
    """Maps the reference triangle to six-node triangles; an edge is found by way of the straight mesh in own coordinates."""

    def __init__(self, mesh: Any, own: MeshTri) -> None:
        super().__init__(mesh, mesh.elem(), mesh.bndelem)
        self._own = own.mapping()
        self._on_edges = np.empty(0)

    def G(self, X: Array, find: Any = None) -> Any:  # noqa: N802, N803
        """Map the reference edge to edges `find`."""
        self._on_edges = self._own.G(X, find)
        return super().G(X, find)

    def invF(self, x: Array, tind: Any = None, **options: Any) -> Any:  # noqa: N802
        """Return the reference coordinates of the edges mapped last: exact, where the library's Newton steps may get stuck."""
        return self._own.invF(self._on_edges, tind)


@dataclass(repr=False)
class _Curved(MeshTri2):
    own: MeshTri | None = None

    def _mapping(self) -> _Mapping:
        return _Mapping(self, self.own)


_SIX_NODES = np.array([[0.0, 1.0, 0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 1.0, 0.0, 0.5, 0.5]])


def _bare(mesh: Any) -> MeshTri:
    """Return the mesh without names and without vertices that nothing uses."""
    return MeshTri(mesh.p, mesh.t)


def box(x: ArrayLike, y: ArrayLike, *, axisymmetric: bool = False) -> Domain:
    """Return a rectangle meshed along the lines `x` and `y` (m, increasing).

    >>> box([0, 1, 3], [0, 1]).mesh.t.shape[1]
    4
    """
    lines = [_lines(each) for each in (x, y)]
    return Domain(MeshTri.init_tensor(*lines), axisymmetric=axisymmetric)


def _lines(values: ArrayLike) -> Array:
    lines = np.asarray(values, dtype=np.float64)
    if lines.ndim != 1 or len(lines) < 2 or not (np.diff(lines) > 0).all():
        raise BadInput("mesh lines are two or more increasing positions (m)")
    return lines


def evenly(start: float, stop: float, step: float) -> Array:
    """Return equal steps of at most `step` from `start` to `stop`."""
    return np.linspace(start, stop, 1 + max(2, int(np.ceil((stop - start) / step))))


def away_from(edge: float, reach: float, first: float, growth: float = 2.0) -> Array:
    """Return distances (m) that begin at `edge` with a step `first` and grow by `growth` a step up to `reach`.

    >>> away_from(1.0, 8.0, 1.0).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    if not 0 < first < reach - edge:
        raise BadInput(f"a first step of {first:g} m does not fit between {edge:g} m and {reach:g} m")
    steps = int(np.ceil(np.log1p((reach - edge) / first * (growth - 1)) / np.log(growth)))
    lines = np.asarray(edge + first * (growth ** np.arange(steps + 1) - 1) / (growth - 1))
    return np.asarray(edge + (lines - edge) * (reach - edge) / (lines[-1] - edge))


def outwards(reach: float) -> Array:
    """Return shells (logarithm of radii) that are thin at the surface and reach far: what a concentration there needs.

    >>> bool(np.diff(outwards(5.0)).max() < 0.8)
    True
    """
    return np.concatenate([away_from(0.0, 1.5, 0.1, 1.4), evenly(1.5, reach, 0.75)[1:]])


def shells(height: float, radius: float, layers: ArrayLike, *, angles: int = 4, axisymmetric: bool = True) -> Domain:
    """Return the quarter space around (and in) a spheroid of half axes `height` (along y) and `radius` (along x), m.

    Own coordinates (s, t): s = 0 is its surface, the others are confocal to it or, for a sphere, of radius e^s; t runs from 0 on
    the y axis to pi/2 on the x axis. `layers`: values of s (increasing). Only spheres reach below 0.
    """
    lines = _lines(layers)
    if lines[0] < 0 and height != radius:
        raise BadInput("confocal shells end at the focus: only a sphere can be meshed inside as well")
    scale = min(height, radius)

    def shape(own: Array) -> Array:
        beyond = scale**2 * np.expm1(2 * own[0])
        return np.stack([np.sqrt(radius**2 + beyond) * np.sin(own[1]), np.sqrt(height**2 + beyond) * np.cos(own[1])])

    mesh = MeshTri.init_tensor(lines, np.linspace(0, np.pi / 2, angles + 1))
    return Domain(mesh, shape, axisymmetric)


def measure(domain: Domain, places: Array) -> Array:
    """Return what a plane integral is weighted with at `places` (m, shape (2, ...)): 2 pi r, or 1."""
    return np.asarray(2 * np.pi * places[0] if domain.axisymmetric else np.ones(places.shape[1:]))
