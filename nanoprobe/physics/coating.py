"""Bare against coated: how much a layer evens out flux and stress at a notch on a grain boundary (a plane section).

The section runs from the middle of the boundary half a grain sideways and as deep. Lithium fills what is above: it touches the
ceramic, or the flat top of the layer. Flux comes evenly from below. For the stress, lithium presses on a patch around the notch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.physics.conduction import Conduction
from nanoprobe.physics.contacts import Fixed
from nanoprobe.physics.domain import Array, Domain, Mask, away_from, box
from nanoprobe.physics.elasticity import Elastic, Load, Support, pressure
from nanoprobe.physics.flux_cases import before, beyond
from nanoprobe.physics.tensors import largest_principal

FINEST: Final = 2.5e-9
"""Smallest mesh step (m): half of half a boundary."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """The ceramic, in SI units: LLZO with a boundary (Eckhardt 2023) under a pore's width of notch."""

    half_grain: float = 1.5e-6
    boundary: float = 10e-9
    conductivity: float = 0.046
    boundary_conductivity: float = 6e-4
    notch_depth: float = 60e-9
    notch_width: float = 60e-9
    """Width at half depth of the notch's bell."""
    modulus: float = 150e9
    boundary_modulus: float = 90e9
    soft_width: float = 25e-9
    poisson: float = 0.26
    patch: float = 150e-9
    """Half width of the lithium that presses (m)."""


@dataclass(frozen=True, kw_only=True)
class Coating:
    """A layer: `thickness` (m), ionic `conductivity` (S/m), Young's `modulus` (Pa). Gelled PPC by default, 1 GPa."""

    thickness: float = 200e-9
    conductivity: float = 1e-2
    modulus: float = 1e9

    def __post_init__(self) -> None:
        if not self.thickness > 2 * FINEST:
            raise BadInput(
                f"a layer of {self.thickness:g} m is too thin for a mesh of {FINEST:g} m; leave it away or thicken it"
            )


@dataclass(frozen=True)
class Evenness:
    """`focusing`: largest over mean current density into the ceramic; `tension`: largest principal stress at its surface over
    lithium's pressure; `coating`: None for the bare ceramic.
    """

    coating: Coating | None
    focusing: float
    tension: float
    dofs: int = field(default=0)


def evenness(section: Section, coating: Coating | None = None) -> Evenness:
    """Return how even flux and stress are on one section, bare or coated."""
    domain = _mesh(section, coating)
    focusing, dofs = _focusing(section, coating, domain)
    return Evenness(coating, focusing, _tension(section, coating, domain), dofs)


def compare(
    section: Section,
    base: Coating,
    thicknesses: Sequence[float],
    conductivities: Sequence[float] = (),
    moduli: Sequence[float] = (),
    watch: Callable[[float], None] = lambda share: None,
) -> Iterator[Evenness]:
    """Yield the bare section, then layers like `base` of each thickness (m) with each conductivity (S/m), each modulus (Pa)."""
    layers = [replace(base, conductivity=value) for value in conductivities or [base.conductivity]]
    layers += [replace(base, modulus=value) for value in moduli if value != base.modulus]
    wanted = [replace(layer, thickness=thickness) for layer in layers for thickness in thicknesses]
    for done, coating in enumerate([None, *wanted], start=1):
        yield evenness(section, coating)
        watch(done / (1 + len(wanted)))


def _mesh(section: Section, coating: Coating | None) -> Domain:
    depth = section.half_grain
    across = np.concatenate([[0.0], away_from(section.boundary / 2, section.half_grain, FINEST, 1.3)])
    across[np.abs(across - section.patch).argmin()] = section.patch
    down = -away_from(0.0, depth, FINEST, 1.35)[::-1]
    up = np.zeros(0) if coating is None else away_from(0.0, coating.thickness, FINEST, 1.35)[1:]
    notch = _notch(section)
    thickness = 1.0 if coating is None else coating.thickness

    def shape(own: Array) -> Array:
        """Lower the surface y = 0 by the notch; the bottom and the layer's top stay flat."""
        fades = np.where(own[1] <= 0, 1 + own[1] / depth, 1 - own[1] / thickness)
        return np.stack([own[0], own[1] - notch(own[0]) * fades])

    return replace(box(across, np.concatenate([down, up])), shape=shape)


def _notch(section: Section) -> Callable[[Array], Array]:
    sigma = section.notch_width / 2.355
    return lambda x: np.asarray(section.notch_depth * np.exp(-0.5 * (x / sigma) ** 2))


def _top(coating: Coating | None) -> float:
    return 0.0 if coating is None else coating.thickness


def _below(own: Array) -> Mask:
    return np.asarray(own[1] < 0)


def _focusing(section: Section, coating: Coating | None, domain: Domain) -> tuple[float, int]:
    def conductivity(own: Array) -> Array:
        ceramic = np.where(own[0] < section.boundary / 2, section.boundary_conductivity, section.conductivity)
        return np.where(_below(own), ceramic, 1.0 if coating is None else coating.conductivity)

    contacts = {"lithium": Fixed(beyond(1, _top(coating)), 0.0), "below": Fixed(before(1, -section.half_grain), 1.0)}
    flux = Conduction(domain, conductivity, contacts).solve()
    into = [float(np.hypot(*flux.density(place, _below))) for place in _surface(domain)]
    return max(into) * section.half_grain / abs(flux.currents["lithium"]), flux.dofs


def _tension(section: Section, coating: Coating | None, domain: Domain) -> float:
    def modulus(own: Array) -> Array:
        ceramic = np.where(own[0] < section.soft_width, section.boundary_modulus, section.modulus)
        return np.where(_below(own), ceramic, 1.0 if coating is None else coating.modulus)

    top = beyond(1, _top(coating))
    pressed = Load(lambda own: top(own) & (own[0] < section.patch), pressure(1.0))
    supports = (
        Support(before(0, 0.0), 0),
        Support(beyond(0, section.half_grain), 0),
        Support(before(1, -section.half_grain), 1),
    )
    stress = Elastic(domain, modulus, section.poisson, supports, (pressed,)).solve()
    return max(float(largest_principal(stress.at(place, _below))) for place in _surface(domain))


def _surface(domain: Domain) -> list[tuple[float, float]]:
    """Return the vertices of the ceramic's surface (own coordinates), all but those at the ends of a contact's grain."""
    x, y = domain.mesh.p
    on = np.flatnonzero(np.abs(y) < 1e-3 * FINEST)
    return [(float(x[i]), float(y[i])) for i in on]
