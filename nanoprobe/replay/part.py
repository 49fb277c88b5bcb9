"""What one session said, as cues: each command with the message it came in and everything that happened until the next."""

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nanoprobe.recording import Command, Dialect, Item, Kind, Recording, SessionInfo
from nanoprobe.recording.items import ABORTED, NO_SESSION, STARTS_AGAIN


class Tape:
    """A whole recording in memory: 20 bytes an item beside its content, so that every session can be read by itself."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.sessions: dict[int, SessionInfo] = {}
        self.marks: list[tuple[int, str]] = []
        """Number of the item, text."""
        self._times, self._kinds, self._ends = array("d"), array("B"), array("Q", [0])
        self._content = bytearray()
        self._of_session: dict[int, array[int]] = {}
        for item in recording.items():
            self._take(item)
        self.sessions = dict(recording.sessions)

    def _take(self, item: Item) -> None:
        number = len(self._times)
        self._times.append(item.time)
        self._kinds.append(item.kind)
        self._content += item.content
        self._ends.append(len(self._content))
        if item.session != NO_SESSION:
            self._of_session.setdefault(item.session, array("Q")).append(number)
        elif item.kind == Kind.MARK:
            self.marks.append((number, item.text))

    @property
    def starts_again(self) -> bool:
        """Whether the run began on a bench that was in use."""
        return any(text == STARTS_AGAIN for _, text in self.marks)

    @property
    def abort(self) -> tuple[int, str] | None:
        """Where the operator stopped the run, and why; None where nobody did."""
        found = ((number, text.removeprefix(ABORTED)) for number, text in self.marks if text.startswith(ABORTED))
        return next(found, None)

    def of(self, session: int) -> Iterator[tuple[int, Item]]:
        """Yield the items of a session with their numbers."""
        for number in self._of_session.get(session, ()):
            content = bytes(self._content[self._ends[number] : self._ends[number + 1]])
            yield number, Item(self._times[number], session, self._kinds[number], content)


@dataclass(slots=True)
class Step:
    """One message of a session and what happened until the next one.

    `exchange`: its number in the session, from 1; `order`: its number among all items; `sent` monotonic s.
    """

    exchange: int
    order: int
    message: bytes
    commands: tuple[Command, ...]
    sent: float
    after: list[Item] = field(default_factory=list)

    @property
    def poll(self) -> bool:
        """Whether it only asks how things stand."""
        return bool(self.commands) and all(command.poll for command in self.commands)

    @property
    def answer(self) -> bytes:
        """Everything that came until the next message."""
        return b"".join(item.content for item in self.after if item.kind == Kind.RECEIVED)


@dataclass(slots=True)
class Cue:
    """One command of a step; `last` when it is the last of its message."""

    command: Command
    step: Step
    last: bool


class Part:
    """One session's cues still to come; steps are put together as they are looked at."""

    def __init__(self, items: Iterator[tuple[int, Item]], dialect: Dialect) -> None:
        self.dialect = dialect
        self.prologue: list[Item] = []
        """What happened before the first message."""
        self._steps = self._read(items)
        self._cues: deque[Cue] = deque()
        self._more = True

    def _read(self, items: Iterator[tuple[int, Item]]) -> Iterator[Step]:
        step: Step | None = None
        rest, count = b"", 0
        for number, item in items:
            if item.kind != Kind.SENT:
                (self.prologue if step is None else step.after).append(item)
                continue
            messages, rest = self.dialect.split(rest + item.content)
            for message in messages:
                if step is not None:
                    yield step
                count += 1
                step = Step(count, number, message, self.dialect.commands(message), item.time)
        if step is not None:
            yield step

    def cue(self, index: int) -> Cue | None:
        """Return a cue to come, 0 the next; None behind the last."""
        while self._more and len(self._cues) <= index:
            step = next(self._steps, None)
            if step is None:
                self._more = False
                break
            end = len(step.commands) - 1
            self._cues += [Cue(command, step, place == end) for place, command in enumerate(step.commands)]
        return self._cues[index] if index < len(self._cues) else None

    def drop(self, index: int) -> None:
        """Take a cue out."""
        del self._cues[index]

    def first(self, wanted: Callable[[Cue], bool], within: int) -> tuple[int, Cue] | None:
        """Return the first wanted cue of the next `within`."""
        for index in range(within):
            cue = self.cue(index)
            if cue is None:
                return None
            if wanted(cue):
                return index, cue
        return None
