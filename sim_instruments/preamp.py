"""Noise of the tip's current preamplifier (domain.md §3): Johnson, shot, 1/f, mains, contact noise."""

import math

import numpy as np

from nanoprobe.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE, ROOM_TEMPERATURE
from sim_instruments.noise import Floats, Noise

MAINS = ((1, 0.2e-12), (2, 0.03e-12), (3, 0.06e-12))
"""Harmonics of the mains and their amplitudes (A)."""
CORNER = 10.0
"""Frequency below which 1/f noise passes the white noise (Hz)."""
CONTACT_NOISE = 0.03
"""Rms of the contact's pink noise over the current."""
_SHORTEST, _OCTAVES = 2e-3, 10


def bandwidth(gain: float) -> float:
    """Return the -3 dB bandwidth (Hz) at `gain` (V/A): 1 kHz at 1e9, 200 kHz at 1e6."""
    return float(1e3 * (1e9 / gain) ** (math.log10(200.0) / 3.0))


def preamp_noise(noise: Noise, t: Floats, aperture: float, current: Floats, gain: float, mains: float) -> Floats:
    """Return the noise (A) of readings at `t` (s), each averaged over `aperture` (s).

    `current` (A) is the true current there, `gain` in V/A, `mains` the line frequency (Hz).
    """
    johnson = 4.0 * BOLTZMANN * ROOM_TEMPERATURE / gain
    density = johnson + 2.0 * ELEMENTARY_CHARGE * np.abs(current)
    band = min(bandwidth(gain) * math.pi / 2.0, 0.5 / aperture)
    total = np.sqrt(density * band) * noise.normals("preamp white", t)
    flicker = math.sqrt(johnson * CORNER * math.log(2.0) * _OCTAVES)
    total += flicker * noise.pink("preamp 1/f", t, _SHORTEST, _OCTAVES)
    total += CONTACT_NOISE * current * noise.pink("contact", t, _SHORTEST, _OCTAVES)
    for order, amplitude in MAINS:
        phase = 2.0 * math.pi * noise.uniform("mains phase", order)
        share = float(np.sinc(order * mains * aperture))
        total += amplitude * share * np.sin(2.0 * math.pi * order * mains * t + phase)
    return np.asarray(total, dtype=np.float64)
