"""Adaptive refinement: solve, estimate, mark, refine, until the estimate or the number of unknowns says stop."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nanoprobe.physics.domain import Array, Domain

SHARE = 0.1
"""Triangles with more than this share of the worst one's error are refined."""


class Solution(Protocol):
    """What refining needs of a solution."""

    @property
    def domain(self) -> Domain:
        """Body it was made on."""

    @property
    def indicators(self) -> Array:
        """Each triangle's share of the error."""

    @property
    def estimated_error(self) -> float:
        """Relative error of the whole."""

    @property
    def dofs(self) -> int:
        """Number of unknowns."""


S = TypeVar("S", bound=Solution, covariant=True)


class Problem(Protocol[S]):
    """What can be solved, and solved again on a finer mesh."""

    def solve(self) -> S:
        """Return the solution."""

    def on(self, domain: Domain) -> "Any":
        """Return the same problem on another mesh."""

    @property
    def domain(self) -> Domain:
        """Body as it is now."""


def refinements(problem: Problem[S], *, dofs: int, tolerance: float = 0.0) -> Iterator[S]:
    """Yield solutions on ever finer meshes; the last has an `estimated_error` within `tolerance`, or is the last below `dofs`."""
    solution = problem.solve()
    yield solution
    while solution.estimated_error > tolerance:
        problem = problem.on(problem.domain.refined(mark(solution.indicators)))
        if unknowns(problem.domain) > dofs:
            return
        solution = problem.solve()
        yield solution


def refine(
    problem: Problem[S], *, dofs: int, tolerance: float = 0.0, watch: Callable[[float], None] = lambda share: None
) -> S:
    """Return the last of `refinements`; `watch` hears the share (0..1) of the way after each step."""
    for solution in refinements(problem, dofs=dofs, tolerance=tolerance):
        watch(min(1.0, np.log(solution.dofs) / np.log(dofs)))
        last = solution
    return last


def mark(indicators: Array) -> NDArray[np.int_]:
    """Return the triangles that are worth refining."""
    return np.flatnonzero(indicators > SHARE * indicators.max())


def unknowns(domain: Domain) -> int:
    """Return how many values a second-order field has on this mesh: vertices and edges."""
    return int(domain.mesh.p.shape[1] + domain.mesh.facets.shape[1])
