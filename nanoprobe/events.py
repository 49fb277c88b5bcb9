"""What a run tells its subscribers while it goes on: one stream of frozen records for screen, log and app."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from psygnal import Signal

from nanoprobe.safe_state import SafeReport


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happens in a run. `at`: monotonic time (s)."""

    at: float = field(default_factory=time.monotonic, init=False)


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run's files are there and the first command is about to go out."""

    path: Path
    procedure: str


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """`fraction` 0..1 done, `elapsed` and `remaining` in s of wall time; NaN remaining when not yet known."""

    fraction: float
    elapsed: float
    remaining: float


@dataclass(frozen=True, slots=True)
class Recorded(Event):
    """A procedure reported a record of `nanoprobe.records` under `topic`; it is stored already."""

    topic: str
    record: object


@dataclass(frozen=True, slots=True)
class MadeSafe(Event):
    """The bench was put into the safe state."""

    report: SafeReport


@dataclass(frozen=True, slots=True)
class Held(Event):
    """The run holds, output off, for a person to look at `problem`; it goes on when its control is resumed."""

    problem: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run is over; `status` as stored, `reason` empty when finished."""

    path: Path
    status: str
    reason: str


class Events:
    """The stream itself: `events.event.connect(callback)`."""

    event = Signal(object)
