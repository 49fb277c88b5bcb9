"""Calibrating a lever: deflection sensitivity on a stiff spot, spring constant from its thermal noise.

The spot is not taken to be infinitely stiff: its own indentation, from a modulus that is known, is taken off. The spring
constant is by the thermal method of Hutter and Bechhoefer (Rev. Sci. Instrum. 64, 1868, 1993) with the corrections of
Butt and Jaschke (Nanotechnology 6, 1, 1995) for a beam's first mode seen by its slope: k = 0.817 kT / <d^2>, where <d^2>
is the area under the first resonance, at the sensitivity found by pressing.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter
from scipy.optimize import curve_fit

from nanoprobe.analysis.dmt import bending, branch_of, first_guess
from nanoprobe.analysis.force_curve import Indenter
from nanoprobe.errors import BadInput
from nanoprobe.physics.constants import BOLTZMANN, ROOM_TEMPERATURE
from nanoprobe.roles import Array, ForceCurve, Spectrum

THERMAL_FACTOR = 0.817
"""Butt and Jaschke (1995): share of kT in the first mode, and dynamic against static slope of the lever's end."""
FIT_SPAN = 0.1
"""The resonance is fitted within this part of its frequency to either side."""
SURROUNDINGS = 101
"""Points of the spectrum whose median a peak is held against: the building's noise is smooth, a resonance is not."""
PEAK_OVER_FLOOR = 1.5
PAD_ERROR, SPRING_ERROR = 0.1, 0.2
"""Relative standard uncertainty of the stiff spot's modulus, and of a spring constant that is not calibrated yet."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A number and its standard uncertainty, in the same unit."""

    value: float
    error: float


def sensitivity(
    curve: ForceCurve, spring_constant: float, indenter: Indenter, modulus: float, poisson: float
) -> Calibrated:
    """Return the deflection sensitivity (m/V) from a curve on a spot of known `modulus` (Pa).

    `spring_constant` (N/m) only enters the small correction for the spot's indentation: 20 % of it are enough. Raises
    BadInput where the curve shows no contact.
    """
    reduced = indenter.reduced(modulus, poisson)
    b = (0.75 * spring_constant / (reduced * math.sqrt(indenter.radius))) ** (2.0 / 3.0)
    value, error = _slope(curve, b)
    relative = 2.0 / 3.0 * math.hypot(PAD_ERROR, SPRING_ERROR, indenter.radius_error / 2.0)
    shifted, _ = _slope(curve, b * (1.0 + relative))
    return Calibrated(value, math.hypot(error, shifted - value))


def _slope(curve: ForceCurve, b: float) -> tuple[float, float]:
    """Return m/V and its standard error: the signal is proportional to the bending that contact law `b` predicts."""
    per_metre = float(np.nanmax(curve.outward) - np.nanmin(curve.outward)) / float(np.ptp(curve.z))
    branch = branch_of(curve.z, curve.outward / per_metre)
    if branch is None:
        raise BadInput("the curve has too few samples on the way out to calibrate with")
    guess = first_guess(branch)
    part = branch.z < guess.end
    z, signal = branch.z[part], branch.bend[part] * per_metre
    design = np.column_stack([bending(guess.end - z, b), np.ones_like(z)])
    found, *_ = np.linalg.lstsq(design, signal, rcond=None)
    scatter = float(np.std(signal - design @ found, ddof=2))
    spread = math.sqrt(float(np.linalg.inv(design.T @ design)[0, 0])) * scatter
    return 1.0 / float(found[0]), spread / float(found[0]) ** 2


@dataclass(frozen=True, slots=True)
class Resonance:
    """The first mode in a spectrum: `frequency` Hz, `quality`, `mean_square` V2 with its relative standard `error`."""

    frequency: float
    quality: float
    mean_square: float
    error: float


def spring_constant(
    spectrum: Spectrum, sensitivity: Calibrated, temperature: float = ROOM_TEMPERATURE
) -> tuple[Calibrated, Resonance]:
    """Return the spring constant (N/m) of a free lever from its spectrum, and the resonance it was found by.

    Raises BadInput where no resonance stands out of the noise.
    """
    found = resonance(spectrum)
    value = THERMAL_FACTOR * BOLTZMANN * temperature / (sensitivity.value**2 * found.mean_square)
    relative = math.hypot(found.error, 2.0 * sensitivity.error / sensitivity.value)
    return Calibrated(value, relative * value), found


def resonance(spectrum: Spectrum) -> Resonance:
    """Return the highest resonance of a spectrum: an oscillator's line on a flat floor, fitted to the logarithm.

    A mean of n periodograms scatters by 1/sqrt(n) of itself, at every frequency alike. Raises BadInput without a peak.
    """
    frequency, density = spectrum.frequency[1:], spectrum.density[1:]
    around = median_filter(density, SURROUNDINGS, mode="nearest")
    peak = int(np.argmax(density / around))
    floor = float(around[peak])
    if density[peak] < (PEAK_OVER_FLOOR + 6.0 / math.sqrt(spectrum.averages)) * floor:
        raise BadInput(
            "no resonance of the lever stands out of the noise: withdraw the tip, widen the frequency range, or give the "
            "spring constant by hand"
        )
    centre = float(frequency[peak])
    part = np.abs(frequency - centre) < FIT_SPAN * centre
    start = [math.log(float(density[peak]) / 100.0**2), math.log(centre), math.log(100.0), math.log(floor)]
    parameters, covariance = curve_fit(
        _log_line,
        frequency[part],
        np.log(density[part]),
        start,
        1.0 / math.sqrt(spectrum.averages),
        absolute_sigma=True,
    )
    low, f0, quality, _ = parameters
    square = math.pi / 2 * math.exp(low + f0 + quality)
    direction = np.array([1.0, 1.0, 1.0, 0.0])
    # The logarithm of a mean of n exponentials lies below its mean's by about 1/(2n).
    return Resonance(
        math.exp(f0),
        math.exp(quality),
        square * math.exp(0.5 / spectrum.averages),
        math.sqrt(float(direction @ covariance @ direction)),
    )


def _log_line(frequency: Array, low: float, f0: float, quality: float, floor: float) -> Array:
    ratio = frequency / math.exp(f0)
    line = math.exp(low) / ((1.0 - ratio**2) ** 2 + (ratio / math.exp(quality)) ** 2)
    return np.asarray(np.log(line + math.exp(floor)))
