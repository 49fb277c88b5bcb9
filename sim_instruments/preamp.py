"""Noise of the tip's current preamplifier (domain.md §3): Johnson, shot, 1/f, mains, contact noise."""

import math
from collections.abc import Iterator

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
    johnson, band = _white(gain, aperture)
    total = np.sqrt((johnson + 2.0 * ELEMENTARY_CHARGE * np.abs(current)) * band) * noise.normals("preamp white", t)
    total += _flicker(johnson) * noise.pink("preamp 1/f", t, _SHORTEST, _OCTAVES)
    total += CONTACT_NOISE * current * noise.pink("contact", t, _SHORTEST, _OCTAVES)
    for amplitude, omega, phase in _hum(noise, aperture, mains):
        total += amplitude * np.sin(omega * t + phase)
    return np.asarray(total, dtype=np.float64)


def preamp_noise_at(noise: Noise, t: float, aperture: float, current: float, gain: float, mains: float) -> float:
    """Return what `preamp_noise` returns, for one reading: a ramp's looks at the current come one by one."""
    johnson, band = _white(gain, aperture)
    total = math.sqrt((johnson + 2.0 * ELEMENTARY_CHARGE * abs(current)) * band) * noise.normal("preamp white", t)
    total += _flicker(johnson) * noise.pink_at("preamp 1/f", t, _SHORTEST, _OCTAVES)
    if current:
        total += CONTACT_NOISE * current * noise.pink_at("contact", t, _SHORTEST, _OCTAVES)
    for amplitude, omega, phase in _hum(noise, aperture, mains):
        total += amplitude * math.sin(omega * t + phase)
    return total


def _white(gain: float, aperture: float) -> tuple[float, float]:
    """Return the density of the Johnson noise (A2/Hz) and the bandwidth of a reading (Hz)."""
    return 4.0 * BOLTZMANN * ROOM_TEMPERATURE / gain, min(bandwidth(gain) * math.pi / 2.0, 0.5 / aperture)


def _flicker(johnson: float) -> float:
    """Return the rms (A) of the 1/f noise beside a white noise of density `johnson` (A2/Hz)."""
    return math.sqrt(johnson * CORNER * math.log(2.0) * _OCTAVES)


def _hum(noise: Noise, aperture: float, mains: float) -> Iterator[tuple[float, float, float]]:
    """Yield amplitude (A), angular frequency (rad/s) and phase of each mains harmonic, averaged over `aperture` (s)."""
    for order, amplitude in MAINS:
        turns = math.pi * order * mains * aperture
        share = math.sin(turns) / turns if turns else 1.0
        phase = 2.0 * math.pi * noise.uniform("mains phase", order)
        yield amplitude * share, 2.0 * math.pi * order * mains, phase
