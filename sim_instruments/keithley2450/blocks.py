"""Trigger-model blocks: what each is, before it runs. `program.py` makes them run.

Source: 2450 reference manual, pp. 247-249, 449, 461, 465; hardware.md §2.2. Block numbers count from 1; a branch to a
block that is not there ends the model.
"""

from dataclasses import dataclass

from sim_instruments.keithley2450.buffers import Buffer


@dataclass(frozen=True, slots=True)
class Nop:
    """Does nothing."""


@dataclass(frozen=True, slots=True)
class BufferClear:
    """Empties a buffer."""

    buffer: Buffer


@dataclass(frozen=True, slots=True)
class ConfigRecall:
    """Recalls settings at given indexes of up to two lists."""

    lists: tuple[str, ...]
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ConfigNext:
    """Recalls the next settings of up to two lists."""

    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigPrevious:
    """Recalls the settings before, of up to two lists."""

    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceOutput:
    """Turns the output on or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class DelayConstant:
    """Waits for a time (s)."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DelayDynamic:
    """Waits for a user delay of the source (`SOUR`) or of the measure function (`MEAS`), number 1..5."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Measure:
    """Makes `count` readings; endless ones (None) go on in the background."""

    buffer: Buffer
    count: int | None = 1


@dataclass(frozen=True, slots=True)
class BranchCounter:
    """Branches as long as its counter, after counting this visit, is below `target` (0: forever)."""

    target: int
    to: int


@dataclass(frozen=True, slots=True)
class CounterReset:
    """Sets the counter of another block back."""

    block: int


@dataclass(frozen=True, slots=True)
class BranchLimit:
    """Branches when the reading of a measure block (0: the one before) stands ABOVe, BELow, INside or OUTside."""

    kind: str
    low: float
    high: float
    to: int
    measure_block: int = 0


@dataclass(frozen=True, slots=True)
class BranchLimitDynamic:
    """The same with the limits set by `:CALC2:<function>:LIM<number>`."""

    kind: str
    number: int
    to: int
    measure_block: int = 0


@dataclass(frozen=True, slots=True)
class BranchDelta:
    """Branches when the last two readings differ by less than `difference`."""

    difference: float
    to: int
    measure_block: int = 0


@dataclass(frozen=True, slots=True)
class BranchEvent:
    """Branches when an event has come since it was last looked at."""

    event: str
    to: int


@dataclass(frozen=True, slots=True)
class BranchAlways:
    """Always branches."""

    to: int


@dataclass(frozen=True, slots=True)
class BranchOnce:
    """Branches the first time, or every time but the first."""

    to: int
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class BranchElapsed:
    """Branches until `seconds` have passed since the model began."""

    seconds: float
    to: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Waits for one (OR) or all (AND) of its events; `clear` forgets those that came before."""

    events: tuple[str, ...]
    clear: bool = False
    all_of_them: bool = False


@dataclass(frozen=True, slots=True)
class Notify:
    """Fires notify event 1..8."""

    number: int


@dataclass(frozen=True, slots=True)
class DigitalIO:
    """Writes a bit pattern to the digital lines in `mask`."""

    bits: int
    mask: int = 63


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Puts a message into the event log."""

    text: str


Block = (
    Nop
    | BufferClear
    | ConfigRecall
    | ConfigNext
    | ConfigPrevious
    | SourceOutput
    | DelayConstant
    | DelayDynamic
    | Measure
    | BranchCounter
    | CounterReset
    | BranchLimit
    | BranchLimitDynamic
    | BranchDelta
    | BranchEvent
    | BranchAlways
    | BranchOnce
    | BranchElapsed
    | Wait
    | Notify
    | DigitalIO
    | LogEvent
)


def describe(number: int, block: Block) -> str:
    """Return a block's line of `:TRIG:BLOC:LIST?`."""
    words = ", ".join(f"{name.upper()}: {_plain(getattr(block, name))}" for name in block.__slots__)
    return f"{number}) {type(block).__name__.upper()} {words}".rstrip()


def _plain(value: object) -> str:
    return value.name if isinstance(value, Buffer) else str(value)
