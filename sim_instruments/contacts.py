"""Landings: every contact of the tip with the sample, from touching down to lift-off, and what it leaves behind."""

import math
from collections.abc import Callable
from typing import Any, Final

from sim_instruments.contact import EFFICIENCY, EFFICIENCY_SPREAD, Contact
from sim_instruments.deposits import Deposits
from sim_instruments.filament import Filament, Switching, normal
from sim_instruments.mechanics import Mechanics
from sim_instruments.noise import Noise
from sim_instruments.surface import Site
from sim_instruments.trigger import Conditions, Knobs, trigger_voltage

MOVED: Final = 5e-9
"""Dragging the tip this far makes a new contact (m)."""
NECK_REACH: Final = 30e-9
"""A neck is torn when the sample has gone this far under the tip (m): the least radius of the lithium around it."""
PICK_UP_CHANCE, SHED_CHANCE = 0.1, 0.5
"""Chance that a triggered spot leaves lithium on the tip, and that a landing rubs it off again."""
BURN_CURRENT, BURN_CHANCE = 1e-6, 0.3
"""Above this current (A) the tip's metal film gives way, at this chance a contact."""

_EVENTS = ("neck", "reset", "life", "gap", "set", "stuck on", "stuck off", "efficiency")

Truth = Callable[[dict[str, Any]], None]
Seen = Callable[[float, float, Site], Site]
"""What decides the trigger voltage at `x`, `y` (m), from what the table says of the place."""


def as_tabulated(x: float, y: float, site: Site) -> Site:
    """Return `site` as it is."""
    return site


class Contacts:
    """The present contact and the memory of the ones before. `series`: resistor beside the tip's own (ohm)."""

    def __init__(
        self,
        mechanics: Mechanics,
        noise: Noise,
        series: float,
        temperature: float,
        knobs: Knobs,
        seen: Seen = as_tabulated,
    ) -> None:
        self.present: Contact | None = None
        self.truth: Truth | None = None
        self.switched: Callable[[Switching, tuple[float, float]], None] = lambda event, place: None
        """Called with each switching of a filament and its place on the sample (m)."""
        self._mechanics = mechanics
        self._noise = noise
        self._series = series
        self._temperature = temperature
        self._knobs = knobs
        self._seen = seen
        self._place = (0.0, 0.0)
        self._scanner_place = (0.0, 0.0)
        self._count = 0
        self._burnt = 0
        self._resting_since = 0.0
        self._deposits = Deposits()

    def update(self, now: float) -> None:
        """End a contact that has been left, begin one where the tip has landed, pass on the force."""
        tip, contact = self._mechanics.tip, self.present
        if contact is not None and (self._has_moved(contact, now) or not tip.in_contact):
            contact = self.present = None
        if contact is not None:
            contact.press(self._mechanics.contact_radius())
        elif tip.in_contact:
            self._land(now)

    def _has_moved(self, contact: Contact, now: float) -> bool:
        """Say whether the tip has left its place. A formed neck holds on to it, and is torn by drift as well."""
        if contact.filament is not None and contact.filament.formed:
            x, y = self._mechanics.sample_place(now)
            return math.hypot(x - self._place[0], y - self._place[1]) > NECK_REACH
        tip = self._mechanics.tip
        return math.hypot(tip.x - self._scanner_place[0], tip.y - self._scanner_place[1]) > MOVED

    def _land(self, now: float) -> None:
        mechanics = self._mechanics
        tip = mechanics.tip
        self._count += 1
        self._scanner_place = (tip.x, tip.y)
        self._place = mechanics.sample_place(now)
        if tip.has_lithium and self._chance("shed") < SHED_CHANCE:
            tip.has_lithium = False
        surface = mechanics.surface
        site = surface.site(*self._place, mechanics.boundary_width())
        series = self._series + tip.resistance
        self.present = Contact(site, surface.sample, mechanics.contact_radius(), series, self._spikes())
        found = self._deposits.at(*self._place)
        if found is not None:
            self.present.deposit = found  # its lithium can be stripped; its neck was torn when the tip left

    def rest(self, now: float) -> None:
        """Note that the bias has come back to 0 at `now` (s)."""
        self._resting_since = now

    def wake(self, now: float) -> None:
        """Let the lithium under the tip have healed by itself while it rested until `now` (s)."""
        if self.present is not None and self.present.deposit is not None:
            self.present.deposit.rest(math.log10(1.0 + max(now - self._resting_since, 0.0)))

    def polarise(self, now: float, volts: float) -> bool:
        """Note plating bias `volts` (V) at `now` (s); say whether it triggers the present contact."""
        contact = self.present
        if contact is None or contact.triggered:
            return False
        contact.clock.see(now, volts)
        if volts <= contact.site.onset:
            return False
        if not contact.frozen:
            self._freeze(contact, now, volts)
        if contact.trigger_voltage is None or volts < contact.trigger_voltage:
            return False
        contact.trigger(self._deposits.radius_at(*self._place))
        self._leave_filament(contact, volts)
        self._deposits.add(*self._place, contact)
        if self._chance("pick-up") < PICK_UP_CHANCE:
            self._mechanics.tip.has_lithium = True
        return True

    def _leave_filament(self, contact: Contact, volts: float) -> None:
        """Let a triggered contact have a filament of its own, with the deviates of its place."""
        place, count = self._place, self._count << 20
        names = {event: self._channel(event) for event in _EVENTS}

        def chance(event: str, cycle: int) -> float:
            return self._noise.uniform(names[event], count + cycle)

        contact.filament = Filament(contact.trigger_voltage or volts, chance)
        contact.filament.on_switch = lambda event: self.switched(event, place)
        contact.efficiency = min(EFFICIENCY + EFFICIENCY_SPREAD * normal(chance, "efficiency", 0), 1.0)

    def _freeze(self, contact: Contact, now: float, volts: float) -> None:
        """Fix the voltage at which this contact triggers, and tell it."""
        tip = self._mechanics.tip
        conditions = Conditions(
            rate=contact.clock.rate(now, volts),
            force=tip.force,
            radius=tip.radius,
            temperature=self._temperature,
            lithium_on_tip=tip.has_lithium,
            lithium_on_spot=self._deposits.radius_at(*self._place) > 0.0,
        )
        site = self._seen(*self._place, contact.site)
        contact.trigger_voltage = trigger_voltage(self._mechanics.surface.sample, site, conditions, self._knobs)
        contact.frozen = True
        if self.truth is not None:
            x, y = self._place
            kind, v_t = contact.site.kind, contact.trigger_voltage
            self.truth({"t": now, "x": x, "y": y, "site": kind, "trigger_voltage": v_t})

    def carry_current(self, current: float) -> None:
        """Let the tip's metal film give way under `current` (A): once a contact and by chance."""
        contact, tip = self.present, self._mechanics.tip
        if contact is None or abs(current) <= BURN_CURRENT or self._burnt == self._count:
            return
        self._burnt = self._count
        if self._chance("burn") < BURN_CHANCE:
            contact.burn(9.0 * tip.resistance)
            tip.resistance *= 10.0

    def _channel(self, event: str) -> str:
        x, y = self._place
        return f"{event} {round(x * 1e9)} {round(y * 1e9)}"

    def _chance(self, event: str) -> float:
        """Return a uniform deviate that belongs to this contact, at this place, and `event`."""
        return self._noise.uniform(self._channel(event), self._count)

    def _spikes(self) -> Callable[[int], float]:
        channel, first = self._channel("spikes"), self._count << 20
        return lambda index: self._noise.uniform(channel, first + index)
