"""Where the tip stands on the sample: piezo, drift, deflection loop, force."""

import math
from typing import Final

import numpy as np

from sim_instruments import force_law
from sim_instruments.drift import Drift
from sim_instruments.force_law import (
    adhesion_force,
    contact_force,
    contact_radius,
    free_force,
    load_at_pressure,
    motion_forces,
    reduced_modulus,
    snap_in_height,
)
from sim_instruments.noise import Floats
from sim_instruments.surface import CORE_WIDTH, MODULUS, PAD_MODULUS, PAD_POISSON, PAD_WORK, Surface
from sim_instruments.tip import LOOP_TIME, YIELD_PRESSURE, Tip

SETTLED: Final = 1e-12
"""The loop has settled within this distance (m)."""
REFRESH: Final = 0.25
"""A settled tip is looked at again after this time (s); drift moves it by some pm meanwhile."""
FASTEST: Final = 5e-9
"""The surface comes no faster towards a tip that is away from it (m/s): six times the drift right after loading."""
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
        self._work = surface.sample.adhesion_work

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
        return contact_radius(self.tip.force + self.adhesion(), self.tip.radius, self.reduced)

    def adhesion(self) -> float:
        """Return the pull-off force (N)."""
        return adhesion_force(self.tip.radius, self._work)

    def travel_for(self, force: float) -> float:
        """Return how far below first touch the base stands (m) when the contact carries `force` (N)."""
        tip = self.tip
        return force_law.travel_for(force, tip.spring_constant, tip.radius, self.reduced, self.adhesion())

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
        if self.surface.on_pad(x, y):
            self.reduced, self._work = reduced_modulus(PAD_MODULUS, PAD_POISSON), PAD_WORK
        else:
            self.reduced = reduced_modulus(self.surface.stiffness(x, y, edges, self.boundary_width()))
            self._work = self.surface.sample.adhesion_work
        self._looked_at = (x, y)

    # --- motion -------------------------------------------------------------------------------------------------
    def carry(self, until: float) -> None:
        """Carry the tip to time `until` (s): the loop follows the drifting surface, or Z stands and the force drifts."""
        height, tip = self.height_under_tip(until), self.tip
        if self.feedback:
            self._follow(height, until - self._now)
        else:
            self._press(height - tip.z)
            self.due = until + max(REFRESH, (tip.z - height) / FASTEST)
        self._now = until

    def _follow(self, height: float, elapsed: float) -> None:
        tip = self.tip
        if tip.lost:
            self._press(0.0)
            self.due = self._now + elapsed + REFRESH
            return
        target = height - tip.shortened - self.travel_for(self.setpoint)
        tip.z = target + (tip.z - target) * math.exp(-elapsed / LOOP_TIME)
        settled = abs(tip.z - target) < SETTLED
        if settled:
            tip.in_contact, tip.force = True, self.setpoint
            self._give_way(tip.force)
        else:
            self._press(height - tip.z)
        self.due = self._now + elapsed + (REFRESH if settled else 0.0)

    def _press(self, reach: float) -> None:
        """Set force and contact for a base `reach` (m) below the surface."""
        tip, lever, pull = self.tip, self.tip.spring_constant, self.adhesion()
        travel = reach - tip.shortened
        held = tip.in_contact and lever * travel > -pull
        tip.in_contact = not tip.lost and (held or travel > -snap_in_height(lever, pull))
        if tip.in_contact:
            tip.force = contact_force(travel, lever, tip.radius, self.reduced, pull)
            self._give_way(tip.force)
        else:
            tip.force = 0.0 if tip.lost else free_force(-travel, lever, pull)

    def sweep(self, z: Floats, t: Floats) -> Floats:
        """Move the base through heights `z` (m) at times `t` (s), feedback off; return the force (N) at each."""
        start, end = self.drift.at(float(t[0]))[2], self.drift.at(float(t[-1]))[2]
        self.height_under_tip(float(t[-1]))
        share = (t - t[0]) / (t[-1] - t[0]) if len(t) > 1 else np.zeros(1)
        forces = self._move_through(self._relief + start + share * (end - start) - z)
        self.tip.z, self._now = float(z[-1]), float(t[-1])
        self.due = self._now + REFRESH
        return forces

    def _move_through(self, reach: Floats) -> Floats:
        """Return the force (N) for each of the base's reaches (m) below the surface, the tip left at the last one."""
        if self.tip.lost or not len(reach):
            return np.zeros(len(reach))
        forces = self._forces(reach - self.tip.shortened)
        broken = np.flatnonzero(forces > self._strength())
        if len(broken):
            first = int(broken[0]) + 1
            self.tip.break_apex()
            forces[first:] = self._move_through(reach[first:])
        return forces

    def _forces(self, travel: Floats) -> Floats:
        tip = self.tip
        forces, tip.in_contact = motion_forces(
            travel, tip.spring_constant, tip.radius, self.reduced, self.adhesion(), tip.in_contact
        )
        tip.force = float(forces[-1])
        return forces

    def _strength(self) -> float:
        """Return the force (N) at which the apex breaks."""
        return load_at_pressure(YIELD_PRESSURE, self.tip.radius, self.reduced) - self.adhesion()

    def _give_way(self, force: float) -> None:
        if force > self._strength():
            self.tip.break_apex()
