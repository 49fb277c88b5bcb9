"""How long a case will still take, told by the meshes it has solved."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

RECENT: Final = 0.2
"""Meshes down to this share of the last one's unknowns tell what the next will take."""
SHORTEST: Final = 1e-6
"""No mesh takes less (s)."""


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
    """Return the time (s) that the meshes to come will take: unknowns and accuracy go on as from the last but one to the last.

    A mesh beyond `dofs` unknowns is not solved; one whose estimated error is within `tolerance` is the last. NaN before two
    meshes are solved.

    >>> round(time_left([Mesh(100, 0.1, 1.0), Mesh(400, 0.05, 4.0)], 2000, 0.0), 1)
    16.0
    """
    if len(done) < 2 or done[-1].dofs <= done[-2].dofs:
        return math.nan
    before, last = done[-2:]
    growth, falls = last.dofs / before.dofs, last.estimated_error / before.estimated_error
    exponent, needed = _cost([mesh for mesh in done if mesh.dofs >= min(RECENT * last.dofs, before.dofs)])
    left, size, error = 0.0, last.dofs * growth, last.estimated_error
    while size <= dofs and not error <= tolerance:  # an error that is not known (NaN) is never within
        left += needed * (size / last.dofs) ** exponent
        size, error = size * growth, error * falls
    return left


def _cost(meshes: Sequence[Mesh]) -> tuple[float, float]:
    """Return how time grows with unknowns (exponent, 1 to 2 whatever a busy machine says), and that of the last mesh (s)."""
    sizes = np.log([mesh.dofs for mesh in meshes])
    times = np.log([max(mesh.duration, SHORTEST) for mesh in meshes])
    off = sizes - sizes.mean()
    exponent = float(np.clip((off @ times) / (off @ off), 1.0, 2.0))
    return exponent, float(np.exp(times.mean() + exponent * off[-1]))


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
