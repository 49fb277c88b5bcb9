"""The meter of the 2450: how long a reading takes and what it says."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sim_instruments.keithley2450.buffers import Reading
from sim_instruments.keithley2450.ranges import (
    CURRENT_NOISE_FLOOR,
    CURRENT_RANGES,
    NOISE_OF_RANGE,
    OVERRANGE,
    READING_OVERHEAD,
    RESISTANCE_RANGES,
    VOLTAGE_RANGES,
    fitting,
)
from sim_instruments.keithley2450.source import CURR, VOLT, Source
from sim_instruments.keithley2450.wiring import TERMINALS, ElectricalWorld
from sim_instruments.scpi import INFINITY

RES = "RES"
SENSE_RANGES = {CURR: CURRENT_RANGES, VOLT: VOLTAGE_RANGES, RES: RESISTANCE_RANGES}
UNITS = {CURR: "A", VOLT: "V", RES: "ohm"}
STATUS_LIMIT, STATUS_OVERFLOW = 1, 2
"""Bits of a reading's status: source at its limit, reading beyond its range. Ours: the manual's table was not at hand."""


@dataclass(frozen=True, slots=True)
class SenseSettings:
    """Settings of one measure function."""

    range: float = 100e-6
    auto_range: bool = True
    lower_range: float = 10e-9
    nplc: float = 1.0
    auto_zero: bool = True
    four_wire: bool = False
    offset_compensation: bool = False
    averaging: bool = False
    average_count: int = 10
    repeating: bool = True
    relative: bool = False
    offset: float = 0.0
    user_delays: tuple[float, ...] = (0.0,) * 5


@dataclass(frozen=True, slots=True)
class SenseState:
    """What a measure configuration list keeps at each index."""

    function: str = CURR
    curr: SenseSettings = field(default_factory=SenseSettings)
    volt: SenseSettings = field(default_factory=lambda: SenseSettings(range=2.0, lower_range=0.02))
    res: SenseSettings = field(default_factory=lambda: SenseSettings(range=200e3, lower_range=20.0))

    def of(self, function: str) -> SenseSettings:
        """Return the settings of one function."""
        return {CURR: self.curr, VOLT: self.volt, RES: self.res}[function]

    def with_settings(self, function: str, settings: SenseSettings) -> "SenseState":
        """Return the state with one function's settings exchanged."""
        if function == CURR:
            return replace(self, curr=settings)
        return replace(self, volt=settings) if function == VOLT else replace(self, res=settings)


class Meter:
    """The instrument's input."""

    def __init__(self, world: ElectricalWorld, line_frequency: float) -> None:
        self._world = world
        self._line_frequency = line_frequency
        self._source: Source
        self._state = SenseState()
        self._present_range = CURRENT_RANGES[4]
        self.count = 1
        self.duration = 0.0
        """What one reading takes (s)."""
        self.overloaded = False
        """Whether every current is beyond the range, whatever it is."""
        self._noise_scale = 1.0
        self.state = SenseState()

    def connect(self, source: Source) -> None:
        """Share terminals with `source`."""
        self._source = source

    def reset(self) -> None:
        """Go to the defaults."""
        self.count = 1
        self.state = SenseState()

    @property
    def state(self) -> SenseState:
        """All settings."""
        return self._state

    @state.setter
    def state(self, state: SenseState) -> None:
        self._state = state
        settings = state.of(state.function)
        samples = settings.average_count if settings.averaging else 1
        apertures = samples if settings.repeating else 1
        # Auto zero measures the reference and the zero besides the signal.
        self.duration = apertures * self._aperture(settings) * (3 if settings.auto_zero else 1) + READING_OVERHEAD
        self._noise_scale = NOISE_OF_RANGE / math.sqrt(settings.nplc * samples)
        self._read = {CURR: self._read_current, VOLT: self._read_voltage, RES: self._read_resistance}[state.function]

    def _aperture(self, settings: SenseSettings) -> float:
        return settings.nplc / self._line_frequency

    def change(self, function: str, **changes: Any) -> None:
        """Change settings of one measure function."""
        settings = replace(self._state.of(function), **changes)
        self.state = self._state.with_settings(function, settings)

    def select(self, function: str) -> None:
        """Choose what is measured."""
        self.state = replace(self._state, function=function)

    def current_range(self) -> float:
        """Return the range the current is measured on now (A): it sets the source's automatic delay."""
        settings = self._state.curr
        return self._present_range if settings.auto_range else settings.range

    def shown_range(self, function: str) -> float:
        """Return the range a query tells."""
        return self.current_range() if function == CURR else self._state.of(function).range

    def take(self, now: float) -> Reading:
        """Return the reading whose aperture closes now."""
        function = self._state.function
        value, overflow = self._read(now)
        source_value, source_unit = self._source_value(now)
        limiting = self._source.limiting()
        status = (STATUS_LIMIT if limiting else 0) | (STATUS_OVERFLOW if overflow else 0)
        return Reading(now, value, UNITS[function], source_value, source_unit, status, STATUS_LIMIT * limiting)

    def _read_current(self, now: float) -> tuple[float, bool]:
        true = self._world.source_current(TERMINALS)
        if self.overloaded:
            return math.copysign(INFINITY, true), True
        settings = self._state.curr
        span = self._fit_current(true, settings) if settings.auto_range else settings.range
        sigma = self._noise_scale * span
        floor = CURRENT_NOISE_FLOOR * self._noise_scale / NOISE_OF_RANGE
        noise = (sigma if sigma > floor else floor) * self._world.noise("2450.current", now)
        return _within(true + noise, span, settings)

    def _fit_current(self, true: float, settings: SenseSettings) -> float:
        self._present_range = max(fitting(CURRENT_RANGES, true), settings.lower_range)
        return self._present_range

    def _read_voltage(self, now: float) -> tuple[float, bool]:
        true = self._world.source_voltage(TERMINALS)
        settings = self._state.volt
        span = fitting(VOLTAGE_RANGES, true) if settings.auto_range else settings.range
        return _within(true + self._noise_scale * span * self._world.noise("2450.voltage", now), span, settings)

    def _read_resistance(self, now: float) -> tuple[float, bool]:
        current = self._world.source_current(TERMINALS)
        settings = self._state.res
        true = self._world.source_voltage(TERMINALS) / current if current else math.inf
        span = fitting(RESISTANCE_RANGES, true) if settings.auto_range else settings.range
        return _within(true * (1 + self._noise_scale * self._world.noise("2450.voltage", now)), span, settings)

    def _source_value(self, now: float) -> tuple[float, str]:
        source = self._source
        state = source.state
        active = state.active
        if not (active.read_back and source.on):
            return (active.level if source.on else 0.0), "V" if state.function == VOLT else "A"
        if state.function == VOLT:
            noise = NOISE_OF_RANGE * active.range * self._world.noise("2450.readback", now)
            return self._world.source_voltage(TERMINALS) + noise, "V"
        noise = NOISE_OF_RANGE * active.range * self._world.noise("2450.readback", now)
        return self._world.source_current(TERMINALS) + noise, "A"


Read = Callable[[float], tuple[float, bool]]


def _within(value: float, span: float, settings: SenseSettings) -> tuple[float, bool]:
    if -span * OVERRANGE <= value <= span * OVERRANGE:
        return (value - settings.offset if settings.relative else value), False
    return math.copysign(INFINITY, value), True
