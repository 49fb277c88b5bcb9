"""The current through one contact, its trigger, and the lithium that grows under it (domain.md §6).

Plating magnitudes throughout: `volts` is -V_we, `current` is -I_we, both positive while lithium plates. Under the other
polarity the lithium is stripped again; the neck that conducts or ruptures beside it is in `filament.py`.
"""

import math
from collections.abc import Callable
from typing import Final

from nanoprobe.physics.constants import FARADAY, LITHIUM_MOLAR_VOLUME, thermal_voltage
from sim_instruments.filament import Filament
from sim_instruments.ramp_clock import RampClock
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
NECK_ONSET: Final = 0.2
"""Bias (V) above which a spot whose neck has formed plates on, or strips through the neck; below it electrons pass alone."""
EFFICIENCY, EFFICIENCY_SPREAD = 0.97, 0.02
"""Share of the plated charge that can be stripped again, and its standard deviation."""
NOTHING_LEFT: Final = 1e-18
"""Less charge than this counts as none (C): six electrons."""
IDLE_LOSS: Final = 0.02
"""Share of the lithium that heals by itself a decade of time without bias."""

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
        self.stripped = 0.0
        """Charge stripped again (C)."""
        self.healed = 0.0
        """Charge that has healed by itself (C)."""
        self.efficiency = EFFICIENCY
        self.filament: Filament | None = None
        self.deposit: Contact | None = None
        """The contact that left lithium here, this one or an earlier one; None on a pristine place."""
        self.clock = RampClock()
        self._series = series
        self._chance = chance
        self._episode = 0.0  # charge stripped since the last plating (C)
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
        if self.triggered:
            return NECK_ONSET if self.filament is not None and self.filament.formed else 0.0
        return self.site.onset

    @property
    def blocked(self) -> bool:
        """Whether a gap keeps the tip from plating."""
        return self.filament is not None and self.filament.formed and not self.filament.conducting

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
        """Return the plating current (A) at `volts`, negative while it strips; reading it changes nothing."""
        if volts == self._cached[0]:
            return self._cached[1]
        if volts < 0.0:
            return -self.strippable_current(-volts)
        if self.blocked:
            return 0.0
        current = plating_current(volts - self.onset, self._resistance, self._scale, self._guess)
        self._cached = (volts, current)
        return current

    def volts_at(self, current: float) -> tuple[float, float]:
        """Return bias (V) and differential resistance (ohm) at a plating current (A)."""
        ratio = current / self._scale
        slope = self._resistance + _BEND / (self._scale * math.sqrt(1.0 + ratio * ratio))
        return self.onset + current * self._resistance + _BEND * math.asinh(ratio), slope

    def reconsider(self) -> None:
        """Forget what the last bias drew: the neck has switched."""
        self._cached = (math.nan, 0.0)

    # --- stripping ----------------------------------------------------------------------------------------------
    @property
    def left(self) -> float:
        """Charge that can still be stripped (C)."""
        left = self.efficiency * self.charge - self.stripped - self.healed
        return left if self.triggered and left > NOTHING_LEFT else 0.0

    def strippable_current(self, volts: float) -> float:
        """Return the stripping current (A) of the lithium here at `volts` (positive), 0 where there is none."""
        owner = self.deposit
        if owner is None or volts <= 0.0 or owner.left <= 0.0:
            return 0.0
        return owner.dissolving(volts)

    def dissolving(self, volts: float) -> float:
        """Return the current (A) at which the lithium this contact has plated dissolves at `volts` (positive)."""
        return plating_current(volts, self._resistance, self._scale)

    def strip(self, now: float, volts: float, duration: float, limit: float) -> None:
        """Strip for `duration` (s) at `volts` (positive), the current held below `limit` (A)."""
        owner = self.deposit
        if owner is not None:
            owner.dissolve(volts, duration, limit)
            owner.thin(now)

    def pass_neck(self, now: float, current: float, duration: float) -> None:
        """Let `current` (A, plating positive) go through the neck: it lengthens, or shortens, the filament at its end."""
        owner = self.deposit
        if owner is None:
            return
        if current > 0.0:
            owner.lengthen(current * duration)
        else:
            owner.shorten(now, -current * duration)

    def lengthen(self, charge: float) -> None:
        """Let `charge` (C) plate at the filament's end."""
        self.charge += charge
        self.depth += charge * _DEPTH_PER_CHARGE
        self._episode = 0.0

    def shorten(self, now: float, charge: float) -> None:
        """Let up to `charge` (C) dissolve at the filament's end."""
        self._take(charge)
        self.thin(now)

    def thin(self, now: float) -> None:
        """Tell the neck how much of the lithium has gone since the last plating."""
        if self.filament is not None and self._episode > 0.0:
            self.filament.strip(now, self._episode / (self._episode + self.left))

    def dissolve(self, volts: float, duration: float, limit: float) -> None:
        """Take away what dissolves in `duration` (s) at `volts` (positive), the current held below `limit` (A): midpoint rule."""
        while duration > 0.0 and self.left > 0.0:
            current = min(self.dissolving(volts), limit)
            if current <= 0.0:
                return
            step = duration
            if self._cube > self.contact_radius**3:  # else its shape, and with it the current, stays
                step = min(duration, max(GROWTH_STEP * self._cube / (_CUBE_PER_CHARGE * current), 1e-6))
            duration -= step
            start = self._cube
            self._shrink(0.5 * current * step)
            middle = min(self.dissolving(volts), limit)
            self._cube = start
            self._shrink(self._take(middle * step))

    def _take(self, charge: float) -> float:
        """Count up to `charge` (C) as stripped, and return how much it was."""
        taken = min(charge, self.left)
        self.stripped += taken
        self._episode += taken
        return taken

    def _shrink(self, charge: float) -> None:
        self._cube = max(self._cube - charge * _CUBE_PER_CHARGE, self.contact_radius**3)
        self._shape()

    def rest(self, decades: float) -> None:
        """Let lithium heal by itself over `decades` of time without bias."""
        loss = min(IDLE_LOSS * decades, 1.0) * self.left
        if loss > 0.0:
            self.healed += loss
            self._shrink(loss)

    # --- trigger and growth -------------------------------------------------------------------------------------
    def trigger(self, found: float = 0.0) -> None:
        """Let a dendrite shoot in: the film breaks, and nothing confines the lithium any more.

        `found`: radius (m) of the lithium that an earlier trigger has left here.
        """
        self.triggered = True
        self.deposit = self
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
        self._episode = 0.0
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
