"""Stress cases with a closed formula: holes, cavities, misfits, cracks under lithium's pressure, the tip's contact."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from nanoprobe.physics.case import Case, Result, Setting, Values
from nanoprobe.physics.domain import box, evenly, outwards, shells
from nanoprobe.physics.elasticity import Elastic, Load, Stress, Support, Traction, pressure
from nanoprobe.physics.flux_cases import QUARTER, WIDE, before, beyond, local, uniform, uniform_levels
from nanoprobe.physics.hertz import press
from nanoprobe.physics.refining import refinements
from nanoprobe.physics.tensors import hydrostatic

POISSON: Final = Setting(0.26, "1", "Poisson's ratio", above=-1.0, below=0.5)
MODULUS: Final = Setting(150e9, "Pa", "Young's modulus")


def symmetric() -> tuple[Support, Support]:
    """Return the supports of a quarter of a body that is symmetric in x and y (shells: t = 0 is the y axis)."""
    return Support(before(1, 0.0), 0), Support(beyond(1, QUARTER), 1)


def pull(x: float, y: float) -> Traction:
    """Return the traction of a uniform stress xx = `x`, yy = `y` (Pa)."""
    return lambda places, normals: np.stack([x * normals[0], y * normals[1]])


def _around(height: float, radius: float, poisson: float, far: Load | None, inner: Load | None, plane: bool) -> Elastic:
    """Return a body around a hole of half axes `height`, `radius` with loads far away and on the hole."""
    layers = outwards(WIDE)
    domain = shells(height, radius, layers, angles=8, axisymmetric=not plane)
    loads = tuple(each for each in (far, inner) if each is not None)
    supports = symmetric() if plane else symmetric()[1:]
    return Elastic(domain, uniform(1.0), poisson, supports, loads)


FAR: Final = beyond(0, WIDE)
SURFACE: Final = before(0, 0.0)


def _levels(problem: Elastic, dofs: int) -> Iterator[Stress]:
    return (problem.on(domain).solve() for domain in uniform_levels(problem.domain, dofs // 2))


def _hole(v: Values, dofs: int) -> Iterator[Result]:
    """Kirsch (1898): three times the stress at the flanks."""
    problem = _around(1.0, 1.0, v["poisson"], Load(FAR, pull(1.0, 0.0)), None, plane=True)
    return local((s, "concentration", float(s.at((0.0, 0.0))[0]), 3.0, {}) for s in _levels(problem, dofs))


def _ellipse(v: Values, dofs: int) -> Iterator[Result]:
    """Inglis (1913)."""
    problem = _around(1.0, v["aspect"], v["poisson"], Load(FAR, pull(0.0, 1.0)), None, plane=True)
    exact = 1 + 2 * v["aspect"]
    return local((s, "concentration", float(s.at((0.0, QUARTER))[1]), exact, {}) for s in _levels(problem, dofs))


def _cavity(v: Values, dofs: int) -> Iterator[Result]:
    """Goodier (1933): the equator of a spherical cavity in uniaxial tension."""
    nu = v["poisson"]
    problem = _around(1.0, 1.0, nu, Load(FAR, pull(0.0, 1.0)), None, plane=False)
    exact = (27 - 15 * nu) / (14 - 10 * nu)
    return local((s, "concentration", float(s.at((0.0, QUARTER))[1]), exact, {}) for s in _levels(problem, dofs))


def _pressurised(v: Values, dofs: int, *, plane: bool) -> Iterator[Result]:
    """Lame (1852): hoop stress at the surface of a cavity or bore under pressure."""
    problem = _around(1.0, 1.0, v["poisson"], None, Load(SURFACE, pressure(1.0)), plane=plane)
    exact, around = (1.0, 0) if plane else (0.5, 3)
    return local((s, "hoop", float(s.at((0.0, 0.0))[around]), exact, {}) for s in _levels(problem, dofs))


def _misfit(v: Values, dofs: int) -> Iterator[Result]:
    """Eshelby (1957): a sphere that would be larger by `strain` in all directions, in a body of the same moduli."""
    modulus, nu, strain = v["modulus"], v["poisson"], v["strain"]
    exact = 2 * modulus * strain / (3 * (1 - nu))
    layers = np.concatenate([evenly(-4.0, 0.0, 0.75), outwards(WIDE)[1:]])
    domain = shells(1.0, 1.0, layers, angles=4)
    swelling = lambda own: np.where(own[0] < 0, strain, 0.0)  # noqa: E731
    problem = Elastic(domain, uniform(modulus), nu, symmetric()[1:], swelling=swelling)
    inside = float(layers[np.argmin(abs(layers + 1.0))])
    return local((s, "pressure", -float(hydrostatic(s.at((inside, 0.0)))), exact, {}) for s in _levels(problem, dofs))


# --- cracks -----------------------------------------------------------------------------------------------------
def cracked(v: Values, axisymmetric: bool) -> Elastic:
    """Return a quarter of a body with a crack along y = 0 up to x = `flaw`, a `pressure` on its faces."""
    a, reach = v["flaw"], 1024 * v["flaw"]
    domain = box([0, reach], [0, reach], axisymmetric=axisymmetric).graded((a, 0.0), a / 4)
    on_line = before(1, 0.0)
    crack = Load(lambda own: on_line(own) & (own[0] < a), pressure(v["pressure"]))
    closed = Support(lambda own: on_line(own) & (own[0] > a), 1)
    middle = () if axisymmetric else (Support(before(0, 0.0), 0),)
    return Elastic(domain, uniform(v["modulus"]), v["poisson"], (closed, *middle), (crack,))


def intensity(stress: Stress, flaw: float, modulus: float, poisson: float) -> float:
    """Return the stress intensity K_I (Pa m^0.5) at the end of a crack along y = 0, from how it opens.

    u_y = 4 (1 - nu2)/E K sqrt(r/2 pi) (1 + c1 r + c2 r2 ...): K by least squares over the nearer tenth of the crack.
    """
    points, moved = stress.domain.mesh.p, stress.displacement[stress.basis.nodal_dofs[1]]
    behind = flaw - points[0]
    near = (points[1] < 1e-9 * flaw) & (behind > 2e-3 * flaw) & (behind < 0.2 * flaw)
    r, opening = behind[near] / flaw, moved[near]
    local_k = opening * modulus / (4 * (1 - poisson**2)) * np.sqrt(2 * np.pi / (r * flaw))
    terms = np.stack([np.ones_like(r), r, r**2], axis=1)
    return float(np.linalg.lstsq(terms, local_k, rcond=None)[0][0])


def _crack(v: Values, dofs: int, *, penny: bool) -> Iterator[Result]:
    """Irwin (1957) for a straight crack, Sneddon (1946) for a round one, both with a pressure inside."""
    a = v["flaw"]
    exact = v["pressure"] * (2 * np.sqrt(a / np.pi) if penny else np.sqrt(np.pi * a))
    for stress in refinements(cracked(v, axisymmetric=penny), dofs=dofs // 2):
        found = intensity(stress, a, v["modulus"], v["poisson"])
        yield Result({"intensity": found}, stress.dofs, stress.estimated_error, found / exact - 1)


# --- the tip ----------------------------------------------------------------------------------------------------
def _hertz(v: Values, dofs: int) -> Iterator[Result]:
    """Hertz (1882): a rigid sphere pressed in until it carries `force`."""
    radius, modulus, nu = v["radius"], v["modulus"], v["poisson"]
    reduced = modulus / (1 - nu**2)
    exact = np.cbrt(0.75 * v["force"] * radius / reduced)
    for cells in (4, 8, 16, 32):
        contact = press(radius, v["force"], modulus, nu, cells)
        if contact.dofs > dofs:
            return
        values = {"contact_radius": contact.radius, "peak_pressure": contact.peak, "indentation": contact.indentation}
        yield Result(values, contact.dofs, contact.resolution, contact.radius / exact - 1)


CONCENTRATION: Final = {"poisson": POISSON}
CRACK: Final = {
    "flaw": Setting(10e-9, "m", "half length, or radius, of the crack"),
    "pressure": Setting(1e9, "Pa", "of the lithium in it"),
    "modulus": MODULUS,
    "poisson": POISSON,
}
MECHANICS_CASES: Final = (
    Case("hole", "mechanics", 11, "round hole in tension: its flank", "3", _hole, CONCENTRATION, "concentration"),
    Case(
        "ellipse", "mechanics", 11, "elliptic hole across a tension: its rim", "1 + 2a/b", _ellipse,
        {"aspect": Setting(3.0, "1", "long over short half axis", above=0.999), **CONCENTRATION}, "concentration",
    ),
    Case(
        "cavity", "mechanics", 12, "spherical cavity in tension: its equator", "(27 - 15 nu)/(14 - 10 nu)", _cavity,
        {"poisson": replace(POISSON, default=0.257)}, "concentration",
    ),
    Case(
        "pressurised-cavity", "mechanics", 13, "spherical cavity under pressure: hoop stress", "p/2",
        partial(_pressurised, plane=False), CONCENTRATION, "hoop",
    ),
    Case(
        "pressurised-bore", "mechanics", 13, "cylindrical bore under pressure: hoop stress", "p",
        partial(_pressurised, plane=True), CONCENTRATION, "hoop",
    ),
    Case(
        "misfit", "mechanics", 14, "sphere with a stress-free strain: pressure inside", "2 E eps/(3 (1 - nu))", _misfit,
        {"strain": Setting(0.01, "1", "stress-free strain"), "modulus": MODULUS, "poisson": POISSON}, "pressure",
    ),
    Case(
        "crack", "mechanics", 15, "crack with a pressure inside", "p sqrt(pi a)", partial(_crack, penny=False), CRACK,
        "intensity",
    ),
    Case(
        "penny-crack", "mechanics", 15, "round crack with a pressure inside", "2p sqrt(a/pi)", partial(_crack, penny=True), CRACK,
        "intensity",
    ),
    Case(
        "hertz", "mechanics", 16, "rigid tip on a half-space: contact radius", "(3FR/4E*)^(1/3)", _hertz,
        {
            "radius": Setting(25e-9, "m", "of the tip"),
            "force": Setting(50e-9, "N", "on the tip"),
            "modulus": MODULUS,
            "poisson": POISSON,
        }, "contact_radius",
    ),
)  # fmt: skip
