"""One line of an image: what the tip's signals are while it is dragged over the surface."""

from dataclasses import dataclass

import numpy as np

from sim_instruments.force_law import reduced_modulus
from sim_instruments.lag import lag
from sim_instruments.mechanics import Mechanics
from sim_instruments.noise import Floats, Noise
from sim_instruments.preamp import bandwidth, preamp_noise
from sim_instruments.sample import Sample
from sim_instruments.surface import ONSET
from sim_instruments.tip import IMAGING_LOOP_TIME

HEIGHT_NOISE = 0.1e-9
"""Rms noise of the height (m)."""
FRICTION_COEFFICIENT, FRICTION_NOISE = 0.3, 0.3e-9
"""Friction over load, and rms noise of the friction signal (N)."""


@dataclass(frozen=True)
class LineSignals:
    """Signals along a line; every array is as long as the line."""

    height: Floats
    """Z of the controller (m)."""
    deflection: Floats
    """Force on the lever (N)."""
    friction: Floats
    """Lateral force (N), positive while the tip goes towards larger x."""
    current: Floats
    """Preamplifier's reading as a current (A), positive with the sample positive."""


@dataclass(frozen=True)
class Readout:
    """How a line is read: bias V_we (V), preamplifier's gain (V/A), mains (Hz)."""

    bias: float
    gain: float
    mains: float


def _lag(signal: Floats, step: float, time_constant: float) -> Floats:
    """Return `signal`, sampled every `step` (s), behind a first-order lag."""
    return lag(signal, float(np.exp(-step / time_constant)))


def _pixel_time(t: Floats) -> float:
    return float(abs(t[-1] - t[0]) / (len(t) - 1)) if len(t) > 1 and t[-1] != t[0] else 1e-3


def image_line(mechanics: Mechanics, noise: Noise, x: Floats, y: Floats, t: Floats, readout: Readout) -> LineSignals:
    """Return the signals of scanner places `x`, `y` (m) at times `t` (s), each pixel an average over its time."""
    step, tip, surface = _pixel_time(t), mechanics.tip, mechanics.surface
    dx, dy, dz = mechanics.drift.at(0.5 * float(t[0] + t[-1]))
    at = (x - dx, y - dy)
    edges = surface.grains.boundaries(*at)
    felt = surface.felt_boundary(edges, mechanics.boundary_width())
    modulus = surface.modulus(*at, felt)
    relief = surface.height(*at, edges) + dz
    reduced = np.asarray(reduced_modulus_array(surface.sample, modulus))
    height, force = _follow(mechanics, relief, step)
    pull = mechanics.adhesion()
    touching = tip.in_contact & (force > -pull)
    radius = np.cbrt(0.75 * np.maximum(force, 0.0) * tip.radius / reduced)
    conductance = 4.0 * surface.electronic(*at, felt) * radius
    current = np.where(touching, -readout.bias * conductance + _plating(surface.sample, radius, readout.bias), 0.0)
    seen = _lag(current, step, 1.0 / (2.0 * np.pi * bandwidth(readout.gain)))
    direction = 1.0 if x[-1] >= x[0] else -1.0
    drag = FRICTION_COEFFICIENT * (1.0 + 0.3 * felt) * np.maximum(force + pull, 0.0) * touching
    return LineSignals(
        height=height + HEIGHT_NOISE * noise.normals("height", t),
        deflection=np.where(touching, force, 0.0) + tip.spring_constant * HEIGHT_NOISE * noise.normals("lever", t),
        friction=direction * drag + FRICTION_NOISE * noise.normals("friction", t),
        current=seen + preamp_noise(noise, t, step, seen, readout.gain, readout.mains),
    )


def reduced_modulus_array(sample: Sample, modulus: Floats) -> Floats:
    """Return E* (Pa) along a line: the coating's own where there is one."""
    if sample.contact_modulus is not None:
        return np.full(modulus.shape, reduced_modulus(sample.contact_modulus))
    flat = reduced_modulus(float(modulus.mean()))
    # E* is nearly linear in E over the few per cent by which E differs along a line.
    slope = (reduced_modulus(1.01 * float(modulus.mean())) - flat) / (0.01 * float(modulus.mean()))
    return flat + slope * (modulus - float(modulus.mean()))


def _follow(mechanics: Mechanics, relief: Floats, step: float) -> tuple[Floats, Floats]:
    """Return Z of the base (m) and force (N) along the line."""
    tip = mechanics.tip
    if not mechanics.feedback or not tip.in_contact:
        return np.full(relief.shape, tip.z), tip.spring_constant * (relief - tip.z)
    below = mechanics.travel_for(mechanics.setpoint)
    followed = _lag(relief, step, IMAGING_LOOP_TIME) - below
    return followed, mechanics.setpoint + tip.spring_constant * (relief - below - followed)


def _plating(sample: Sample, radius: Floats, bias: float) -> Floats:
    """Return the small plating current (A) of a contact in passing, its film's median resistance alone."""
    drive = max(-bias - ONSET, 0.0)
    reach = np.maximum(radius + sample.coating, 1e-12)
    film = sample.film_resistance / (np.pi * reach**2)
    spreading = 0.25 / (sample.coating_conductivity * np.maximum(radius, 1e-12))
    return np.asarray(drive / (film + spreading), dtype=np.float64)
