"""Reading buffers: bounded, filled once or round and round, read out in text or binary."""

import math
import statistics
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from sim_instruments.scpi import ScpiError, keyword_matches

EPOCH = datetime(2026, 1, 1)
"""What the instrument's clock says when it is switched on: fixed, so that the same commands give the same bytes."""
DEFAULT_BUFFERS = ("defbuffer1", "defbuffer2")
DEFAULT_CAPACITY = 100_000
MINIMUM_CAPACITY = 10
MAXIMUM_CAPACITY = 6_875_000
MAXIMUM_ELEMENTS = 14


class Reading(NamedTuple):
    """One entry of a buffer."""

    t: float
    """Simulated time at which the aperture closed (s)."""
    value: float
    unit: str
    source: float
    source_unit: str
    status: int
    source_status: int


class Buffer:
    """A named reading buffer."""

    def __init__(self, name: str, capacity: int, continuous: bool) -> None:
        self.name = name
        self.continuous = continuous
        self.readings: deque[Reading] = deque(maxlen=capacity)
        self._first_time: float | None = None
        self._overflow_told = False

    @property
    def capacity(self) -> int:
        """How many readings fit."""
        return self.readings.maxlen or 0

    def clear(self) -> None:
        """Forget all readings."""
        self.resize(self.capacity)

    def resize(self, capacity: int) -> None:
        """Make room for `capacity` readings; what was there is lost."""
        self.readings = deque(maxlen=capacity)
        self._first_time = None
        self._overflow_told = False

    def append(self, reading: Reading) -> bool:
        """Store a reading; say whether this is the moment to tell that the buffer was full."""
        readings = self.readings
        if not self.continuous and len(readings) >= self.capacity:
            told, self._overflow_told = self._overflow_told, True
            return not told
        if self._first_time is None:
            self._first_time = reading.t
        readings.append(reading)
        return False

    def relative(self, reading: Reading) -> float:
        """Return a reading's time since the first one stored after the last clear (s)."""
        return reading.t - (self._first_time or 0.0)

    def between(self, first: int, last: int) -> Iterator[Reading]:
        """Yield readings `first`..`last`, counted from 1."""
        if not 1 <= first <= last <= len(self.readings):
            raise ScpiError(-222, f"Buffer index out of range: {first} to {last} of {len(self.readings)}")
        return islice(self.readings, first - 1, last)

    def last(self) -> Reading:
        """Return the newest reading."""
        if not self.readings:
            raise ScpiError(-230, "No reading available")
        return self.readings[-1]

    def statistic(self, of: str) -> float:
        """Return a statistic of the readings."""
        values = [reading.value for reading in self.readings]
        if not values:
            raise ScpiError(-230, "No reading available")
        return _STATISTICS[of](values)


_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "AVER": statistics.fmean,
    "MAX": max,
    "MIN": min,
    "STDD": lambda values: statistics.stdev(values) if len(values) > 1 else 0.0,
    "PKPK": lambda values: max(values) - min(values),
    "SPAN": lambda values: float(len(values)),
}


class Buffers:
    """All buffers of the instrument. Names find their buffer in any case, the exact spelling first."""

    def __init__(self) -> None:
        self._buffers: dict[str, Buffer] = {}
        self.reset()

    def reset(self) -> None:
        """Keep the two default buffers only, empty."""
        self._buffers = {name: Buffer(name, DEFAULT_CAPACITY, continuous=True) for name in DEFAULT_BUFFERS}

    def make(self, name: str, capacity: int) -> None:
        """Make a buffer of the user's."""
        if name in self._buffers or name.lower() in DEFAULT_BUFFERS:
            raise ScpiError(-224, f"Buffer {name} exists already")
        self._buffers[name] = Buffer(name, capacity, continuous=False)

    def delete(self, name: str) -> None:
        """Delete a buffer of the user's."""
        buffer = self.named(name)
        if buffer.name in DEFAULT_BUFFERS:
            raise ScpiError(-224, f"Buffer {buffer.name} cannot be deleted")
        del self._buffers[buffer.name]

    def named(self, name: str) -> Buffer:
        """Return a buffer by its name."""
        buffer = self._buffers.get(name)
        if buffer is None:
            buffer = next((b for key, b in self._buffers.items() if key.lower() == name.lower()), None)
        if buffer is None:
            raise ScpiError(-224, f"No buffer named {name}")
        return buffer


@dataclass(slots=True)
class Format:
    """How readings leave the instrument."""

    data: str = "ASC"
    little_endian: bool = True
    precision: int = 0


Show = Callable[[Buffer, Reading, Format], str]


def _digits(value: float, form: Format) -> str:
    return f"{value:.{form.precision - 1 if form.precision else 6}E}"


def _seconds(value: float, form: Format) -> str:
    return f"{value:.{form.precision - 1}E}" if form.precision else f"{value:.6f}"


def _moment(reading: Reading) -> datetime:
    return EPOCH + timedelta(seconds=reading.t)


def _scaled(value: float, unit: str) -> str:
    for factor, prefix in ((1e-12, "p"), (1e-9, "n"), (1e-6, "u"), (1e-3, "m"), (1.0, ""), (1e3, "k")):
        if abs(value) < 0.9999999e3 * factor:
            return f"{value / factor:+.5f} {prefix}{unit}"
    return f"{value:+.5E} {unit}"


_TEXT: dict[str, Show] = {
    "DATE": lambda b, r, f: f"{_moment(r):%m/%d/%Y}",
    "FORMatted": lambda b, r, f: _scaled(r.value, r.unit),
    "FRACtional": lambda b, r, f: f"{math.modf(r.t)[0]:.9f}",
    "READing": lambda b, r, f: _digits(r.value, f),
    "RELative": lambda b, r, f: _seconds(b.relative(r), f),
    "SEConds": lambda b, r, f: str(int((_moment(r) - datetime(1970, 1, 1)).total_seconds())),
    "SOURce": lambda b, r, f: _digits(r.source, f),
    "SOURFORMatted": lambda b, r, f: _scaled(r.source, r.source_unit),
    "SOURSTATus": lambda b, r, f: str(r.source_status),
    "SOURUNIT": lambda b, r, f: _unit_name(r.source_unit),
    "STATus": lambda b, r, f: str(r.status),
    "TIME": lambda b, r, f: f"{_moment(r):%H:%M:%S}",
    "TSTamp": lambda b, r, f: f"{_moment(r):%m/%d/%Y %H:%M:%S.%f}",
    "UNIT": lambda b, r, f: _unit_name(r.unit),
    "EXTRa": lambda b, r, f: _digits(0.0, f),
}
_BINARY: dict[str, Callable[[Buffer, Reading], float]] = {
    "READing": lambda b, r: r.value,
    "RELative": lambda b, r: b.relative(r),
    "SOURce": lambda b, r: r.source,
    "EXTRa": lambda b, r: 0.0,
}


def _unit_name(unit: str) -> str:
    return {"V": "Volt DC", "A": "Amp DC", "ohm": "Ohm"}[unit]


def element(word: str) -> str:
    """Return the element a word means (its manual spelling)."""
    for name in _TEXT:
        if keyword_matches(word, name) or (name == "TSTamp" and word.upper() == "TST"):
            return name
    raise ScpiError(-224, f"No buffer element {word}")


def read_out(buffer: Buffer, readings: Iterable[Reading], elements: list[str], form: Format) -> str | bytes:
    """Return `elements` of `readings` as the instrument sends them."""
    names = [element(word) for word in elements] or ["READing"]
    if len(names) > MAXIMUM_ELEMENTS:
        raise ScpiError(-108)
    if form.data == "ASC":
        shows = [_TEXT[name] for name in names]
        return ",".join([show(buffer, reading, form) for reading in readings for show in shows])
    if not all(name in _BINARY for name in names):
        raise ScpiError(1133, "Buffer element not available in binary format")
    return _block([_BINARY[name] for name in names], buffer, readings, form)


def _block(
    picks: list[Callable[[Buffer, Reading], float]], buffer: Buffer, readings: Iterable[Reading], form: Format
) -> bytes:
    values = [pick(buffer, reading) for reading in readings for pick in picks]
    kind = "d" if form.data == "REAL" else "f"
    order = "<" if form.little_endian else ">"
    return b"#0" + struct.pack(f"{order}{len(values)}{kind}", *values)
