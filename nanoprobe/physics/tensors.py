"""Strain and stress as (xx, yy, xy, zz): x or radius, y along the axis, zz out of the plane or around it; tension is positive."""

from typing import Any, Final

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.physics.domain import Array, Domain

NORMAL: Final = np.array([1.0, 1.0, 0.0, 1.0])
"""Which of the four are normal components."""


def hydrostatic(stress: Array) -> Array:
    """Return the mean normal stress (Pa) of stresses of shape (4, ...)."""
    return np.asarray((stress[0] + stress[1] + stress[3]) / 3)


def largest_principal(stress: Array) -> Array:
    """Return the largest principal stress (Pa) of stresses of shape (4, ...).

    >>> float(largest_principal(np.array([0.0, 0.0, 2.0, 1.0])))
    2.0
    """
    middle, half = (stress[0] + stress[1]) / 2, (stress[0] - stress[1]) / 2
    return np.asarray(np.maximum(middle + np.hypot(half, stress[2]), stress[3]))


def strains(domain: Domain, places: Array, u: Any) -> Array:
    """Return strain (xx, yy, xy, zz) of a displacement at `places` (m)."""
    gradient, value = np.asarray(u.grad), np.asarray(u)
    around = np.zeros(places.shape[1:])
    if domain.axisymmetric:
        on_axis = places[0] <= 1e-12 * places[0].max()
        around = np.where(on_axis, gradient[0, 0], value[0] / np.where(on_axis, 1.0, places[0]))
    return np.stack([gradient[0, 0], gradient[1, 1], 0.5 * (gradient[0, 1] + gradient[1, 0]), around])


def stresses(strain: Array, lam: Array, mu: Array, swelling: Array) -> Array:
    """Return the stress (Pa) of `strain` less the stress-free `swelling` (Hooke's law)."""
    normal = strain - swelling * NORMAL.reshape(4, *[1] * (strain.ndim - 1))
    trace = normal[0] + normal[1] + normal[3]
    return np.asarray(2 * mu * normal + np.stack([lam * trace, lam * trace, 0 * trace, lam * trace]))


def lame(modulus: Array, poisson: float) -> tuple[Array, Array]:
    """Return Lame's constants (Pa). Raises BadInput for a modulus that is not positive and a Poisson's ratio out of range."""
    if not -1 < poisson < 0.5:
        raise BadInput(f"Poisson's ratio is {poisson:g}; it must lie above -1 and below 0.5 (LLZO: 0.26)")
    bad = ~(np.isfinite(modulus) & (modulus > 0))
    if bad.any():
        raise BadInput(
            f"Young's modulus is {float(modulus[bad][0]):g} Pa in {int(bad.sum())} of {len(modulus)} triangles; it must be "
            "positive everywhere (cut voids out with `without`)"
        )
    return modulus * poisson / ((1 + poisson) * (1 - 2 * poisson)), modulus / (2 * (1 + poisson))
