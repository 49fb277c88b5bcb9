"""Force between tip and sample, and on the lever that carries the tip (quasi-static; SI units).

`gap`: distance of the apex from first touch (m); `depth`: indentation (m); `travel`: how far the lever's base stands below
the place at which the unbent lever just touches (m); `pull`: the pull-off force (N, positive); `lever`: its spring
constant (N/m). Outside van der Waals' attraction of a sphere; inside Derjaguin, Muller and Toporov's contact: Hertz's
law under the load plus the pull. Both meet at first touch with the force -pull.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim_instruments.noise import Floats

TIP_POISSON, TIP_MODULUS = 0.38, 168e9
"""Poisson ratio and Young's modulus (Pa) of platinum."""
CERAMIC_POISSON: Final = 0.26
ATOMIC_GAP: Final = 0.2e-9
"""Distance of the two surfaces' atoms in contact (m): where van der Waals' law ends."""
REACH: Final = 50e-9
"""Gap from which on nothing pulls any more (m)."""
ROUNDS, SMALLEST_STEP = 30, 1e-18
"""Newton's method: most rounds, and the step (m) after which it is done."""
_FRACTIONS = np.linspace(0.0, 1.0, 600)


def reduced_modulus(modulus: float, poisson: float = CERAMIC_POISSON) -> float:
    """Return E* (Pa) of platinum on a sample of `modulus` (Pa) (Johnson, Contact Mechanics, 1985)."""
    return 1.0 / ((1.0 - TIP_POISSON**2) / TIP_MODULUS + (1.0 - poisson**2) / modulus)


def contact_radius(load: float, radius: float, reduced: float) -> float:
    """Return Hertz's contact radius (m) under `load` (N); the load is the force plus the pull."""
    return math.cbrt(0.75 * max(load, 0.0) * radius / reduced)


def indentation(load: float, radius: float, reduced: float) -> float:
    """Return Hertz's indentation (m) under `load` (N); the load is the force plus the pull."""
    return math.pow(0.75 * max(load, 0.0) / (reduced * math.sqrt(radius)), 2.0 / 3.0)


def adhesion_force(radius: float, work: float) -> float:
    """Return the pull-off force (N) (Derjaguin, Muller, Toporov 1975): 2 pi R w."""
    return 2.0 * math.pi * radius * work


def load_at_pressure(pressure: float, radius: float, reduced: float) -> float:
    """Return the load (N) under which the mean pressure in the contact is `pressure` (Pa)."""
    return (math.pi * pressure) ** 3 * (0.75 * radius / reduced) ** 2


def travel_for(force: float, lever: float, radius: float, reduced: float, pull: float) -> float:
    """Return the travel (m) at which the contact carries `force` (N)."""
    return force / lever + indentation(force + pull, radius, reduced)


def contact_force(travel: float, lever: float, radius: float, reduced: float, pull: float) -> float:
    """Return the force (N) in contact at a travel (m) above -pull/lever.

    The depth solves (4/3) E* sqrt(R) depth^1.5 + lever depth = lever travel + pull: Newton's method from above.
    """
    stiff, wanted = _stiffness(radius, reduced), max(lever * travel + pull, 0.0)
    depth = min(math.pow(wanted / stiff, 2.0 / 3.0), wanted / lever)
    for _ in range(ROUNDS):
        root = math.sqrt(depth)
        step = (stiff * depth * root + lever * depth - wanted) / (1.5 * stiff * root + lever)
        depth = max(depth - step, 0.0)
        if abs(step) < SMALLEST_STEP:
            break
    return lever * (travel - depth)


def free_force(height: float, lever: float, pull: float) -> float:
    """Return the force (N, negative: attraction) on a lever whose base is `height` (m) above first touch.

    Only where it has not snapped in: there the larger gap at which lever and attraction balance is stable.
    """
    if height > REACH:
        return 0.0
    gap = height
    for _ in range(ROUNDS):
        attraction = _attraction(gap, pull)
        step = (attraction - lever * (height - gap)) / (lever - 2.0 * attraction / (ATOMIC_GAP + gap))
        gap = max(gap - step, 0.0)
        if abs(step) < SMALLEST_STEP:
            break
    return -_attraction(gap, pull)


def _stiffness(radius: float, reduced: float) -> float:
    return 4.0 / 3.0 * reduced * math.sqrt(radius)


def _attraction(gap: float, pull: float) -> float:
    return pull * (ATOMIC_GAP / (ATOMIC_GAP + gap)) ** 2


def contact_forces(travel: Floats, lever: float, radius: float, reduced: float, pull: float) -> Floats:
    """Return what `contact_force` does, along a motion: the curve is drawn once, depth by depth, and read off."""
    deepest = math.pow((lever * max(float(travel.max()), 0.0) + pull) / _stiffness(radius, reduced), 2.0 / 3.0)
    depth = deepest * _FRACTIONS**2
    force = _stiffness(radius, reduced) * depth * np.sqrt(depth) - pull
    return np.asarray(np.interp(travel, depth + force / lever, force), dtype=np.float64)


def free_forces(height: Floats, lever: float, pull: float) -> Floats:
    """Return what `free_force` does, along a motion."""
    nearest = max(0.0, _unstable_gap(lever, pull))
    gap = nearest + (REACH - nearest) * _FRACTIONS**4
    force = -pull * (ATOMIC_GAP / (ATOMIC_GAP + gap)) ** 2
    return np.asarray(np.interp(height, gap - force / lever, force, right=0.0), dtype=np.float64)


def snap_in_height(lever: float, pull: float) -> float:
    """Return the base's height (m) above first touch below which the tip jumps into contact.

    The attraction's gradient exceeds the spring constant there; a lever stiffer than any gradient is drawn in steadily.
    """
    gap = max(0.0, _unstable_gap(lever, pull))
    return gap + _attraction(gap, pull) / lever


def _unstable_gap(lever: float, pull: float) -> float:
    return math.cbrt(2.0 * pull * ATOMIC_GAP**2 / lever) - ATOMIC_GAP


def in_contact(travel: Floats, lever: float, pull: float, before: bool) -> NDArray[np.bool_]:
    """Return along a motion where the tip is in contact: it snaps in, and holds until the lever pulls it off."""
    snaps, free = travel > -snap_in_height(lever, pull), travel <= -pull / lever
    decided = np.where(snaps | free, np.arange(len(travel)), -1)
    last = np.maximum.accumulate(decided)
    return np.asarray(np.where(last >= 0, snaps[np.maximum(last, 0)], before), dtype=np.bool_)


def motion_forces(
    travel: Floats, lever: float, radius: float, reduced: float, pull: float, before: bool
) -> tuple[Floats, bool]:
    """Return the force (N) along a motion that begins in contact or not (`before`), and whether it ends there."""
    touching = in_contact(travel, lever, pull, before)
    forces = free_forces(-travel, lever, pull)
    if touching.any():
        forces[touching] = contact_forces(travel[touching], lever, radius, reduced, pull)
    return forces, bool(touching[-1])


def curve(
    peak: float, lever: float, radius: float, reduced: float, pull: float, samples: int
) -> tuple[Floats, Floats, Floats]:
    """Return a force curve up to `peak` (N): heights of the base on the way in (m), forces (N) there and back, as it moves."""
    depth = travel_for(peak, lever, radius, reduced, pull)
    z = np.linspace(max(15e-9, 4 * pull / lever, depth / 2), -depth, samples)
    inward, touching = motion_forces(-z, lever, radius, reduced, pull, before=False)
    return z, inward, motion_forces(-z[::-1], lever, radius, reduced, pull, touching)[0]
