"""The source of the 2450: what its settings make of the terminals.

The world knows voltage sources with a current compliance only. A current source of I with voltage limit V is the same
thing seen from the other side: V with the sign of I, and compliance |I|.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sim_instruments.keithley2450.ranges import (
    CURRENT_RANGES,
    INTERLOCKED_VOLTAGE,
    OVERRANGE,
    SOURCE_STEP_TIME,
    VOLTAGE_RANGES,
    auto_delay,
    fitting,
)
from sim_instruments.keithley2450.wiring import TERMINALS, ElectricalWorld
from sim_instruments.scpi import ScpiError

VOLT, CURR = "VOLT", "CURR"


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Settings of one source function. Levels are in V for `VOLT` and in A for `CURR`; limits the other way round."""

    level: float = 0.0
    range: float = 0.02
    auto_range: bool = True
    limit: float = 105e-6
    delay: float = 0.0
    auto_delay: bool = True
    read_back: bool = True
    off_state: str = "NORM"
    protection: float = math.inf
    high_capacitance: bool = False
    user_delays: tuple[float, ...] = (0.0,) * 5


@dataclass(frozen=True, slots=True)
class SourceState:
    """What a source configuration list keeps at each index."""

    function: str = VOLT
    volt: FunctionSettings = field(default_factory=FunctionSettings)
    curr: FunctionSettings = field(default_factory=lambda: FunctionSettings(range=10e-9, limit=21.0))

    def of(self, function: str) -> FunctionSettings:
        """Return the settings of one function."""
        return self.volt if function == VOLT else self.curr

    def with_settings(self, function: str, settings: FunctionSettings) -> "SourceState":
        """Return the state with one function's settings exchanged."""
        return replace(self, volt=settings) if function == VOLT else replace(self, curr=settings)

    @property
    def active(self) -> FunctionSettings:
        """The settings of the function that is sourced."""
        return self.volt if self.function == VOLT else self.curr


class Source:
    """The instrument's output."""

    def __init__(self, world: ElectricalWorld, current_range: Callable[[], float], interlock_closed: bool) -> None:
        self._world = world
        self._current_range = current_range
        self.interlock_closed = interlock_closed
        self.inhibited = False
        """Whether something outside keeps the output off."""
        self.on_switch: Callable[[bool], None] = lambda on: None
        """Called when the output has gone on or off."""
        self._was_on = False
        self.state = SourceState()
        self.on = False
        self.apply()

    def reset(self) -> None:
        """Go to the defaults, output off."""
        self.state, self.on = SourceState(), False
        self.apply()

    # --- settings

    def change(self, function: str, **changes: Any) -> None:
        """Change settings of one function, and the terminals with them."""
        settings = self._checked(function, replace(self.state.of(function), **changes))
        self._become(self.state.with_settings(function, settings))

    def select(self, function: str) -> None:
        """Choose what is sourced. The output goes off where the function changes, as it does on the instrument."""
        if function != self.state.function:
            self.on = False
            self._become(replace(self.state, function=function))

    def _checked(self, function: str, new: FunctionSettings) -> FunctionSettings:
        ranges = VOLTAGE_RANGES if function == VOLT else CURRENT_RANGES
        if new.auto_range:
            new = replace(new, range=fitting(ranges, new.level))
        if abs(new.level) > new.range * OVERRANGE * (1 + 1e-9):
            raise ScpiError(-222, f"Level {new.level:g} is beyond the {new.range:g} range")
        if function == VOLT and self.on and not self._interlock_allows(new.level):
            raise ScpiError(-221, "Interlock is open: the 200 V range is not available")
        return new

    def _become(self, state: SourceState) -> None:
        self.state = state
        self.apply()

    def recall(self, state: SourceState) -> float:
        """Take over the settings of a configuration list; return the time until the source has settled (s)."""
        self.state = state
        self.apply()
        return self.delay() + SOURCE_STEP_TIME

    def inhibit(self, inhibited: bool) -> None:
        """Keep the output off from outside, or allow it again; it stays off until it is switched on."""
        self.inhibited = inhibited
        if inhibited and self.on:
            self.switch(False)

    def _interlock_allows(self, volts: float) -> bool:
        if self.inhibited:
            return False
        return self.interlock_closed or abs(volts) <= INTERLOCKED_VOLTAGE

    # --- output

    def switch(self, on: bool) -> None:
        """Turn the output on or off."""
        state = self.state
        reach = state.volt.level if state.function == VOLT else state.curr.limit
        if on and not self._interlock_allows(reach):
            raise ScpiError(-221, "Interlock is open: output stays off")
        self.on = on
        self.apply()

    def apply(self) -> None:
        """Put on the terminals what the settings say."""
        state = self.state
        if self.on is not self._was_on:
            self._was_on = self.on
            self.on_switch(self.on)
        if not self.on:
            self._stand_off()
        elif state.function == VOLT:
            volt = state.volt
            self._world.set_source(TERMINALS, _bounded(volt.level, volt.protection), volt.limit)
        else:
            self._force_current(state.curr)

    def _force_current(self, curr: FunctionSettings) -> None:
        if curr.level == 0:
            self._world.set_source(TERMINALS, None)
            return
        volts = math.copysign(min(curr.limit, curr.protection), curr.level)
        self._world.set_source(TERMINALS, volts, abs(curr.level))

    def _stand_off(self) -> None:
        active = self.state.active
        # Guard is a current source of 0 A where current is sourced, and stays a voltage source otherwise.
        if active.off_state == "HIMP" or (active.off_state == "GUAR" and self.state.function == CURR):
            self._world.set_source(TERMINALS, None)
        elif active.off_state == "ZERO" and self.state.function == VOLT:
            self._world.set_source(TERMINALS, 0.0, active.limit)
        else:
            self._world.set_source(TERMINALS, 0.0, 0.1 * self._current_range())

    # --- state of the terminals

    def delay(self) -> float:
        """Return the delay after a change of the source (s)."""
        active = self.state.active
        if not self.on:
            return 0.0
        if active.auto_delay:
            return auto_delay(self._current_range(), active.high_capacitance)
        return active.delay

    def limiting(self) -> bool:
        """Whether the output stands at its limit (voltage sourced: current limit; current sourced: voltage limit)."""
        if not self.on:
            return False
        clamped = self._world.clamped(TERMINALS)
        if self.state.function == VOLT:
            return clamped
        return self.state.curr.level != 0 and not clamped

    def protecting(self) -> bool:
        """Whether the overvoltage protection holds the output back."""
        active = self.state.active
        if self.state.function == VOLT:
            return self.on and abs(active.level) > active.protection
        return self.on and self.limiting() and active.protection < active.limit


def _bounded(volts: float, bound: float) -> float:
    return volts if abs(volts) <= bound else math.copysign(bound, volts)
