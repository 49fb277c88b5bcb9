"""How long a case will still take, told by the meshes it has solved."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mesh:
    """A mesh that was solved: `dofs` unknowns, `estimated_error` (relative), `duration` (s)."""

    dofs: int
    estimated_error: float
    duration: float


@dataclass(frozen=True, slots=True)
class Step:
    """How far a case is: the `mesh` solved last, how many there were (`count`), and the time `left` (s; NaN: not known)."""

    mesh: Mesh
    count: int
    left: float


def time_left(done: Sequence[Mesh], dofs: int, tolerance: float) -> float:
    """Return the time (s) that the meshes to come will take: they grow as the last one did, and so do time and accuracy.

    A mesh beyond `dofs` unknowns is not solved; one whose estimated error is within `tolerance` is the last. Time grows
    between linearly and quadratically in the unknowns, whatever a busy machine says. NaN before two meshes are solved.

    >>> round(time_left([Mesh(100, 0.1, 1.0), Mesh(400, 0.05, 4.0)], 2000, 0.0), 1)
    16.0
    """
    if len(done) < 2 or done[-1].dofs <= done[-2].dofs:
        return math.nan
    before, last = done[-2:]
    growth, falls = last.dofs / before.dofs, last.estimated_error / before.estimated_error
    slows = min(max(last.duration / before.duration, growth), growth**2) if before.duration else growth
    left, size, needed, error = 0.0, last.dofs * growth, last.duration * slows, last.estimated_error
    while size <= dofs and not error <= tolerance:
        left += needed
        size, needed, error = size * growth, needed * slows, error * falls
    return left


class Progress:
    """Takes the time of each mesh of a case, and tells how far it is."""

    def __init__(self, dofs: int, tolerance: float) -> None:
        self._dofs, self._tolerance = dofs, tolerance
        self._done: list[Mesh] = []
        self._since = time.perf_counter()

    def step(self, dofs: int, estimated_error: float) -> Step:
        """Return how far it is, now that a mesh is solved."""
        now = time.perf_counter()
        self._done.append(Mesh(dofs, estimated_error, now - self._since))
        self._since = now
        return Step(self._done[-1], len(self._done), time_left(self._done, self._dofs, self._tolerance))
