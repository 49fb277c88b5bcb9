"""The one physical world that all instruments of a simulated bench feel (SI units).

`bias` is V_we = V_tip - V_counter, plating negative; the electrode current I_we is cathodic negative. Sources and the
preamplifier speak the lab's own sign, as their docstrings say. State depends on the seed and on the sequence of
(time, command) alone: reading changes nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim_instruments.circuit import Circuit
from sim_instruments.contact import NECK_ONSET, Contact
from sim_instruments.contacts import BURN_CURRENT, Contacts, Seen, Truth, as_tabulated
from sim_instruments.drift import Drift, DriftSettings
from sim_instruments.electrode import electrode
from sim_instruments.imaging import LineSignals, Readout, image_line
from sim_instruments.lever import Lever
from sim_instruments.mechanics import Mechanics
from sim_instruments.noise import Floats, Noise
from sim_instruments.pellet import CellSettings, PelletCell
from sim_instruments.preamp import preamp_noise_at
from sim_instruments.surface import Surface, SurfaceSettings, make_surface
from sim_instruments.tip import Tip
from sim_instruments.trigger import Knobs

SOURCES: Final = ("source_meter", "probe")
STRAY_CAPACITANCE: Final = 1e-12
"""Capacitance between tip and sample (F)."""
TAIL_TIME: Final = 0.1
"""Time constant with which the displacement current of a step dies away (s). A step of V leaves C V / tail at first,
a ramp settles at C dV/dt, and a staircase shows what a ramp of its mean rate does."""


@dataclass(frozen=True)
class WorldSettings:
    """What makes one world; SI units."""

    seed: int = 0
    sample: str = "bare"
    bias_applied_to: str = "sample"
    """'tip' or 'sample', for both sources."""
    series_resistance: float = 10e6
    drift: DriftSettings = field(default_factory=DriftSettings)
    knobs: Knobs = field(default_factory=Knobs)
    physics: str = "table"
    """Where trigger voltages come from: 'table' (domain.md §6) or 'fem' (finite elements of the fields around a place)."""
    temperature: float = 298.0
    tip_radius: float = 25e-9
    spring_constant: float = 40.0
    preamp_gain: float = 1e9
    mains: float = 50.0
    z_range: tuple[float, float] = (-2.5e-6, 2.5e-6)
    surface: SurfaceSettings = field(default_factory=SurfaceSettings)
    """Seed and sample in here are those of the world, whatever it says."""
    cell: CellSettings = field(default_factory=CellSettings)


class World:
    """Sample, tip, sources and time. Starts withdrawn, sources at 0 V."""

    def __init__(self, settings: WorldSettings | None = None) -> None:
        self.settings = settings or WorldSettings()
        self.now = 0.0
        self.preamp_gain = self.settings.preamp_gain
        """Gain (V/A) that `image_line` reads with."""
        self.surface = self._make_surface()
        self._noise = Noise(self.settings.seed)
        self.cell = PelletCell(self.settings.sample, self.settings.cell, self._noise, self.settings.temperature)
        """A pellet of the same sample in a cell; whoever holds its leads carries it through time."""
        tip = Tip(z=self.settings.z_range[1], radius=self.settings.tip_radius)
        tip.spring_constant = self.settings.spring_constant
        self.lever = Lever(self.settings.spring_constant, self.settings.temperature)
        drift = Drift(self.settings.drift, self._noise)
        self._mechanics = Mechanics(self.surface, drift, tip)
        self._circuit = Circuit(SOURCES, self.settings.bias_applied_to)
        self.contacts = Contacts(
            self._mechanics,
            self._noise,
            self.settings.series_resistance,
            self.settings.temperature,
            self.settings.knobs,
            self._seen_places(),
        )
        self._lag = 0.0
        self._tail: tuple[float, float] = (0.0, 0.0)
        self._stale = True
        self._electrode = (0.0, 0.0, False)
        self.on_bias: Callable[[str, bool], None] = lambda source, biased: None
        """Called when a source's voltage has left 0 (True) or come back to it."""
        self._biased = dict.fromkeys(SOURCES, False)

    def _make_surface(self) -> Surface:
        s, u = self.settings, self.settings.surface
        return make_surface(SurfaceSettings(s.seed, s.sample, u.side, u.grain, u.special_share, u.disorder))

    def _seen_places(self) -> Seen:
        if self.settings.physics == "table":
            return as_tabulated
        if self.settings.sample != "bare":
            raise ValueError("finite elements are for the bare sample: what a coating leaks and yields is not known")
        # The library takes a second to load, which a lab without finite elements starts without.
        from sim_instruments.site_fields import SiteFields  # noqa: PLC0415

        return SiteFields(self.surface).seen

    @property
    def truth(self) -> Truth | None:
        """Called once for every contact whose bias goes beyond the plating onset."""
        return self.contacts.truth

    @truth.setter
    def truth(self, listener: Truth | None) -> None:
        self.contacts.truth = listener

    # --- time ---------------------------------------------------------------------------------------------------
    def advance(self, until: float) -> None:
        """Carry everything to time `until` (s) with the present settings held."""
        duration = until - self.now
        if duration <= 0.0:
            return
        if until >= self._mechanics.due:
            self._carry(until)
        if not self._circuit.open:
            self._conduct(duration)
        self.now = until

    def _conduct(self, duration: float) -> None:
        """Let charge flow for `duration` (s)."""
        bias, current, clamped = self._electrical()
        contact = self.contacts.present
        if contact is not None:
            if abs(current) > BURN_CURRENT:
                self.contacts.carry_current(current)
            self._transport(contact, bias, duration)
        if duration != self._tail[0]:
            self._tail = (duration, -math.expm1(-duration / TAIL_TIME))
        self._lag += (bias - self._lag) * self._tail[1]
        self._stale = True
        if clamped and contact is not None and not contact.triggered:
            self._polarise(self.now + duration)
        if contact is not None and contact.filament is not None:
            self._switch(contact, self.now + duration)

    def _transport(self, contact: Contact, bias: float, duration: float) -> None:
        """Plate or strip for `duration` (s) at the electrode bias V_we (V)."""
        filament = contact.filament
        if filament is not None and filament.conducting and abs(self._circuit.bias) > NECK_ONSET:
            through = -bias * filament.conductance(self.now, self.settings.series_resistance + self.tip.resistance)
            contact.pass_neck(self.now, through, duration)
        if self._circuit.bias > 0.0:
            contact.strip(self.now, bias, duration, self._circuit.limit)
        elif filament is None or not filament.formed:
            contact.grow(-self._circuit.bias, duration, self._circuit.limit)
        elif not contact.blocked:  # beside the neck only what it leaves of the bias plates
            contact.grow(-bias, duration, self._circuit.limit)

    def _switch(self, contact: Contact, now: float) -> None:
        """Let the filament see the bias that stands now."""
        assert contact.filament is not None
        bias = self._electrical()[0]
        if contact.filament.see(now, -bias, self._circuit.limit):
            contact.reconsider()
            self._stale = True

    # --- electrical ---------------------------------------------------------------------------------------------
    def set_source(self, name: str, volts: float | None, compliance: float = math.inf) -> None:
        """Set the source `name` to `volts` at its terminals, in its own sign, current limited to `compliance` (A).

        None: output off, high impedance. 0 V is what an output that is off in the normal way stands at.
        """
        self._circuit.set(name, volts, compliance)
        self._stale = True
        if bool(volts) is not self._biased[name]:
            self._biased[name] = bool(volts)
            self.contacts.rest(self.now) if not volts else self.contacts.wake(self.now)
            self.on_bias(name, bool(volts))
        self._polarise(self.now)

    @property
    def biased(self) -> bool:
        """Whether any source is away from 0 V."""
        return any(self._biased.values())

    def source_voltage(self, name: str) -> float:
        """Return what stands at the source's terminals (V, its own sign); below the setpoint while it is clamped.

        A source in high impedance shows 0 V.
        """
        volts = self._circuit.sources[name].volts
        if volts is None:
            return 0.0
        bias, _, clamped = self._electrical()
        if not clamped or name != self._circuit.limiting:
            return volts
        return volts + self._circuit.sign * (bias - self._circuit.bias)

    def source_current(self, name: str) -> float:
        """Return the true current (A) out of the source's HI terminal, without reading noise."""
        if name not in self._circuit.sources:
            raise KeyError(name)
        return self._circuit.sign * self._electrical()[1]

    def clamped(self, name: str) -> bool:
        """Say whether the source is in compliance now."""
        return self._electrical()[2] and name == self._circuit.limiting

    def preamp_current(self) -> float:
        """Return the true current (A) into the tip's virtual ground, positive when the sample is positive."""
        return -self._electrical()[1]

    def _electrical(self) -> tuple[float, float, bool]:
        """Return bias V_we (V), electrode current I_we (A), and whether the compliance holds it."""
        if self._stale:
            self._electrode = self._solve()
            self._stale = False
        return self._electrode

    def _solve(self) -> tuple[float, float, bool]:
        contact = self.contacts.present
        electronic = 0.0 if contact is None else self._conductance(contact)
        return electrode(self._circuit, contact, electronic, STRAY_CAPACITANCE / TAIL_TIME, self._lag)

    def _conductance(self, contact: Contact) -> float:
        """Return what conducts electrons (S): the ceramic, and a filament where there is one."""
        if contact.filament is None:
            return contact.leakage
        series = self.settings.series_resistance + self.tip.resistance
        return contact.leakage + contact.filament.conductance(self.now, series)

    def _polarise(self, now: float) -> None:
        """Look whether the bias passes the plating onset, triggers, or switches a filament."""
        if self._circuit.open:
            return
        if self.contacts.polarise(now, -self._electrical()[0]):
            self._stale = True
        contact = self.contacts.present
        if contact is not None and contact.filament is not None:
            self._switch(contact, now)

    # --- mechanical ---------------------------------------------------------------------------------------------
    @property
    def tip(self) -> Tip:
        """The tip as it is now."""
        return self._mechanics.tip

    @property
    def z_range(self) -> tuple[float, float]:
        """Reach of the Z piezo (m)."""
        return self.settings.z_range

    def place(self, x: float, y: float) -> None:
        """Put the scanner at `x`, `y` (m)."""
        tip = self._mechanics.tip
        if tip.in_contact:
            tip.scan(math.hypot(x - tip.x, y - tip.y))
        tip.x, tip.y = x, y
        self._carry(self.now)

    def set_z(self, z: float) -> None:
        """Put the tip's base at `z` (m); has no lasting effect while feedback is on.

        The controller keeps Z within the piezo's reach: its motor may have shifted that reach.
        """
        self._mechanics.tip.z = z
        self._carry(self.now)

    def sweep_z(self, z: Floats, t: Floats) -> Floats:
        """Move the tip's base through heights `z` (m) at times `t` (s, the last one now); return the forces (N).

        Feedback must be off, as for `set_z`.
        """
        forces = self._mechanics.sweep(z, t)
        self._touched(self.now)
        return forces

    def feedback(self, on: bool, setpoint_force: float) -> None:
        """Switch the deflection loop; `setpoint_force` in N."""
        self._mechanics.feedback, self._mechanics.setpoint = on, setpoint_force
        self._carry(self.now)

    def height_under_tip(self) -> float:
        """Return the sample's height (m, piezo frame) under the tip now."""
        return self._mechanics.height_under_tip(self.now)

    def surface_height(self, x: Floats | float, y: Floats | float) -> Any:
        """Return the sample's height (m, piezo frame) under scanner places `x`, `y` (m) now; a float for floats."""
        shape = np.broadcast_shapes(np.shape(x), np.shape(y))
        flat_x = np.broadcast_to(np.asarray(x, dtype=np.float64), shape).ravel()
        flat_y = np.broadcast_to(np.asarray(y, dtype=np.float64), shape).ravel()
        heights = self._mechanics.heights(flat_x, flat_y, self.now)
        return heights.reshape(shape) if shape else float(heights[0])

    def _carry(self, until: float) -> None:
        """Carry the tip to `until` (s), and end or begin a contact."""
        self._mechanics.carry(until)
        self._touched(until)

    def _touched(self, until: float) -> None:
        before = self.contacts.present
        self.contacts.update(until)
        self._stale = True
        if self.contacts.present is not before:
            self._polarise(until)

    # --- imaging and noise --------------------------------------------------------------------------------------
    def image_line(self, x: Floats, y: Floats, t: Floats) -> LineSignals:
        """Return the signals along scanner places `x`, `y` (m) at times `t` (s), at the present bias.

        Wears the tip by the path's length and leaves it at the last place; time does not pass.
        """
        bias = self._electrical()[0]
        readout = Readout(bias, self.preamp_gain, self.settings.mains)
        signals = image_line(self._mechanics, self._noise, x, y, t, readout)
        tip = self._mechanics.tip
        if tip.in_contact:
            tip.scan(float(np.sum(np.hypot(np.diff(x), np.diff(y)))))
        tip.x, tip.y = float(x[-1]), float(y[-1])
        self._carry(self.now)
        return signals

    def noise(self, channel: str, t: float) -> float:
        """Return the standard normal deviate of `channel` at `t` (s), resolved to 1 us."""
        return self._noise.normal(channel, t)

    def noise_at(self, channel: str, index: NDArray[np.int64]) -> Floats:
        """Return the standard normal deviates that belong to whole numbers of `channel`."""
        return self._noise.normals_at(channel, index)

    def noise_array(self, channel: str, t: Floats) -> Floats:
        """Return the standard normal deviates of `channel` at times `t` (s)."""
        return self._noise.normals(channel, t)

    def preamp_noise(self, t: float, aperture: float, current: float) -> float:
        """Return the preamplifier's noise (A) at `t` (s) around a true `current` (A), averaged over `aperture` (s)."""
        return preamp_noise_at(self._noise, t, aperture, current, self.preamp_gain, self.settings.mains)
