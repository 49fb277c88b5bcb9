"""The analog part: what is imposed on the cell, in which ranges it is read, and with how much noise."""

import math
from collections.abc import Callable
from typing import Final

from sim_instruments.emstat4 import errors
from sim_instruments.emstat4.errors import ScriptError
from sim_instruments.emstat4.kinds import Kind
from sim_instruments.emstat4.packages import Value
from sim_instruments.noise import Noise
from sim_instruments.pellet import Control, PelletCell

OVERLOAD, UNDERLOAD, OVERLOAD_WARNING = 0x2, 0x4, 0x8
GALVANOSTAT: Final = 6
MODES: Final = (0, 2, 3, 4, 5, GALVANOSTAT)
CURRENT_NOISE, POTENTIAL_NOISE = 2e-5, 2e-5
"""Standard deviation of a reading over the range's full scale (1)."""
WARNING, FULL, CLIPPED = 0.95, 1.05, 1.2
"""Over the full scale: where the warning begins, where a reading is no more to be trusted, where it stands still."""
CRITICAL: Final = 3
"""Readings beyond the device's largest range in a row that end a script."""
THERMOMETER: Final = 0.01
"""The cell's thermometer at analog input 0 gives so much (V) for every degree Celsius."""
CELSIUS: Final = 273.15
IMPEDANCE_NOISE: Final = 1e-3
"""Relative standard deviation of each part of an impedance, at the best."""


class Frontend:
    """Leads of one device, clipped to one cell. SI units; mode, ranges and set values as the script sets them."""

    def __init__(self, kind: Kind, cell: PelletCell, noise: Noise, now: Callable[[], float]) -> None:
        self.kind = kind
        self.cell = cell
        self._noise = noise
        self._now = now
        self.on_switch: Callable[[bool], None] = lambda on: None
        """Called when the cell is switched on or off."""
        self.overloaded = False
        """A fault put in on purpose: every reading is beyond its range."""
        self.on = False
        self.reset()

    def reset(self) -> None:
        """Go to the state after power-on: cell off."""
        self.switch(False)
        self.mode = 0
        self.potential, self.current = 0.0, 0.0
        self._current_range = self._lowest_current = self._highest_current = len(self.kind.current_ranges) - 1
        self._galvanostat_range = len(self.kind.current_ranges) - 1
        self._potential_range = self._lowest_potential = len(self.kind.potential_ranges) - 1
        self._beyond = 0

    # --- what is set

    def set_mode(self, mode: int) -> None:
        """Choose the mode; the cell goes off when it changes between potentiostat and galvanostat."""
        if mode not in MODES:
            raise ScriptError(errors.BAD_PGSTAT_MODE)
        if self.on and (mode == GALVANOSTAT) is not (self.mode == GALVANOSTAT):
            raise ScriptError(errors.NEEDS_CELL_OFF)
        self.mode = mode

    def set_potential(self, volts: float) -> None:
        """Set the potential (V)."""
        if self.mode == GALVANOSTAT:
            raise ScriptError(errors.INVALID_FOR_MODE)
        if abs(volts) > self.kind.potential * (1 + 1e-9):
            raise ScriptError(errors.BAD_POTENTIAL)
        self.potential = volts
        self._impose()

    def set_current(self, amperes: float) -> None:
        """Set the current (A) of the galvanostat."""
        if self.mode != GALVANOSTAT:
            raise ScriptError(errors.INVALID_FOR_MODE)
        if abs(amperes) > self.kind.current_ranges[self._galvanostat_range][0] * (1 + 1e-9):
            raise ScriptError(errors.OUT_OF_BOUNDS)
        self.current = amperes
        self._impose()

    def switch(self, on: bool) -> None:
        """Switch the cell on or off."""
        changed, self.on = on is not self.on, on
        self._impose()
        if changed:
            self.on_switch(on)

    def _impose(self) -> None:
        self.cell.carry(self._now())
        if not self.on:
            self.cell.impose(Control.OPEN)
        elif self.mode == GALVANOSTAT:
            self.cell.impose(Control.CURRENT, self.current)
        else:
            self.cell.impose(Control.VOLTAGE, self.potential)

    def set_range(self, kind: str, value: float) -> None:
        """Fix a range: the smallest that holds `value`, or the largest."""
        self.set_autoranging(kind, value, value)

    def set_autoranging(self, kind: str, low: float, high: float) -> None:
        """Choose ranges between the smallest that hold `low` and `high`."""
        if kind == "ba":
            self._lowest_current = _index(self.kind.current_ranges, low)
            self._highest_current = self._current_range = _index(self.kind.current_ranges, high)
        elif kind == "db":
            self._galvanostat_range = _index(self.kind.current_ranges, high)
        elif kind in ("ab", "da"):
            self._potential_range = _index(self.kind.potential_ranges, high)
            self._lowest_potential = _index(self.kind.potential_ranges, low)
        else:
            raise ScriptError(errors.BAD_ARGUMENT)

    def set_limits(self, kind: str, low: float, high: float) -> None:
        """Take note of the potentials a script is going to need."""
        if kind == "da" and max(abs(low), abs(high)) > self.kind.potential * (1 + 1e-9):
            raise ScriptError(errors.BAD_POTENTIAL)

    # --- what is read

    def read_potential(self, kind: str = "ab") -> Value:
        """Read the potential between the electrodes."""
        self.cell.carry(self._now())
        return self._potential_value(self.cell.voltage(), kind)

    def _potential_value(self, volts: float, kind: str) -> Value:
        index = _fitting(self.kind.potential_ranges, self._lowest_potential, self._potential_range, volts)
        scale, name = self.kind.potential_ranges[index]
        status = OVERLOAD if abs(volts) > self.kind.compliance or self.overloaded else 0
        volts += POTENTIAL_NOISE * scale * self._noise.normal("emstat4 potential", self._now())
        return Value(kind, max(-self.kind.compliance, min(volts, self.kind.compliance)), False, status, name)

    def set_value(self, kind: str) -> Value:
        """Return what is set, as a loop hands it to the script."""
        if kind == "da":
            return Value("da", self.potential, False, 0, self.kind.potential_ranges[self._potential_range][1])
        return Value("db", self.current, False, 0, self.kind.current_ranges[self._galvanostat_range][1])

    def read_current(self) -> Value:
        """Read the current. Raises ScriptError for an overload that could destroy something."""
        self.cell.carry(self._now())
        amperes = self.cell.current()
        ranges = self.kind.current_ranges
        index = _fitting(ranges, self._lowest_current, self._highest_current, amperes)
        scale, name = ranges[index]
        status = self._status(abs(amperes) / scale, index > self._lowest_current)
        self._beyond = self._beyond + 1 if abs(amperes) > FULL * ranges[-1][0] else 0
        if self._beyond >= CRITICAL:
            raise ScriptError(errors.CRITICAL_OVERLOAD)
        amperes += CURRENT_NOISE * scale * self._noise.normal("emstat4 current", self._now())
        return Value("ba", max(-CLIPPED * scale, min(amperes, CLIPPED * scale)), False, status, name)

    def _status(self, share: float, could_go_lower: bool) -> int:
        if share > FULL or self.overloaded:
            return OVERLOAD
        if share > WARNING:
            return OVERLOAD_WARNING
        return UNDERLOAD if share < 0.01 and could_go_lower else 0

    def read_impedance(self, frequency: float, amplitude: float) -> tuple[Value, Value]:
        """Read real and imaginary part of the impedance at `frequency` (Hz); `amplitude` in V, or A as galvanostat."""
        self.cell.carry(self._now())
        impedance = self.cell.impedance(frequency)
        amperes = amplitude if self.mode == GALVANOSTAT else amplitude / abs(impedance)
        ranges = self.kind.current_ranges
        index = _fitting(ranges, self._lowest_current, self._highest_current, amperes)
        scale, name = ranges[index]
        status = OVERLOAD if amperes > FULL * scale or self.overloaded else 0
        relative = math.hypot(IMPEDANCE_NOISE, 0.2 * CURRENT_NOISE * scale / amperes)
        now = self._now()
        spoilt = relative * abs(impedance)
        real = impedance.real + spoilt * self._noise.normal("emstat4 real part", now)
        imaginary = impedance.imag + spoilt * self._noise.normal("emstat4 imaginary part", now)
        potential = self.kind.potential_ranges[self._potential_range][1]
        return Value("cc", real, False, status, name), Value("cd", imaginary, False, status, potential)

    def read(self, kind: str) -> Value:
        """Read what a `meas` command asks for."""
        if kind == "ab":
            return self.read_potential()
        if kind == "ba":
            return self.read_current()
        self.cell.carry(self._now())
        if kind == "as":
            return Value("as", THERMOMETER * (self.cell.temperature - CELSIUS), False, 0, None)
        if kind in ("ed", "ef"):
            return Value(kind, self.cell.room - CELSIUS, False, 0, None)
        raise ScriptError(errors.BAD_ARGUMENT)


def _index(ranges: tuple[tuple[float, int], ...], value: float) -> int:
    """Return the smallest range that holds |value|, the largest where none does: the device takes `1` for "all"."""
    return next((n for n, (scale, _) in enumerate(ranges) if abs(value) <= scale * (1 + 1e-9)), len(ranges) - 1)


def _fitting(ranges: tuple[tuple[float, int], ...], low: int, high: int, value: float) -> int:
    """Return the smallest range from `low` to `high` that holds |value| without a warning, `high` where none does."""
    size = abs(value) / WARNING
    return next((n for n in range(low, high) if size <= ranges[n][0]), high)
