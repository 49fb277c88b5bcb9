"""Flux cases with boundaries of no thickness: a network of grains, and a round grain behind its boundary."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Final

import numpy as np

from nanoprobe.physics.body_cases import RATIO, ball_in_field
from nanoprobe.physics.case import Case, Result, Setting, Values
from nanoprobe.physics.conduction import Conduction
from nanoprobe.physics.contacts import Fixed
from nanoprobe.physics.domain import Array, Mask, box
from nanoprobe.physics.flux import Flux
from nanoprobe.physics.flux_cases import before, beyond, local, result, uniform, uniform_levels
from nanoprobe.physics.jumps import Jump

GRAINS: Final = 3
"""Grains along each side of the network."""


def network(grain: float) -> tuple[Array, Jump]:
    """Return mesh lines (m) through half and quarter grains, and a boundary of 1 ohm m2 around square grains of edge `grain` (m).

    The boundaries lie half a grain from the sides of the piece: GRAINS of them, and as many whole grains, are crossed.
    """
    lines = np.arange(4 * GRAINS + 1) * grain / 4

    def on_line(own: Array) -> Mask:
        from_line = np.abs((own / grain) % 1.0 - 0.5)
        return np.asarray((from_line < 1e-6).any(axis=0))

    return lines, Jump(on_line, 1.0)


def _network(v: Values, dofs: int) -> Iterator[Result]:
    exact = 1 / v["conductivity"] + v["boundary"] / v["grain"] / v["boundary_conductivity"]
    lines, around = network(v["grain"])
    jump = replace(around, resistance=v["boundary"] / v["boundary_conductivity"])
    contacts = {"top": Fixed(beyond(1, lines[-1]), 1.0), "bottom": Fixed(before(1, 0.0))}
    problem = Conduction(box(lines, lines), uniform(v["conductivity"]), contacts, (jump,))
    for flux in _levels(problem, min(dofs, 4000)):
        found = flux.resistance("top")
        yield result(flux, {"resistivity": found}, found / exact - 1)


def _levels(problem: Conduction, dofs: int) -> Iterator[Flux]:
    """Yield the flux on ever finer meshes; what a cut adds to the unknowns counts too."""
    fluxes = (problem.on(domain).solve() for domain in uniform_levels(problem.domain, dofs))
    return takewhile(lambda flux: flux.dofs <= dofs, fluxes)


def _grain(v: Values, dofs: int, *, axisymmetric: bool) -> Iterator[Result]:
    """Hasselman and Johnson (1987): the field inside a sphere or cylinder whose surface resists."""
    ratio, barrier = v["ratio"], v["barrier"]
    exact = 3 / (2 + ratio + 2 * ratio * barrier) if axisymmetric else 2 / (1 + ratio + ratio * barrier)
    surface = Jump(lambda own: np.abs(own[0]) < 1e-9, barrier)
    problem = replace(ball_in_field(ratio, axisymmetric), jumps=(surface,))
    inside = lambda own: own[0] < 0  # noqa: E731
    return local(
        (flux, "field", -flux.at((0.0, 0.0), inside), exact, {"imbalance": flux.imbalance})
        for flux in _levels(problem, dofs)
    )


GRAIN: Final = {
    "ratio": replace(RATIO["ratio"], default=1.0),
    "barrier": Setting(0.5, "1", "resistance of the boundary, over radius / conductivity outside"),
}
JUMP_CASES: Final = (
    Case(
        "network", "flux", 2, "square grains in a network of boundaries without thickness", "rho_b + (delta/d) rho_GB",
        _network,
        {
            "grain": Setting(3e-6, "m", "edge of a grain"),
            "conductivity": Setting(0.046, "S/m", "of the grain"),
            "boundary": Setting(10e-9, "m", "thickness of the boundary that is replaced"),
            "boundary_conductivity": Setting(6e-4, "S/m", "of the boundary"),
        }, "resistivity",
    ),
    Case(
        "grain", "flux", 10, "spherical grain behind a boundary without thickness", "3/(2 + s + 2 s b)",
        partial(_grain, axisymmetric=True), GRAIN, "field",
    ),
    Case(
        "column", "flux", 10, "cylindrical grain behind a boundary without thickness", "2/(1 + s + s b)",
        partial(_grain, axisymmetric=False), GRAIN, "field",
    ),
)  # fmt: skip
