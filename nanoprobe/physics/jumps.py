"""Boundaries without thickness: the potential jumps where current crosses them, and the mesh is opened to hold both sides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skfem import MeshTri

from nanoprobe.errors import BadInput
from nanoprobe.physics.contacts import check_positive
from nanoprobe.physics.domain import Domain, Mask, Where

Facets = NDArray[np.int_]


@dataclass(frozen=True)
class Jump:
    """A boundary of no thickness: [phi] = `resistance` (ohm m2) times the current density across it.

    What a layer far thinner than the grains comes to, with its thickness over its conductivity. `where`: the inner mesh edges
    that lie in it with both ends and their middle; any network of lines, ends and junctions included.
    """

    where: Where
    resistance: float


@dataclass(frozen=True)
class Opened:
    """A body cut open: the same triangles, but each vertex of a boundary once a side. `sides`: per jump, facets (2, n)."""

    domain: Domain
    sides: tuple[Facets, ...]

    @property
    def cuts(self) -> Facets:
        """All facets that the cuts made."""
        return np.unique(np.concatenate([pair.ravel() for pair in self.sides])) if self.sides else np.zeros(0, np.int_)


def opened(domain: Domain, jumps: Sequence[Jump]) -> Opened:
    """Return the body cut open along `jumps`. Raises BadInput for one that lies on no edges, or resists nothing."""
    if not jumps:
        return Opened(domain, ())
    lines = [_edges(domain.mesh, jump) for jump in jumps]
    mesh = _cut(domain.mesh, np.concatenate(lines))
    return Opened(replace(domain, mesh=mesh), tuple(_both_sides(domain.mesh, mesh, line) for line in lines))


def _edges(mesh: MeshTri, jump: Jump) -> Facets:
    check_positive(jump.resistance, "the resistance of a boundary", "ohm m2")
    inner = _inner(mesh)
    ends = mesh.p[:, mesh.facets[:, inner]]
    lies: Mask = np.logical_and.reduce([jump.where(place) for place in (ends[:, 0], ends[:, 1], ends.mean(axis=1))])
    if not lies.any():
        raise BadInput("a boundary lies on no edge inside the body: give the mesh lines along it")
    return inner[lies]


def _inner(mesh: MeshTri) -> Facets:
    return np.flatnonzero(mesh.f2t[1] >= 0)


def _cut(mesh: MeshTri, line: Facets) -> MeshTri:
    """Give every vertex on the `line` one copy for each bundle of triangles around it that hang together elsewhere."""
    bundle = _bundles(mesh, np.setdiff1d(_inner(mesh), line))
    on_line = np.isin(mesh.t, mesh.facets[:, line])
    # Numbered by the old vertex first: triangles and edges keep their sense, so that both sides of an edge run alike.
    named = np.stack([mesh.t.ravel(), np.where(on_line, bundle, 0).ravel()])
    vertices, number = np.unique(named, axis=1, return_inverse=True)
    return MeshTri(np.ascontiguousarray(mesh.p[:, vertices[0]]), number.reshape(mesh.t.shape))


def _bundles(mesh: MeshTri, whole: Facets) -> NDArray[np.int_]:
    """Return for every corner of a triangle (3, n) the bundle it belongs to: corners joined across the `whole` facets."""
    count = mesh.t.shape[1]
    first, second = mesh.f2t[:, whole]
    joints = [
        (_corner(mesh, first, vertex) * count + first, _corner(mesh, second, vertex) * count + second)
        for vertex in mesh.facets[:, whole]
    ]
    here, there = (np.concatenate(ends) for ends in zip(*joints, strict=True))
    graph = coo_array((np.ones(len(here)), (here, there)), shape=(3 * count, 3 * count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int_).reshape(3, count)


def _corner(mesh: MeshTri, triangles: Facets, vertex: Facets) -> Facets:
    return np.asarray((mesh.t[:, triangles] == vertex).argmax(axis=0))


def _both_sides(mesh: MeshTri, cut: MeshTri, line: Facets) -> Facets:
    """Return the facets (2, n) of the cut mesh that the facets `line` have become."""
    triangles = mesh.f2t[:, line]
    sides = [cut.t2f[(mesh.t2f[:, t] == line).argmax(axis=0), t] for t in triangles]
    if (sides[0] == sides[1]).any():
        raise BadInput("a boundary that ends inside the body needs two mesh edges or more: give the mesh lines there")
    return np.stack(sides)
