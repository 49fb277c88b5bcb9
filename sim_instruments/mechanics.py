"""Where the tip stands on the sample: piezo, drift, deflection loop, force."""

import math
from typing import Final

from sim_instruments.drift import Drift
from sim_instruments.noise import Floats
from sim_instruments.surface import CORE_WIDTH, MODULUS, Surface
from sim_instruments.tip import (
    LOOP_TIME,
    Tip,
    adhesion_force,
    contact_radius,
    force_at,
    reduced_modulus,
    travel_for,
)

SETTLED: Final = 1e-12
"""The loop has settled within this distance (m)."""
REFRESH: Final = 0.25
"""A settled tip is looked at again after this time (s); drift moves it by some pm meanwhile."""
SAME_PLACE: Final = 0.2e-9
"""Topography is not looked up again for less than this (m)."""


class Mechanics:
    """The tip over the surface. `due`: when it wants to be carried on next (s)."""

    def __init__(self, surface: Surface, drift: Drift, tip: Tip) -> None:
        self.surface = surface
        self.drift = drift
        self.tip = tip
        self.due = 0.0
        self.feedback = False
        self.setpoint = 0.0
        self._now = 0.0
        self._looked_at = (math.inf, math.inf)
        self._relief = 0.0
        self.reduced = reduced_modulus(MODULUS)
        """E* of the contact (Pa)."""

    # --- places -------------------------------------------------------------------------------------------------
    def sample_place(self, t: float) -> tuple[float, float]:
        """Return where on the sample, in its frame of time 0, the tip is at `t` (m)."""
        x, y, _ = self.drift.at(t)
        return self.tip.x - x, self.tip.y - y

    def boundary_width(self) -> float:
        """Return w (m): how wide a boundary is to this tip (domain.md §6)."""
        return max(CORE_WIDTH, 0.5 * self.tip.radius)

    def contact_radius(self) -> float:
        """Return the contact's radius (m) at the present force."""
        return contact_radius(self.tip.force, self.tip.radius, self.reduced)

    def adhesion(self) -> float:
        """Return the pull-off force (N)."""
        return adhesion_force(self.tip.radius, self.surface.sample.adhesion_work)

    def heights(self, x: Floats, y: Floats, t: float) -> Floats:
        """Return the sample's height (m, piezo frame) under scanner places `x`, `y` at `t` (s)."""
        dx, dy, dz = self.drift.at(t)
        return self.surface.height(x - dx, y - dy) + dz

    def height_under_tip(self, t: float) -> float:
        """Return the sample's height (m, piezo frame) under the tip at `t` (s)."""
        dx, dy, dz = self.drift.at(t)
        self._look(self.tip.x - dx, self.tip.y - dy)
        return self._relief + dz

    def _look(self, x: float, y: float) -> None:
        if math.hypot(x - self._looked_at[0], y - self._looked_at[1]) < SAME_PLACE:
            return
        edges = self.surface.edges(x, y)
        self._relief = self.surface.relief(x, y, edges)
        self.reduced = reduced_modulus(self.surface.stiffness(x, y, edges, self.boundary_width()))
        self._looked_at = (x, y)

    # --- motion -------------------------------------------------------------------------------------------------
    def carry(self, until: float) -> None:
        """Carry the tip to time `until` (s): the loop follows the drifting surface, or Z stands and the force drifts."""
        dx, dy, dz = self.drift.at(until)
        tip = self.tip
        self._look(tip.x - dx, tip.y - dy)
        height = self._relief + dz
        if self.feedback:
            self._follow(height, until - self._now)
        else:
            self._press(height - tip.z)
            self.due = until + REFRESH
        self._now = until

    def _follow(self, height: float, elapsed: float) -> None:
        tip = self.tip
        if tip.lost:
            self._press(0.0)
            self.due = self._now + elapsed + REFRESH
            return
        target = height - travel_for(self.setpoint, tip.spring_constant, tip.radius, self.reduced)
        tip.z = target + (tip.z - target) * math.exp(-elapsed / LOOP_TIME)
        settled = abs(tip.z - target) < SETTLED
        if settled:
            tip.in_contact, tip.force = True, self.setpoint
        else:
            self._press(height - tip.z)
        self.due = self._now + elapsed + (REFRESH if settled else 0.0)

    def _press(self, travel: float) -> None:
        """Set force and contact for a base `travel` (m) below first touch."""
        tip = self.tip
        if tip.lost:
            tip.in_contact, tip.force = False, 0.0
            return
        held = tip.in_contact and travel * tip.spring_constant > -self.adhesion()
        tip.in_contact = travel >= 0.0 or held
        tip.force = force_at(travel, tip.spring_constant, tip.radius, self.reduced) if tip.in_contact else 0.0
