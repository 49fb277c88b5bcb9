"""Flux cases around bodies: electrodes that reach in, protrusions, voids and inclusions in a uniform field."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from nanoprobe.physics.case import Case, Result, Setting, Values
from nanoprobe.physics.conduction import Conduction
from nanoprobe.physics.contacts import Contact, FarAway, Fixed
from nanoprobe.physics.domain import evenly, outwards, shells
from nanoprobe.physics.flux_cases import CONTACT, QUARTER, WIDE, before, beyond, local, result, uniform, uniform_levels


# --- 6, 7: electrodes that reach in -----------------------------------------------------------------------------
def _hemisphere(v: Values, dofs: int) -> Iterator[Result]:
    a, sigma, reach = v["radius"], v["conductivity"], np.log(v["outer"] / v["radius"])
    exact = (1 / a - 1 / v["outer"]) / (2 * np.pi * sigma)
    domain = shells(a, a, evenly(0, reach, 0.5), angles=3)
    contacts = {"tip": Fixed(before(0, 0.0), 1.0), "ground": Fixed(beyond(0, reach))}
    yield from _shell_levels(Conduction(domain, uniform(sigma), contacts), dofs, exact)


def _filament(v: Values, dofs: int) -> Iterator[Result]:
    length, a, sigma = v["length"], v["radius"], v["conductivity"]
    if length <= a:
        a = np.nextafter(length, 0) * (1 - 1e-9)
    c = np.sqrt(length**2 - a**2)
    exact = float(np.arctanh(c / length) / (2 * np.pi * sigma * c))
    reach = float(np.log(100 * length / a))
    domain = shells(length, a, evenly(0, reach, 0.5), angles=6)
    contacts: dict[str, Contact] = {"tip": Fixed(before(0, 0.0), 1.0), "far": FarAway(beyond(0, reach))}
    yield from _shell_levels(Conduction(domain, uniform(sigma), contacts), dofs, exact)


def _shell_levels(problem: Conduction, dofs: int, exact: float) -> Iterator[Result]:
    for domain in uniform_levels(problem.domain, dofs):
        flux = problem.on(domain).solve()
        found = flux.resistance("tip")
        yield result(flux, {"resistance": found}, found / exact - 1)


# --- 8, 9, 10: bodies in a uniform field ------------------------------------------------------------------------
def _in_field(height: float, radius: float, metal: bool, axisymmetric: bool = True) -> Conduction:
    """Return a spheroid or, not axisymmetric, an elliptic cylinder in a field of 1 V/m along y: a metal or a void."""
    layers = outwards(float(np.log(1000 * max(height, radius) / min(height, radius))))
    domain = shells(height, radius, layers, angles=8, axisymmetric=axisymmetric)
    contacts: dict[str, Contact] = {
        "far": Fixed(beyond(0, float(layers[-1])), lambda places: -places[1]),
        "middle": Fixed(beyond(1, QUARTER), 0.0),
    }
    if metal:
        contacts["metal"] = Fixed(before(0, 0.0), 0.0)
    return Conduction(domain, uniform(1.0), contacts)


def depolarisation(height: float, radius: float) -> float:
    """Return the depolarisation factor of a spheroid along its axis (Stoner 1945)."""
    if height > radius:
        e = np.sqrt(1 - (radius / height) ** 2)
        return float((1 - e**2) / e**3 * (np.arctanh(e) - e))
    if height < radius:
        e = np.sqrt((radius / height) ** 2 - 1)
        return float((1 + e**2) / e**3 * (e - np.arctan(e)))
    return 1 / 3


def _field_levels(problem: Conduction, dofs: int, place: tuple[float, float], exact: float) -> Iterator[Result]:
    fluxes = (problem.on(domain).solve() for domain in uniform_levels(problem.domain, dofs))
    return local(
        (flux, "focusing", float(flux.density(place)[1]), exact, {"imbalance": flux.imbalance}) for flux in fluxes
    )


def _protrusion(v: Values, dofs: int) -> Iterator[Result]:
    height, radius = v["aspect"], 1.0
    problem = _in_field(height, radius, metal=True)
    yield from _field_levels(problem, dofs, (0.0, 0.0), 1 / depolarisation(height, radius))


def _void(v: Values, dofs: int) -> Iterator[Result]:
    height, radius = 1.0, v["aspect"]
    problem = _in_field(height, radius, metal=False)
    yield from _field_levels(problem, dofs, (0.0, QUARTER), 1 / (1 - depolarisation(height, radius)))


def _slit(v: Values, dofs: int) -> Iterator[Result]:
    problem = _in_field(1.0, v["aspect"], metal=False, axisymmetric=False)
    yield from _field_levels(problem, dofs, (0.0, QUARTER), 1 + v["aspect"])


def _inclusion(v: Values, dofs: int, *, axisymmetric: bool) -> Iterator[Result]:
    """A sphere or cylinder of another conductivity; a needle of a thousandth of its radius is left out of its middle."""
    ratio = v["ratio"]
    exact = 3 / (2 + ratio) if axisymmetric else 2 / (1 + ratio)
    problem = ball_in_field(ratio, axisymmetric)
    fluxes = (problem.on(refined).solve() for refined in uniform_levels(problem.domain, dofs))
    return local((flux, "field", -flux.at((0.0, 0.0)), exact, {"imbalance": flux.imbalance}) for flux in fluxes)


def ball_in_field(ratio: float, axisymmetric: bool) -> Conduction:
    """Return a sphere or, not axisymmetric, a cylinder (1 m, `ratio` times as conductive) in a field of 1 V/m along y."""
    layers = np.concatenate([evenly(-WIDE, 0.0, 1.0), evenly(0.0, WIDE, 1.0)[1:]])
    domain = shells(1.0, 1.0, layers, angles=4, axisymmetric=axisymmetric)
    contacts = {
        "far": Fixed(beyond(0, WIDE), lambda places: -places[1]),
        "middle": Fixed(beyond(1, QUARTER), 0.0),
    }
    return Conduction(domain, lambda own: np.where(own[0] < 0, ratio, 1.0), contacts)


ASPECT: Final = {"aspect": Setting(10.0, "1", "long over short half axis", above=0.999)}
RATIO: Final = {"ratio": Setting(100.0, "1", "conductivity inside over outside")}
BODY_CASES: Final = (
    Case(
        "hemisphere", "flux", 6, "hemisphere in a hemisphere", "(1/a - 1/b)/(2 pi sigma)", _hemisphere,
        {**CONTACT, "outer": Setting(22e-9, "m", "radius of the outer electrode")}, "resistance",
    ),
    Case(
        "filament", "flux", 7, "half a prolate spheroid in a half-space", "atanh(c/l)/(2 pi sigma c)", _filament,
        {
            "length": Setting(1e-6, "m", "of the filament"),
            "radius": Setting(50e-9, "m", "of the filament"),
            "conductivity": Setting(0.046, "S/m", "of the electrolyte"),
        }, "resistance",
    ),
    Case("protrusion", "flux", 8, "conducting spheroid along a field: its tip", "1/N", _protrusion, ASPECT, "focusing"),
    Case("void", "flux", 9, "insulating oblate void across a field: its rim", "1/(1 - N)", _void, ASPECT, "focusing"),
    Case("slit", "flux", 9, "insulating elliptic slit across a field: its rim", "1 + a/b", _slit, ASPECT, "focusing"),
    Case(
        "inclusion", "flux", 10, "sphere of another conductivity", "3 s1/(2 s1 + s2)",
        partial(_inclusion, axisymmetric=True), RATIO, "field",
    ),
    Case(
        "fibre", "flux", 10, "cylinder of another conductivity", "2 s1/(s1 + s2)",
        partial(_inclusion, axisymmetric=False), RATIO, "field",
    ),
)  # fmt: skip
