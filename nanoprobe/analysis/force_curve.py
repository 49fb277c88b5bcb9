"""A force curve in numbers: modulus, adhesion, deformation, dissipation, each with its uncertainty (model: `dmt`)."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from nanoprobe.analysis.dmt import (
    FEWEST_IN_CONTACT,
    SEEN,
    SMOOTHING,
    Branch,
    ContactModel,
    branch_of,
    first_guess,
    fit_contact,
    least_squares,
    linearised,
    weighed,
)
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array, ForceCurve

COVERAGE = 1.959964
"""Standard deviations to either side of a 95 % interval."""
JUMP_SIGMAS, JUMP_SHARE = 8.0, 0.05
"""A loss of force on the way in, in sigmas and as a part of the largest force, from which on something has broken."""
LOADED = 0.2
"""Part of the largest force from which on the tip counts as loaded: before, it may snap in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """`sensitivity` m/V, `spring_constant` N/m, and their relative standard uncertainties (1)."""

    sensitivity: float
    spring_constant: float
    sensitivity_error: float = 0.01
    spring_error: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Indenter:
    """A sphere of `radius` (m) known to `radius_error` (1, relative), and what it is made of: modulus Pa, Poisson ratio 1."""

    radius: float
    radius_error: float = 0.1
    modulus: float = 168e9
    poisson: float = 0.38

    def reduced(self, modulus: float, poisson: float) -> float:
        """Return E* (Pa) on a sample of Young's `modulus` (Pa; may be infinite) and Poisson ratio `poisson`."""
        return 1.0 / ((1.0 - self.poisson**2) / self.modulus + (1.0 - poisson**2) / modulus)

    def sample(self, reduced: float, poisson: float) -> float:
        """Return the sample's Young's modulus (Pa) behind an E* (Pa); infinite where the tip alone gives more way."""
        rest = 1.0 / reduced - (1.0 - self.poisson**2) / self.modulus if reduced > 0 else math.inf
        return (1.0 - poisson**2) / rest if rest > 0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFit:
    """What a curve says. SI units; `_error`: standard uncertainty; `modulus_low`, `modulus_high`: 95 % interval.

    `modulus` is the sample's Young's modulus (infinite where the tip gives more way than the sample), `loading_modulus`
    that of the way in; `contact_stiffness` 2aE* at the largest force; `contact_z` where the lever is straight again in
    contact; `snap_in` the force at which the tip was first in contact (negative; NaN without an inward way); `noise` rms
    of the force over the free part.
    """

    modulus: float
    modulus_low: float
    modulus_high: float
    loading_modulus: float
    reduced_modulus: float
    adhesion: float
    adhesion_error: float
    snap_in: float
    snap_in_error: float
    deformation: float
    deformation_error: float
    dissipation: float
    dissipation_error: float
    peak_force: float
    contact_stiffness: float
    contact_z: float
    noise: float
    samples: int


def fit_curve(curve: ForceCurve, lever: Lever, indenter: Indenter, poisson: float = 0.26) -> ContactFit:
    """Return what a force curve says about a sample of Poisson ratio `poisson`.

    Raises BadInput where the tip did not touch, did not come off, or too few samples lie in contact.
    """
    outward, inward = (
        branch_of(curve.z, curve.outward * lever.sensitivity),
        branch_of(curve.z, curve.inward * lever.sensitivity),
    )
    if outward is None:
        raise BadInput("the curve has no way out: a backward sweep is needed")
    start = first_guess(outward)
    model, covariance, count = fit_contact(outward, start)
    loading = math.nan if inward is None else _loading(inward, model)
    return _evaluated(_Pair(inward, outward), _Solution(model, covariance, count, loading), lever, indenter, poisson)


@dataclass(frozen=True, slots=True)
class _Pair:
    inward: Branch | None
    outward: Branch


@dataclass(frozen=True, slots=True)
class _Solution:
    model: ContactModel
    covariance: Array
    count: int
    loading_b: float


def _loading(branch: Branch, model: ContactModel) -> float:
    """Return B of the way in, its contact taken to begin where the way out shows the tip straight."""
    part = branch.bend > SEEN / 2 * branch.sigma
    count = int(np.argmin(part)) if not part.all() else len(part)
    if count < FEWEST_IN_CONTACT:
        return math.nan
    found, _ = least_squares(branch, slice(0, count), model, model.end, branch.sigma)
    return found.b


def _evaluated(pair: _Pair, found: _Solution, lever: Lever, indenter: Indenter, poisson: float) -> ContactFit:
    model, k, out = found.model, lever.spring_constant, pair.outward
    y = float(model.bend(out.z[:1])[1][0])
    b_error = _error_of_b(out, found, lever)
    spread = math.hypot(b_error, 2.0 / 3.0 * model.b * math.hypot(lever.spring_error, indenter.radius_error / 2))
    low, middle, high = (
        _modulus(model.b + side * COVERAGE * spread, k, indenter, poisson) for side in (1.0, 0.0, -1.0)
    )
    reduced = _reduced(model.b, k, indenter)
    pulled = model.end - model.offset
    place_error = math.sqrt(
        max(found.covariance[1, 1] + found.covariance[2, 2] - 2 * found.covariance[1, 2], 0.0) + out.sigma**2 / out.free
    )
    deformation = model.b * y ** (2.0 / 3.0)
    snap, snap_error = _snap_in(pair.inward, model, lever)
    lost, lost_error = _dissipation(pair, k)
    values = {
        "modulus": middle,
        "modulus_low": low,
        "modulus_high": high,
        "loading_modulus": _modulus(found.loading_b, k, indenter, poisson),
        "reduced_modulus": reduced,
        "adhesion": k * pulled,
        "adhesion_error": k * math.hypot(place_error, pulled * math.hypot(lever.spring_error, lever.sensitivity_error)),
        "snap_in": snap,
        "snap_in_error": snap_error,
        "deformation": deformation,
        "deformation_error": deformation * b_error / model.b,
        "dissipation": lost,
        "dissipation_error": lost_error,
        "peak_force": k * (y - pulled),
        "contact_stiffness": contact_stiffness(reduced, indenter.radius, k * y),
        "contact_z": model.offset,
        "noise": k * out.sigma,
    }
    return ContactFit(samples=found.count, **{name: float(value) for name, value in values.items()})


def _error_of_b(branch: Branch, found: _Solution, lever: Lever) -> float:
    """Return the standard uncertainty of B: noise, pull-off and offset, and the deflection sensitivity."""
    part = slice(0, found.count)
    jacobian, _ = linearised(branch.z[part], branch.bend[part], found.model)
    by_sensitivity = found.covariance @ (jacobian.T @ branch.bend[part]) / branch.sigma**2
    return math.hypot(math.sqrt(found.covariance[0, 0]), float(by_sensitivity[0]) * lever.sensitivity_error)


def _reduced(b: float, k: float, indenter: Indenter) -> float:
    return 0.75 * k / math.sqrt(indenter.radius) * b**-1.5 if b > 0 else math.inf


def _modulus(b: float, k: float, indenter: Indenter, poisson: float) -> float:
    return math.nan if math.isnan(b) else indenter.sample(_reduced(b, k, indenter), poisson)


def contact_stiffness(reduced: float, radius: float, load: float) -> float:
    """Return 2 a E* (N/m) of a sphere of `radius` (m) under `load` (N; the force plus the pull-off force)."""
    return 2.0 * reduced * math.cbrt(0.75 * load * radius / reduced) if math.isfinite(reduced) else math.inf


def _snap_in(branch: Branch | None, model: ContactModel, lever: Lever) -> tuple[float, float]:
    """Return the force (N, negative) at which the tip was first in contact on the way in, and its uncertainty (N)."""
    if branch is None:
        return math.nan, math.nan
    last, place, error = weighed(branch, model, 1, len(branch.z) - branch.free)
    force = lever.spring_constant * float(model.bend(np.array([min(place, model.end)]))[0][0])
    return min(force, 0.0), lever.spring_constant * math.hypot(error, branch.sigma / math.sqrt(max(last, 1)))


def _dissipation(pair: _Pair, k: float) -> tuple[float, float]:
    """Return the work (J) lost between the way in and the way out, and its standard uncertainty (J)."""
    if pair.inward is None:
        return math.nan, math.nan
    out, inward = pair.outward, pair.inward
    loss = k * (np.interp(out.z, inward.z, inward.bend) - out.bend)
    step = float(np.ptp(out.z)) / (len(out.z) - 1)
    noise = k * step * math.sqrt(len(out.z)) * math.hypot(out.sigma, inward.sigma)
    return float(np.trapezoid(loss, out.z)), noise


def lost_force(curve: ForceCurve, lever: Lever) -> float:
    """Return the force (N) that was lost at once while the tip was pressed in: a broken tip or surface; 0 where none was.

    Force that falls from its largest value so far, by more than the noise and a part of the largest force, on the way in.
    """
    branch = branch_of(curve.z, curve.inward * lever.sensitivity)
    if branch is None:
        return 0.0
    pressed = uniform_filter1d(branch.bend, SMOOTHING)[::-1]
    loaded = int(np.argmax(pressed > LOADED * pressed.max()))
    fall = float((np.maximum.accumulate(pressed) - pressed)[loaded:].max())
    seen = max(JUMP_SIGMAS * branch.sigma, JUMP_SHARE * float(pressed.max()))
    touching = float(pressed.max()) > SEEN * branch.sigma
    return lever.spring_constant * fall if touching and fall > seen else 0.0
