"""A pellet cell at the potentiostat's leads.

Voltage is that of the working electrode against the counter electrode; a positive current oxidises at the working
electrode: it charges a full cell, and strips the working electrode's lithium in a symmetric one.
"""

import cmath
import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from nanoprobe.physics.constants import FARADAY, GAS_CONSTANT
from sim_instruments.noise import Noise
from sim_instruments.pellet.cathode import TRANSFER, Cathode
from sim_instruments.pellet.interface import Interface
from sim_instruments.pellet.presets import PELLETS, draw

BULK, BOUNDARIES = 217e-4, 17e-4
"""Resistance of the pellet's grains and of its grain boundaries at 298 K (ohm m2)."""
BULK_CAPACITANCE, BOUNDARY_CAPACITANCE = 0.13e-5, 0.13e-2
"""In parallel to them (F/m2)."""
BULK_ENERGY, BOUNDARY_ENERGY, INTERFACE_ENERGY = 0.34, 0.43, 0.45
"""Activation energies (eV)."""
BOUNDARY_SPREAD: Final = (0.6, 0.8, 1.0, 1.25, 1.7)
"""Time constants of the grain boundaries over their median: no two are alike, so their arc is a little depressed."""
LEADS: Final = 0.2
"""Resistance of the leads (ohm)."""
ROOM: Final = 298.0
HEAT_CAPACITY, HEAT_LEAK = 20.0, 0.02
"""Of cell and holder (J/K), and to the room (W/K)."""
HARD_SHORT: Final = 1e-4
"""Resistance of a hard short (ohm m2)."""
HARD_AT: Final = 2.0
"""A soft short that goes on growing becomes hard when its dendrites have come so far (1)."""
SHORT_TIME: Final = 0.5
"""Time in which a short's conductance establishes itself (s)."""
LONGEST_STEP: Final = 20.0
"""Longest step of integration while a current flows (s)."""


@dataclass(frozen=True)
class CellSettings:
    """Which cell is built; SI units."""

    kind: str = "symmetric"
    """'symmetric' (lithium on both sides) or 'lfp' (LiFePO4 as the working electrode)."""
    area: float = 1e-4
    pressure: float = 5e6
    """Stack pressure (Pa)."""


class Control(Enum):
    """What the potentiostat imposes."""

    OPEN = "open"
    VOLTAGE = "voltage"
    CURRENT = "current"


class PelletCell:
    """State of one cell; carried along by whoever holds its leads."""

    def __init__(self, sample: str, settings: CellSettings, noise: Noise, temperature: float = ROOM) -> None:
        if settings.kind not in ("symmetric", "lfp"):
            raise ValueError(f"a cell is 'symmetric' or 'lfp', not {settings.kind!r}")
        pellet = PELLETS[sample]
        self.settings = settings
        self.drawn = draw(pellet, lambda n: noise.uniform("pellet", n), lambda n: noise.normal_at("pellet", n))
        self.room = self.temperature = temperature
        self.now = 0.0
        count = 2 if settings.kind == "symmetric" else 1
        self._clean = self.drawn.interface
        self._interfaces = [Interface(self._clean, pellet.void_charge, settings.pressure) for _ in range(count)]
        self.cathode = Cathode(pellet.fade) if settings.kind == "lfp" else None
        self._control, self._level = Control.OPEN, 0.0
        self._short_wanted = 0.0
        self._short = 0.0
        self._warm()

    # --- what it is now

    @property
    def truth(self) -> dict[str, object]:
        """The drawn values: critical current density (A/m2), resistance of one lithium/ceramic interface (ohm m2)."""
        return {
            "critical_current_density": self.drawn.critical,
            "area_specific_resistance": self.drawn.interface,
        }

    @property
    def shorted(self) -> bool:
        """Whether a dendrite has come through."""
        return self._short_wanted > 0.0

    def voltage(self) -> float:
        """Return the voltage at the leads now (V)."""
        return self._solve(0.0)[0]

    def current(self) -> float:
        """Return the current now (A)."""
        return self._solve(0.0)[2] * self.settings.area

    def impedance(self, frequency: float) -> complex:
        """Return the impedance at the leads (ohm) at `frequency` (Hz) in the present state."""
        omega = 2.0 * math.pi * frequency
        bulk, boundaries = self._bulk, self._boundaries / len(BOUNDARY_SPREAD)
        total = bulk / (1.0 + 1j * omega * bulk * BULK_CAPACITANCE)
        median = self._boundaries * BOUNDARY_CAPACITANCE
        total += sum(boundaries / (1.0 + 1j * omega * median * spread) for spread in BOUNDARY_SPREAD)
        total += sum(interface.impedance(omega) for interface in self._interfaces)
        if self.cathode is not None:
            total += self.cathode.impedance(omega)
        total /= 1.0 + total * self._short
        assert cmath.isfinite(total)
        return total / self.settings.area + LEADS

    # --- what happens to it

    def impose(self, control: Control, level: float = 0.0) -> None:
        """Hold the voltage (V) or the current (A), or leave the cell open, from now on."""
        self._control, self._level = control, level

    def carry(self, until: float) -> None:
        """Carry the cell to time `until` (s) under what is imposed."""
        while (left := until - self.now) > 0.0:
            step = left if self._control is Control.OPEN and not self._short else min(left, LONGEST_STEP)
            self._step(step)
            self.now = until if step == left else self.now + step

    def _step(self, duration: float) -> None:
        voltage, ionic, density = self._solve(duration)
        working = self._interfaces[0] if self.cathode is None else None
        counter = self._interfaces[-1]
        if working is not None:
            working.pass_current(ionic, duration, self.drawn.critical)
        counter.pass_current(-ionic, duration, self.drawn.critical)
        if self.cathode is not None:
            self.cathode.pass_current(ionic, duration)
        self._heat(voltage, density, duration)
        self._grow_short(duration)

    def _heat(self, voltage: float, density: float, duration: float) -> None:
        lost = abs(density * (voltage - self._rest())) * self.settings.area
        steady = self.room + lost / HEAT_LEAK
        self.temperature = steady + (self.temperature - steady) * math.exp(-duration * HEAT_LEAK / HEAT_CAPACITY)
        self._warm()

    def _warm(self) -> None:
        """Take the resistances at the present temperature."""
        beta = FARADAY / GAS_CONSTANT * (1.0 / self.temperature - 1.0 / ROOM)
        self._bulk = BULK * math.exp(BULK_ENERGY * beta)
        self._boundaries = BOUNDARIES * math.exp(BOUNDARY_ENERGY * beta)
        for interface in self._interfaces:
            interface.clean = self._clean * math.exp(INTERFACE_ENERGY * beta)

    def _grow_short(self, duration: float) -> None:
        reached = max(interface.dendrite for interface in self._interfaces)
        if reached >= HARD_AT:
            self._short_wanted = 1.0 / HARD_SHORT
        elif reached >= 1.0 and not self.shorted:
            whole = self._bulk + self._boundaries + sum(interface.resistance for interface in self._interfaces)
            self._short_wanted = 1.0 / (self.drawn.short * whole)
        self._short += (self._short_wanted - self._short) * -math.expm1(-duration / SHORT_TIME)

    def _rest(self) -> float:
        return 0.0 if self.cathode is None else self.cathode.voltage()

    def _solve(self, duration: float) -> tuple[float, float, float]:
        """Return voltage (V), ionic and whole current density (A/m2) that hold through a step of `duration` (s).

        Exact for the arcs at constant current, implicit in the cathode's state of charge.
        """
        held, resistance = self._rest(), self._bulk + self._boundaries + LEADS * self.settings.area
        for sign, interface in self._with_signs():
            left = interface.lag(duration)
            held += sign * interface.overpotential * left
            resistance += interface.resistance * (1.0 - left)
        if self.cathode is not None:
            left = self.cathode.lag(duration)
            held += self.cathode.overpotential * left
            resistance += TRANSFER * (1.0 - left) + self.cathode.slope() * duration
        if self._control is Control.VOLTAGE:
            ionic = (self._level - held) / resistance
            return self._level, ionic, ionic + self._level * self._short
        density = self._level / self.settings.area if self._control is Control.CURRENT else 0.0
        voltage = (held + density * resistance) / (1.0 + resistance * self._short)
        return voltage, density - voltage * self._short, density

    def _with_signs(self) -> list[tuple[float, Interface]]:
        if self.cathode is None:
            return [(1.0, self._interfaces[0]), (-1.0, self._interfaces[1])]
        return [(-1.0, self._interfaces[0])]
