"""Trigger events of the 2450: who fires them, who hears them, and the digital lines, timers and blenders between."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sim_instruments.scpi import ScpiError, forms
from sim_instruments.timeline import Timeline

LINES = 6
TIMERS = 4
BLENDERS = 2
NUMBERED = {"NOTify": 8, "DIGio": LINES, "TSPLink": 3, "LAN": 8, "BLENder": BLENDERS, "TIMer": TIMERS}
SINGLE = ("NONE", "DISPlay", "COMMand", "SLIMit", "ATRigger", "EXTernal")
SOURCE_LIMIT, COMMAND_EVENT = "SLIM", "COMM"


def event_name(word: str) -> str:
    """Return the short name of an event (`NOT1`, `DIG2`, `SLIM`) given in any form."""
    upper = word.upper()
    for keyword in SINGLE:
        if upper in forms(keyword):
            return forms(keyword)[0]
    stem = upper.rstrip("0123456789")
    for keyword, count in NUMBERED.items():
        short, long = forms(keyword)
        if stem in (short, long, "DIGITAL" if short == "DIG" else long) and upper != stem:
            if 1 <= int(upper[len(stem) :]) <= count:
                return short + upper[len(stem) :]
            raise ScpiError(-222)
    raise ScpiError(-224, f"No event {word}")


class EventBus:
    """Carries events from those who fire them to those who listen."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []

    def fire(self, name: str) -> None:
        """Let an event happen."""
        for listener in self.listeners:
            listener(name)


@dataclass(slots=True)
class Line:
    """One digital line. `pulses` and `level` tell a test or another instrument what the line does."""

    mode: str = "DIG"
    direction: str = "IN"
    level: int = 1
    edge: str = "FALL"
    logic: str = "NEG"
    stimulus: str = "NONE"
    pulse_width: float = 10e-6
    pulses: int = 0


class DigitalPort:
    """The six digital lines."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.lines = [Line() for _ in range(LINES)]
        bus.listeners.append(self._hear)

    def line(self, number: int) -> Line:
        """Return line 1..6."""
        if not 1 <= number <= LINES:
            raise ScpiError(-114)
        return self.lines[number - 1]

    def reset(self) -> None:
        """Go to the defaults: digital inputs."""
        self.lines[:] = [Line() for _ in range(LINES)]

    def drive(self, number: int, level: int) -> None:
        """Put a level on an input line from outside; the edge fires the line's event where it is a trigger input."""
        line = self.line(number)
        rising, line.level = level - line.level, level
        wanted = {"RIS": rising > 0, "FALL": rising < 0, "EITH": rising != 0}[line.edge]
        if line.mode == "TRIG" and line.direction == "IN" and wanted:
            self._bus.fire(f"DIG{number}")

    def write(self, bits: int, mask: int = 63) -> None:
        """Put a bit pattern on the digital outputs."""
        for index, line in enumerate(self.lines):
            if mask >> index & 1 and line.direction == "OUT":
                line.level = bits >> index & 1

    def read(self) -> int:
        """Return the levels of all lines as bits."""
        return sum(line.level << index for index, line in enumerate(self.lines))

    def _hear(self, name: str) -> None:
        for line in self.lines:
            if line.stimulus == name and line.mode == "TRIG" and line.direction == "OUT":
                line.pulses += 1


class Timer:
    """A trigger timer: an operation of the lab's timeline while it counts."""

    def __init__(self, number: int, bus: EventBus, timeline: Timeline) -> None:
        self._name = f"TIM{number}"
        self._bus = bus
        self._timeline = timeline
        bus.listeners.append(self._hear)
        self.reset()

    def reset(self) -> None:
        """Go to the defaults."""
        self.delay = 10e-6
        self.count = 1
        self.stimulus = "NONE"
        self.generate = False
        self.enabled = False
        self._due = math.inf
        self._left = 0.0
        self._timeline.stop(self)

    @property
    def due(self) -> float:
        """When the timer expires next (s)."""
        return self._due

    def enable(self, enabled: bool) -> None:
        """Enable the timer. Without a stimulus it starts at once."""
        self.enabled = enabled
        self._due = math.inf
        self._timeline.stop(self)
        if enabled and self.stimulus == "NONE":
            self._begin()

    def _hear(self, name: str) -> None:
        if self.enabled and name == self.stimulus:
            self._begin()

    def _begin(self) -> None:
        self._left = self.count or math.inf
        self._due = self._timeline.now + self.delay
        self._timeline.start(self)
        if self.generate:
            self._bus.fire(self._name)

    def step(self) -> None:
        """Expire."""
        self._left -= 1
        self._due = self._due + self.delay if self._left > 0 else math.inf
        if self._left <= 0:
            self._timeline.stop(self)
        self._bus.fire(self._name)


@dataclass
class Blender:
    """Makes one event of up to four."""

    number: int
    bus: EventBus
    operation: str = "AND"
    stimuli: list[str] = field(default_factory=lambda: ["NONE"] * 4)
    heard: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.bus.listeners.append(self._hear)

    def clear(self) -> None:
        """Forget what was heard."""
        self.heard.clear()

    def reset(self) -> None:
        """Go to the defaults."""
        self.operation, self.stimuli = "AND", ["NONE"] * 4
        self.clear()

    def _hear(self, name: str) -> None:
        wanted = {stimulus for stimulus in self.stimuli if stimulus != "NONE"}
        if name not in wanted:
            return
        self.heard.add(name)
        if self.operation == "OR" or wanted <= self.heard:
            self.heard.clear()
            self.bus.fire(f"BLEN{self.number}")


EDGES: Mapping[str, str] = {"RISing": "RIS", "FALLing": "FALL", "EITHer": "EITH"}
LOGICS: Mapping[str, str] = {"POSitive": "POS", "NEGative": "NEG"}
