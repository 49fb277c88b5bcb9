"""The contact part of a force curve, by least squares: Derjaguin, Muller and Toporov's law, and where the tip comes off.

Contact is Hertz's law (Johnson, Contact Mechanics, 1985, eq. 4.23) under the load plus the pull-off force (Derjaguin,
Muller, Toporov 1975). With `y` the lever's bending measured from the place where the tip comes off, and `p` the way of
its base down from there,

    p = y + B y^(2/3),        F + F_ad = k y,        B = (3 k / (4 E* sqrt(R)))^(2/3),

so one number, B, holds the modulus, whatever the zero of the deflection. It is fitted together with the place of the
pull-off and the offset, so that their uncertainty is in its own.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from nanoprobe.errors import BadInput
from nanoprobe.roles import Array

FREE_PART = 0.2
"""Upper part of a curve (1) that is taken to be free of the surface."""
FLAT = 0.05
"""Part of the largest bending by which the free part may change along the way."""
STUCK = "the tip did not come off the surface within the curve: choose a longer ramp"
FEWEST_SAMPLES = 24
FEWEST_IN_CONTACT = 8
SEEN = 8.0
"""The tip has touched when the bending rises by so many sigmas of the free part."""
SMOOTHING = 5
"""Samples averaged where the pull-off is looked for."""
ROUNDS, PASSES = 6, 3
SETTLED = 1e-4
"""A step this small against the uncertainties (squared) ends the fit."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way of a curve, deepest sample first: `z` and `bend` (m, 0 where free), `sigma` of one sample (m), free samples."""

    z: Array
    bend: Array
    sigma: float
    free: int


@dataclass(frozen=True, slots=True)
class ContactModel:
    """Contact: B (m^(1/3)), `offset` (z at which the bending is 0 but for the indentation, m), `end` (pull-off, m)."""

    b: float
    offset: float
    end: float

    def bend(self, z: Array) -> tuple[Array, Array]:
        """Return the bending (m) in contact at `z` (m), and y; beyond the pull-off as at it."""
        y = bending(np.maximum(self.end - z, 0.0), self.b)
        return y - self.end + self.offset, y

    def carried_on(self, z: Array, top: float) -> Array:
        """Return the bending (m) at `z` (m), were there no pull-off: beyond it at the mean slope of the last fifth below.

        `top`: the deepest place of the curve (m).
        """
        reach = 0.2 * (self.end - top)
        fall = float(self.bend(np.array([self.end - reach]))[0][0]) - (self.offset - self.end)
        return self.bend(z)[0] - np.maximum(z - self.end, 0.0) * (fall / reach)


def bending(p: Array, b: float) -> Array:
    """Return y that solves p = y + b y^(2/3) (m): Newton's method in the cube root, from above."""
    if b <= 0.0:
        return p
    root = np.minimum(np.cbrt(p), np.sqrt(p / b))
    for _ in range(ROUNDS):
        value = root * root * (root + b) - p
        root = root - value / np.maximum(root * (3.0 * root + 2.0 * b), 1e-30)
    return np.asarray(np.maximum(root, 0.0) ** 3)


def branch_of(z: Array, bent: Array) -> Branch | None:
    """Return one way of a curve from `z` and the lever's bending (m), NaN where it did not come; None for too few samples."""
    known = np.isfinite(bent)
    if int(known.sum()) < FEWEST_SAMPLES:
        return None
    order = np.argsort(z[known], kind="stable")
    places, bend = z[known][order], bent[known][order]
    tail = bend[places > places[-1] - FREE_PART * (places[-1] - places[0])]
    rest = float(tail.mean())
    return Branch(places, bend - rest, max(float(tail.std(ddof=1)), 1e-15), len(tail))


def first_guess(branch: Branch) -> ContactModel:
    """Return a first guess: a straight contact line, and the pull-off where the samples leave it for 0.

    Raises BadInput where there is no contact, no pull-off, or too little of the curve in contact.
    """
    smooth = uniform_filter1d(branch.bend, SMOOTHING)
    if _slides(branch):
        raise BadInput(STUCK)
    if smooth[0] < SEEN * branch.sigma:
        raise BadInput("the curve shows no contact: the tip was not pressed against the surface; approach again")
    pressed = int(np.argmin(smooth > SEEN / 4 * branch.sigma)) or len(smooth)
    if pressed > len(smooth) - branch.free:
        raise BadInput(STUCK)
    if pressed < FEWEST_IN_CONTACT:
        raise BadInput(f"only {pressed} samples lie in contact: choose more samples, a shorter ramp or a larger force")
    lower = slice(pressed // 2, pressed)
    slope, height = np.polyfit(branch.z[lower], branch.bend[lower], 1)
    line = slope * branch.z + height
    cost = np.cumsum((branch.bend - line) ** 2 - branch.bend**2)[: len(smooth) - branch.free]
    end = float(branch.z[int(np.argmin(cost))])
    pulled = max(-(slope * end + height), branch.sigma)
    y = float(branch.bend[:3].mean()) + pulled
    b = max((end - float(branch.z[1]) - y) / y ** (2.0 / 3.0), 1e-7)
    return ContactModel(b, end - pulled, end)


def _slides(branch: Branch) -> bool:
    """Say whether the part that should be free is not flat."""
    tail = branch.bend[-branch.free :]
    half = len(tail) // 2
    noise = float(np.diff(tail).std()) / math.sqrt(half)
    return abs(float(tail[:half].mean() - tail[half:].mean())) > max(FLAT * float(np.ptp(branch.bend)), SEEN * noise)


def fit_contact(branch: Branch, model: ContactModel) -> tuple[ContactModel, Array, int]:
    """Return the contact's model by least squares, the covariance of (b, offset, end), and how many samples it took."""
    for _ in range(PASSES):
        last, end, end_error = pull_off(branch, model)
        part = slice(0, last + 1)
        model, covariance = least_squares(branch, part, ContactModel(model.b, model.offset, end), end, end_error)
    return model, covariance, last + 1


def pull_off(branch: Branch, model: ContactModel) -> tuple[int, float, float]:
    """Return the last sample in contact, the place of the pull-off (m) and its standard uncertainty (m)."""
    return weighed(branch, model, FEWEST_IN_CONTACT, len(branch.z) - branch.free)


def weighed(branch: Branch, model: ContactModel, low: int, high: int) -> tuple[int, float, float]:
    """Return what `pull_off` does, each sample from `low` to `high` weighed as the last one in contact.

    Those up to it follow the contact, those beyond are free. Half the noise of a sample is added to the uncertainty: the
    samples that decide are few, and the contact's place has noise of its own.
    """
    window = slice(low, high + 1)
    contact = model.carried_on(branch.z[window], float(branch.z[0]))
    gain = (branch.bend[window] - contact) ** 2 - branch.bend[window] ** 2
    cost = np.cumsum(gain) / (2.0 * branch.sigma**2)
    weight = np.exp(-(cost - cost.min()))
    weight /= weight.sum()
    middle = (branch.z[low : high + 1] + branch.z[low + 1 : high + 2]) / 2
    end = float(weight @ middle)
    step = float(middle[1] - middle[0]) if len(middle) > 1 else 0.0
    error = math.sqrt(float(weight @ (middle - end) ** 2) + step**2 / 12 + branch.sigma**2 / 4)
    return low + int(np.argmin(cost)), end, error


def least_squares(
    branch: Branch, part: slice, model: ContactModel, end: float, end_error: float
) -> tuple[ContactModel, Array]:
    """Return the model by Gauss and Newton's method, the pull-off held to `end` (m) as far as it is known."""
    z, bend = branch.z[part], branch.bend[part]
    weight = 1.0 / branch.sigma
    for _ in range(ROUNDS):
        jacobian, residual = linearised(z, bend, model)
        rows = np.vstack([jacobian * weight, [0.0, 0.0, 1.0 / end_error]])
        right = np.append(residual * weight, (end - model.end) / end_error)
        normal = rows.T @ rows
        step = np.linalg.solve(normal, rows.T @ right)
        model = ContactModel(
            max(model.b + float(step[0]), 1e-8), model.offset + float(step[1]), model.end + float(step[2])
        )
        if float(step @ normal @ step) < SETTLED:
            break
    return model, np.linalg.inv(normal)


def linearised(z: Array, bend: Array, model: ContactModel) -> tuple[Array, Array]:
    """Return the derivatives of the bending by (b, offset, end), and what the model leaves over."""
    predicted, y = model.bend(z)
    root = np.maximum(np.cbrt(y), 1e-6)
    slope = 1.0 / (1.0 + 2.0 * model.b / (3.0 * root))
    return np.column_stack([-(root**2) * slope, np.ones_like(z), slope - 1.0]), bend - predicted
