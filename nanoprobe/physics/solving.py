"""Linear systems of finite elements: direct where small, conjugate gradients behind algebraic multigrid where large."""

import os
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg, splu

from nanoprobe.errors import BadInput, NanoprobeError
from nanoprobe.physics.domain import Array

DIRECT: Final = 60_000
"""Up to so many unknowns of a plane problem a direct solver is faster."""
TOLERANCE: Final = 1e-10
"""Relative residual at which conjugate gradients stop."""
SET_UP: Final = 0.5
"""Share of a multigrid solution's time that goes by before the first step."""
Watch = Callable[[float], None]
"""Hears the share (0..1) of a piece of work that is done."""


def unwatched(share: float) -> None:
    """Hear what nobody wants to know."""


def part(watch: Watch, start: float, stop: float) -> Watch:
    """Return a watch for the part of the work from share `start` to `stop`.

    >>> part(print, 0.5, 1.0)(0.5)
    0.75
    """
    return lambda share: watch(start + (stop - start) * share)


def solve_symmetric(
    matrix: Any,
    load: Array,
    near_null: Array | None = None,
    *,
    direct: int = DIRECT,
    tolerance: float = TOLERANCE,
    watch: Watch = unwatched,
) -> Array:
    """Return x of `matrix` x = `load`; the matrix (sparse, n by n) is symmetric and positive definite.

    `near_null`: displacements that cost nearly no energy (rigid bodies; shape (n, m)), constants by default.
    Raises NanoprobeError when it does not converge.
    """
    if len(load) <= direct:
        return np.asarray(splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(load))
    return multigrid(matrix, load, near_null, tolerance, watch)


def multigrid(
    matrix: Any,
    load: Array,
    near_null: Array | None = None,
    tolerance: float = TOLERANCE,
    watch: Watch = unwatched,
) -> Array:
    """Solve by conjugate gradients behind algebraic multigrid (the pyamg library).

    Conduction: classical coarsening (Ruge and Stueben 1987), which follows strong couplings and so bears flat and tall cells.
    Elasticity, with its `near_null`: smoothed aggregation (Vanek, Mandel, Brezina 1996), which needs them.
    """
    from pyamg import ruge_stuben_solver, smoothed_aggregation_solver

    if near_null is None:
        levels = ruge_stuben_solver(matrix.tocsr(), max_coarse=500)
    else:
        levels = smoothed_aggregation_solver(matrix.tocsr(), B=near_null, symmetry="symmetric", max_coarse=500)
    smoother = _watched(levels.aspreconditioner(), load, tolerance, part(watch, SET_UP, 1.0))
    found, info = cg(matrix, load, rtol=tolerance, maxiter=400, M=smoother)
    if info:
        raise NanoprobeError(
            f"conjugate gradients did not reach a residual of {tolerance:g} in 400 steps on {len(load)} unknowns: "
            "are the conductivities or moduli more than nine decades apart?"
        )
    return np.asarray(found)


def _watched(smoother: Any, load: Array, tolerance: float, watch: Watch) -> LinearOperator:
    """Return the smoother, which is given each residual and so knows how many of the decades wanted are done."""
    first, wanted = float(np.linalg.norm(load)), np.log(tolerance)

    def smooth(residual: Array) -> Array:
        size = float(np.linalg.norm(residual))
        watch(float(np.clip(np.log(size / first) / wanted, 0.0, 1.0)) if size and first else 1.0)
        return np.asarray(smoother.matvec(residual))

    return LinearOperator(smoother.shape, matvec=smooth, dtype=np.float64)


def check_memory(unknowns: int, bytes_each: int) -> None:
    """Raise BadInput where a system of so many unknowns would not fit into this machine's memory."""
    needed = unknowns * bytes_each
    there = _memory()
    if there is not None and needed > there:
        most = there // bytes_each
        raise BadInput(
            f"{unknowns} unknowns need about {needed / 1e9:.1f} GB and this machine has {there / 1e9:.1f} GB: "
            f"take at most {most} unknowns, with coarser cells or a smaller piece"
        )


def _memory() -> int | None:
    """Return the machine's memory (bytes), None where the system does not say."""
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None
