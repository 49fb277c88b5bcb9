"""The current through one contact, its trigger, and the lithium that grows under it (domain.md §6).

Plating magnitudes throughout: `volts` is -V_we, `current` is -I_we, both positive while lithium plates. Healing and
filament switching under the other polarity belong here too.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nanoprobe.physics.constants import FARADAY, LITHIUM_MOLAR_VOLUME, thermal_voltage
from sim_instruments.sample import OHM_CM2, Sample
from sim_instruments.surface import Site

EXCHANGE_DENSITY: Final = 510.0
"""Exchange current density of clean lithium on the ceramic (A/m2)."""
TRIGGERED_RESISTANCE: Final = 0.4 * OHM_CM2
"""Film resistance once a dendrite has broken through (ohm m2)."""
TRIGGERED_RADIUS: Final = 30e-9
"""Least radius of the lithium at that moment (m)."""
FILAMENT_SHARE, FILAMENT_RADIUS = 0.2, 20e-9
"""Share of the charge that goes into the filament, and the filament's radius (m)."""
SPIKE_CURRENT, SPIKE_RATE = 1e-9, 0.2
"""Above this current (A) the ceramic cracks, so many times a second."""
CRACK_LIFE: Final = 0.1
"""Time in which a crack's fresh area is lost again (s)."""
GROWTH_STEP: Final = 0.12
"""Largest relative change of the deposit's volume in one step of integration."""
LAST_STEP: Final = 1e-6
"""Relative step after which Newton's method is done: it doubles its digits with each, so 1e-12 is left."""
LEAVING: Final = 0.05
"""A ramp is timed from here (V)."""

_CUBE_PER_CHARGE = (1.0 - FILAMENT_SHARE) * 3.0 * LITHIUM_MOLAR_VOLUME / (2.0 * math.pi * FARADAY)
_DEPTH_PER_CHARGE = FILAMENT_SHARE * LITHIUM_MOLAR_VOLUME / FARADAY / (math.pi * FILAMENT_RADIUS**2)
_BEND = 2.0 * thermal_voltage()


def plating_current(drive: float, resistance: float, scale: float, guess: float = 0.0) -> float:
    """Return the current I (A) that solves `drive` = I `resistance` + (2RT/F) asinh(I / `scale`) (V, ohm, A).

    Newton's method; the right side is concave, so from any first guess every later step comes from below.
    """
    if drive <= 0.0:
        return 0.0
    current = min(guess, drive / resistance)
    for _ in range(60):
        ratio = current / scale
        excess = drive - current * resistance - _BEND * math.asinh(ratio)
        step = excess / (resistance + _BEND / (scale * math.sqrt(1.0 + ratio * ratio)))
        current = max(current + step, 0.0)
        if abs(step) <= LAST_STEP * current:
            break
    return current


@dataclass
class RampClock:
    """Times one ramp: from leaving 50 mV until plating starts."""

    time: float = -math.inf
    volts: float = 0.0
    below: bool = True

    def see(self, now: float, volts: float) -> None:
        """Take note of the bias (V) at time `now` (s)."""
        if volts < LEAVING:
            self.below = True
        elif self.below:
            self.time, self.volts, self.below = now, volts, False

    def rate(self, now: float, volts: float) -> float:
        """Return the mean ramp rate (V/s) up to `now`; infinite for a single jump."""
        elapsed = now - self.time
        return abs(volts - self.volts) / elapsed if elapsed > 0.0 else math.inf


class Contact:
    """One landing of the tip on one place."""

    def __init__(
        self, site: Site, sample: Sample, contact_radius: float, series: float, chance: Callable[[int], float]
    ) -> None:
        """`contact_radius` in m, `series`: resistor and tip (ohm), `chance`: the contact's own uniform deviates."""
        self.site = site
        self.sample = sample
        self.triggered = False
        self.trigger_voltage: float | None = None
        self.frozen = False
        self.charge = 0.0
        """Charge plated (C)."""
        self.depth = 0.0
        """Depth of the filament (m)."""
        self.clock = RampClock()
        self._series = series
        self._chance = chance
        self._spikes = 0
        self._exposure = 0.0
        self._fresh = 0.0
        self._next_spike = self._waiting_time()
        self._guess = 0.0
        self._cached: tuple[float, float] = (0.0, 0.0)
        self._cube = contact_radius**3
        self.contact_radius = contact_radius
        self._shape()

    # --- shape --------------------------------------------------------------------------------------------------
    @property
    def radius(self) -> float:
        """Radius of the lithium, or of the bare contact (m)."""
        return self._radius

    @property
    def onset(self) -> float:
        """Bias (V) at which plating starts; once a dendrite is in, nothing confines the lithium any more."""
        return 0.0 if self.triggered else self.site.onset

    def press(self, contact_radius: float) -> None:
        """Let the force change the contact's radius (m); lithium that is there stays."""
        if abs(contact_radius - self.contact_radius) > 1e-3 * self.contact_radius:
            self.contact_radius = contact_radius
            self._cube = max(self._cube, contact_radius**3) if self.charge > 0.0 else contact_radius**3
            self._shape()

    @property
    def leakage(self) -> float:
        """Electronic conductance (S) of the contact (Holm): 4 sigma a."""
        return 4.0 * self.site.electronic * self.contact_radius

    def _shape(self) -> None:
        site, sample = self.site, self.sample
        radius = self._radius = math.cbrt(max(self._cube, 1e-36))
        reach = radius + sample.coating
        area = math.pi * reach * reach
        film = TRIGGERED_RESISTANCE if self.triggered else site.film_resistance
        ionic = site.grain_ionic if self.triggered else site.ionic
        cell = 1.0 / (4.0 * ionic * reach) + film / area
        if sample.coating > 0.0:
            cell += 1.0 / (4.0 * sample.coating_conductivity * radius)
        # An open crack is one more way in beside the others.
        ways = 1.0 + self._fresh
        self._resistance = self._series + cell / ways
        self._scale = 2.0 * area * EXCHANGE_DENSITY * ways
        self._cached = (math.nan, 0.0)

    # --- current ------------------------------------------------------------------------------------------------
    def current(self, volts: float) -> float:
        """Return the plating current (A) at `volts`; reading it changes nothing."""
        if volts == self._cached[0]:
            return self._cached[1]
        current = plating_current(volts - self.onset, self._resistance, self._scale, self._guess)
        self._cached = (volts, current)
        return current

    def volts_at(self, current: float) -> tuple[float, float]:
        """Return bias (V) and differential resistance (ohm) at a plating current (A)."""
        ratio = current / self._scale
        slope = self._resistance + _BEND / (self._scale * math.sqrt(1.0 + ratio * ratio))
        return self.onset + current * self._resistance + _BEND * math.asinh(ratio), slope

    # --- trigger and growth -------------------------------------------------------------------------------------
    def trigger(self, found: float = 0.0) -> None:
        """Let a dendrite shoot in: the film breaks, and nothing confines the lithium any more.

        `found`: radius (m) of the lithium that an earlier trigger has left here.
        """
        self.triggered = True
        self._cube = max(self._cube, TRIGGERED_RADIUS**3, found**3)
        self._shape()

    def burn(self, resistance: float) -> None:
        """Add `resistance` (ohm): the tip's metal film has given way."""
        self._series += resistance
        self._shape()

    def grow(self, volts: float, duration: float, limit: float) -> None:
        """Plate for `duration` (s) at `volts`, the current held below `limit` (A)."""
        self._guess = self.current(volts)
        if self._guess <= 0.0:
            return
        cap = math.inf if self.triggered else (self.sample.growth_cap * self.contact_radius) ** 3
        while duration > 0.0:
            if self._cube >= cap:
                self._plate(min(self.current(volts), limit) * duration, grows=False)
                return
            duration -= self._growth_step(volts, duration, limit, cap)

    def _growth_step(self, volts: float, duration: float, limit: float, cap: float) -> float:
        """Carry the growth one step on (midpoint rule); return the step (s)."""
        start, current = self._cube, min(self.current(volts), limit)
        step = min(duration, GROWTH_STEP * start / (_CUBE_PER_CHARGE * current))
        if self.triggered:
            step = self._until_event(step, current)
        self._cube = start + 0.5 * step * current * _CUBE_PER_CHARGE
        self._shape()
        self._guess = current
        middle = min(self.current(volts), limit)
        self._cube = min(start + step * middle * _CUBE_PER_CHARGE, max(cap, start))
        self._plate(step * middle, grows=True)
        if self.triggered:
            self._crack(step, middle)
        self._guess = middle
        return step

    def _plate(self, charge: float, grows: bool) -> None:
        self.charge += charge
        if self.triggered:
            self.depth += charge * _DEPTH_PER_CHARGE
        if grows:
            self._shape()

    # --- spikes -------------------------------------------------------------------------------------------------
    def _waiting_time(self) -> float:
        return -math.log(self._chance(2 * self._spikes)) / SPIKE_RATE

    def _until_event(self, step: float, current: float) -> float:
        """Shorten `step` (s) to the next crack, and to a part of the life of the last one."""
        if self._fresh > 0.0:
            step = min(step, 0.2 * CRACK_LIFE)
        if current > SPIKE_CURRENT:
            step = min(step, max(self._next_spike - self._exposure, 1e-6))
        return step

    def _crack(self, step: float, current: float) -> None:
        """Let cracks fade, and count time above the cracking current; one opens 20 to 60 % of the area more."""
        if self._fresh > 0.0:
            self._fresh = self._fresh * math.exp(-step / CRACK_LIFE) if self._fresh > 1e-3 else 0.0
            self._shape()
        if current <= SPIKE_CURRENT:
            return
        self._exposure += step
        if self._exposure >= self._next_spike:
            self._fresh += 0.2 + 0.4 * self._chance(2 * self._spikes + 1)
            self._spikes += 1
            self._next_spike = self._exposure + self._waiting_time()
            self._shape()
