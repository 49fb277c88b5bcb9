"""Flux cases with a closed formula: layers in series, and a tip's contact on a half-space (Holm; Newman 1966)."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from nanoprobe.physics.case import Case, Result, Setting, Solved, Values
from nanoprobe.physics.conduction import Conduction
from nanoprobe.physics.contacts import FarAway, Film, Fixed, Kinetics, Supply
from nanoprobe.physics.domain import Array, Domain, Field, Where, box
from nanoprobe.physics.flux import Flux
from nanoprobe.physics.refining import refinements, unknowns

QUARTER: Final = np.pi / 2
REACH: Final = 32.0
"""Where a half-space is cut, in contact radii: the error of the cut falls with its fifth power."""
WIDE: Final = float(np.log(2000.0))
"""How far shells reach (logarithm of radii): the error of the cut falls with the square or the cube of the radius."""
CONTACT: Final = {
    "radius": Setting(2.2e-9, "m", "contact radius"),
    "conductivity": Setting(0.046, "S/m", "of the electrolyte"),
}


def uniform(value: float) -> Field:
    """Return the same value everywhere."""
    return lambda own: np.full(own.shape[1], value)


def beyond(axis: int, value: float) -> Where:
    """Say which places lie at or beyond `value` along an axis (own coordinates)."""
    return lambda own: own[axis] > value - 1e-9 * max(abs(value), np.ptp(own[axis]))


def before(axis: int, value: float) -> Where:
    """Say which places lie at or before `value` along an axis (own coordinates)."""
    return lambda own: own[axis] < value + 1e-9 * max(abs(value), np.ptp(own[axis]))


def disc(radius: float) -> Where:
    """Say which places of the surface y = 0 lie within `radius` of the axis."""
    return lambda own: (own[1] > -1e-9 * radius) & (own[0] < radius)


def half_space(radius: float) -> Domain:
    """Return a half-space around a disc of `radius` (m) on its surface, cut at REACH radii, graded to the disc's edge."""
    reach = REACH * radius
    return box([0, reach], [-reach, 0], axisymmetric=True).graded((radius, 0.0), radius / 2.5)


def outside(radius: float) -> FarAway:
    """Return what holds on the cut of `half_space`."""
    reach = REACH * radius
    return FarAway(lambda own: beyond(0, reach)(own) | before(1, -reach)(own))


def uniform_levels(domain: Domain, dofs: int) -> Iterator[Domain]:
    """Yield the body refined everywhere, again and again, while it stays within `dofs`."""
    while unknowns(domain) <= dofs:
        yield domain
        domain = domain.refined(1)


def on_disc(contact: Fixed | Supply | Film | Kinetics, v: Values, dofs: int) -> Iterator[Flux]:
    """Yield the flux from a disc into the half-space on adaptive meshes."""
    problem = Conduction(
        half_space(v["radius"]), uniform(v["conductivity"]), {"disc": contact, "far": outside(v["radius"])}
    )
    return refinements(problem, dofs=dofs)


def result(flux: Flux, values: dict[str, float], error: float | None) -> Result:
    """Return the result of a flux, its imbalance among the values."""
    return Result({**values, "imbalance": flux.imbalance}, flux.dofs, flux.estimated_error, error)


def local(found: Iterator[tuple[Solved, str, float, float, Values]]) -> Iterator[Result]:
    """Yield results for a value at one place: its error is estimated from the last level, which was four times coarser.

    `found`: solution, name of the value, the value, its exact value, what else is worth telling.
    """
    before = np.nan
    for solution, name, value, exact, more in found:
        estimate = abs(value - before) / abs(3 * value)
        before = value
        yield Result({name: value, **more}, solution.dofs, estimate, value / exact - 1)


# --- 1, 2: layers -----------------------------------------------------------------------------------------------
def _column(heights: Array, conductivities: Array, width: float) -> Conduction:
    """Return layers in series, from the grounded bottom up; the top is fed at 1 V."""
    lines = np.concatenate([[0], np.cumsum(heights)])
    domain = box(np.linspace(0, width, 3), lines)
    layer = lambda own: conductivities[np.searchsorted(lines, own[1]) - 1]  # noqa: E731
    top, bottom = Fixed(beyond(1, lines[-1]), 1.0), Fixed(before(1, 0.0), 0.0)
    return Conduction(domain, layer, {"top": top, "bottom": bottom})


def _slab(v: Values, dofs: int) -> Iterator[Result]:
    heights, sigma = np.array([v["thickness"], v["coating"]]), np.array([v["conductivity"], v["coating_conductivity"]])
    exact = float((heights / sigma).sum())
    problem = _column(heights, sigma, v["thickness"])
    for domain in uniform_levels(problem.domain, min(dofs, 2000)):
        flux = problem.on(domain).solve()
        found = flux.resistance("top") * v["thickness"]
        yield result(flux, {"area_resistance": found}, found / exact - 1)


def _brick(v: Values, dofs: int) -> Iterator[Result]:
    grains = 3
    heights = np.tile([v["grain"], v["boundary"]], grains)
    sigma = np.tile([v["conductivity"], v["boundary_conductivity"]], grains)
    exact = 1 / v["conductivity"] + v["boundary"] / v["grain"] / v["boundary_conductivity"]
    problem = _column(heights, sigma, v["grain"])
    for domain in uniform_levels(problem.domain, min(dofs, 2000)):
        flux = problem.on(domain).solve()
        found = flux.resistance("top") / grains
        yield result(flux, {"resistivity": found}, found / exact - 1)


# --- 3, 4, 5: contacts on a half-space --------------------------------------------------------------------------
def _disk(v: Values, dofs: int) -> Iterator[Result]:
    a = v["radius"]
    exact = 1 / (4 * v["conductivity"] * a)
    for flux in on_disc(Fixed(disc(a), 1.0), v, dofs):
        found = flux.resistance("disc")
        mean = flux.currents["disc"] / (np.pi * a**2)
        centre = float(-flux.density((0.0, 0.0))[1]) / mean
        yield result(flux, {"resistance": found, "centre_density": centre}, found / exact - 1)


def _grounded(v: Values, dofs: int) -> Iterator[Result]:
    a, depth = v["radius"], v["thickness"]
    exact = (1 - 2 * np.log(2) / np.pi * a / depth) / (4 * v["conductivity"] * a)
    side = 8 * depth
    domain = box([0, depth, side], [-depth, 0], axisymmetric=True).graded((a, 0.0), a / 2.5)
    contacts = {"disc": Fixed(disc(a), 1.0), "ground": Fixed(before(1, -depth))}
    for flux in refinements(Conduction(domain, uniform(v["conductivity"]), contacts), dofs=dofs):
        found = flux.resistance("disc")
        yield result(flux, {"resistance": found}, found / exact - 1)


def _uniform_flux(v: Values, dofs: int) -> Iterator[Result]:
    a = v["radius"]
    exact = 8 / (3 * np.pi**2 * v["conductivity"] * a)
    for flux in on_disc(Supply(disc(a), v["conductivity"] / a), v, dofs):
        found = flux.resistance("disc")
        yield result(flux, {"resistance": found}, found / exact - 1)


def _film(v: Values, dofs: int) -> Iterator[Result]:
    """The spreading part lies between that of the isopotential and that of the uniform disc; the error says by how much not."""
    a, sigma = v["radius"], v["conductivity"]
    low, high = 1 / (4 * sigma * a), 8 / (3 * np.pi**2 * sigma * a)
    for flux in on_disc(Film(disc(a), 1.0, v["film"]), v, dofs):
        found = 1.0 / flux.currents["disc"]
        spreading = found - v["film"] / (np.pi * a**2)
        outside_by = max(low - spreading, spreading - high, 0.0)
        values = {"resistance": found, "spreading": spreading, "share": (spreading - low) / (high - low)}
        yield result(flux, values, outside_by / low)


def _kinetics(v: Values, dofs: int) -> Iterator[Result]:
    """Far above spreading the charge transfer alone decides: I = pi a2 i0 2 sinh(F V / 2RT)."""
    a = v["radius"]
    contact = Kinetics(disc(a), v["voltage"], v["exchange"])
    for flux in on_disc(contact, v, dofs):
        current, spreading = flux.currents["disc"], 1 / (4 * v["conductivity"] * a)
        drop = float(contact.drop(np.array(current / (np.pi * a**2)))[0])
        shown = (v["voltage"] - drop) / current
        low, high = spreading, spreading * 32 / (3 * np.pi**2)
        outside_by = max(low - shown, shown - high, 0.0)
        yield result(flux, {"current": current, "resistance": v["voltage"] / current}, outside_by / low)


FLUX_CASES: Final = (
    Case(
        "slab", "flux", 1, "two layers in series", "sum of L/sigma", _slab,
        {
            "thickness": Setting(1e-6, "m", "of the electrolyte"),
            "conductivity": Setting(0.046, "S/m", "of the electrolyte"),
            "coating": Setting(200e-9, "m", "thickness of the coating"),
            "coating_conductivity": Setting(1e-3, "S/m", "of the coating"),
        }, "area_resistance",
    ),
    Case(
        "brick", "flux", 2, "grains and boundaries in series", "rho_b + (delta/d) rho_GB", _brick,
        {
            "grain": Setting(3e-6, "m", "height of a grain"),
            "conductivity": Setting(0.046, "S/m", "of the grain"),
            "boundary": Setting(10e-9, "m", "thickness of a boundary"),
            "boundary_conductivity": Setting(6e-4, "S/m", "of the boundary"),
        }, "resistivity",
    ),
    Case("disk", "flux", 3, "isopotential disc on a half-space", "1/(4 sigma a)", _disk, CONTACT, "resistance"),
    Case(
        "disk-on-layer", "flux", 4, "isopotential disc on a grounded layer", "(1 - (2 ln2/pi) a/L)/(4 sigma a)", _grounded,
        {**CONTACT, "thickness": Setting(220e-9, "m", "depth of the ground")}, "resistance",
    ),
    Case(
        "uniform-disk", "flux", 5, "disc of uniform flux, its mean potential", "8/(3 pi2 sigma a)", _uniform_flux, CONTACT,
        "resistance",
    ),
    Case(
        "film-disk", "flux", 5, "disc behind a film (Robin)", "spreading between 3 and 5", _film,
        {**CONTACT, "film": Setting(1e-7, "ohm m2", "area-specific resistance")}, "spreading",
    ),
    Case(
        "kinetic-disk", "flux", 5, "disc with charge transfer (Butler-Volmer)", "spreading between 3 and 5", _kinetics,
        {
            **CONTACT,
            "exchange": Setting(510.0, "A/m2", "exchange current density"),
            "voltage": Setting(0.5, "V", "overpotential"),
        }, "resistance",
    ),
)  # fmt: skip
