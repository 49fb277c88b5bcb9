"""Which command of a replay answers to which of the recording: exact, but for what the dialect declares harmless.

Harmless are: other ways to write a number, settings that do not depend on each other in another order, commands put into
lines differently, and polls that come more or less often. Commands to different instruments keep their order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from nanoprobe.recording import Command, Item
from nanoprobe.recording.dialect import Value, readable
from nanoprobe.replay.part import Cue, Part, Step

TOLERANCE = 1e-6
"""Numbers this close (relative) are the same: finer than any instrument here resolves."""
WINDOW = 2000
"""Cues looked ahead at: polls that a replay leaves out."""
EXTRA_MOST = 10_000
"""Polls in a row that the recording does not have before the replay is said to wait for what never comes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay leaves the recording. `exchange` of the session; `expected` None where nothing was to come."""

    instrument: str
    exchange: int
    expected: Step | None
    actual: bytes
    commands: tuple[Command, ...]
    why: str

    def __str__(self) -> str:
        expected = _words(self.expected.message, self.expected.commands) if self.expected else "nothing more"
        return (
            f"{self.instrument}, exchange {self.exchange}: {self.why}\n"
            f"  recorded: {expected}\n"
            f"  replayed: {_words(self.actual, self.commands) if self.commands else 'nothing'}"
        )


def _words(message: bytes, commands: Sequence[Command]) -> str:
    return f"{'; '.join(map(str, commands))}   [{readable(message)}]"


def same(one: Command, other: Command) -> bool:
    """Say whether two commands are equivalent."""
    return (
        one.name == other.name
        and len(one.fields) == len(other.fields)
        and all(_equal(a.value, b.value) for a, b in zip(one.fields, other.fields, strict=True))
    )


def _equal(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other


@dataclass(slots=True)
class Matched:
    """A message that was recognised: the steps it completes; or `again`, the answer to a poll given once more."""

    steps: list[Step]
    again: bytes = b""


@dataclass
class Progress:
    """How far a replay has come in one session."""

    name: str
    part: Part
    asked: set[tuple[Command, ...]] = field(default_factory=set)
    """Polls that came since the last other command."""
    answers: dict[tuple[Command, ...], bytes] = field(default_factory=dict)
    """The latest answer to each poll."""
    waiting: list[Item] = field(default_factory=list)
    """What is still to happen before the next message."""
    extra: int = 0
    exchange: int = 0
    due: Step | None = None
    """The next step that is no poll."""
    loose: bool = False
    """Whether the connection has broken: what still reached the instrument then is a matter of microseconds."""

    def look(self) -> Step | None:
        """Return the next step that is no poll."""
        if self.due is None:
            found = self.part.first(lambda cue: not cue.step.poll, WINDOW)
            self.due = found[1].step if found else None
        return self.due


class Matcher:
    """Follows the sessions of a replay through the recording. Used under one lock."""

    def __init__(self, parts: Sequence[Progress]) -> None:
        self.parts = parts
        self.extra_polls = self.missing_polls = 0

    def match(self, at: Progress, message: bytes) -> Matched | Difference:
        """Return what `message` is in the recording, or that it is none."""
        commands = at.part.dialect.commands(message)
        if all(command.poll for command in commands):
            return self._match_poll(at, message, commands)
        steps: list[Step] = []
        answered = True
        for command in commands:
            cue = self._find(at, command)
            if cue is None:
                return self._difference(at, message, commands, "another command was recorded")
            if (earlier := self._earlier(at, cue.step)) is not None:
                return self._difference(at, message, commands, f"the recording has {earlier} before it")
            if cue.last:
                steps.append(cue.step)
            at.exchange, answered = cue.step.exchange, cue.last
        at.asked, at.extra, at.due = set(), 0, None
        if any(command.asks for command in commands) and not answered:
            return self._difference(at, message, commands, "its answer was recorded together with others")
        return Matched(steps)

    def _match_poll(self, at: Progress, message: bytes, commands: tuple[Command, ...]) -> Matched | Difference:
        cue = at.part.cue(0)
        early = cue is not None and self._earlier(at, cue.step) is not None
        step = None if early and commands in at.answers else self._find_poll(at, commands)
        if step is not None:
            at.asked.add(commands)
            at.answers[commands] = step.answer
            at.extra, at.exchange = 0, step.exchange
            return Matched([step])
        at.extra += 1
        if commands in at.answers and at.extra < EXTRA_MOST:
            self.extra_polls += 1
            return Matched([], at.answers[commands])
        why = "it waits for what was not recorded" if commands in at.answers else "another command was recorded"
        return self._difference(at, message, commands, why)

    def _find_poll(self, at: Progress, commands: tuple[Command, ...]) -> Step | None:
        """Take the recorded poll that is meant, and leave out those before it."""
        found = self._seek(at, commands[0], poll=True)
        if found is None:
            return None
        step = found.step
        for command in commands[1:]:
            cue = at.part.cue(0)
            if cue is None or cue.step is not step or not same(cue.command, command):
                return None
            at.part.drop(0)
        return step

    def _find(self, at: Progress, command: Command) -> Cue | None:
        return self._seek(at, command, poll=False)

    def _seek(self, at: Progress, command: Command, *, poll: bool) -> Cue | None:
        """Return the cue that is meant by `command`, taken out with the polls before it that were left out."""
        left_out: list[int] = []
        for index in range(WINDOW):
            cue = at.part.cue(index)
            if cue is None:
                return None
            if cue.step.poll == poll and same(cue.command, command):
                at.part.drop(index)
                for place in reversed(left_out):
                    at.part.drop(place)
                self.missing_polls += len(left_out)
                return cue
            if cue.step.poll and cue.step.commands in at.asked:
                left_out.append(index)
            elif cue.step.poll or not at.part.dialect.independent(cue.command, command):
                return None
        return None

    def _earlier(self, at: Progress, step: Step) -> str | None:
        """Return a command to another instrument that the recording has before `step` and the replay has not sent yet."""
        for other in self.parts:
            if other is not at and not other.loose and (due := other.look()) is not None and due.order < step.order:
                return f"{other.name}: {'; '.join(map(str, due.commands))}"
        return None

    def _difference(self, at: Progress, message: bytes, commands: tuple[Command, ...], why: str) -> Difference:
        cue = at.part.cue(0)
        exchange = cue.step.exchange if cue else at.exchange + 1
        why = why if cue else "the recording ends before it"
        return Difference(at.name, exchange, cue.step if cue else None, message, commands, why)

    def over(self, at: Progress) -> bool:
        """Say whether nothing more was recorded of a session."""
        return at.part.cue(0) is None

    def left(self) -> Difference | None:
        """Return the first recorded command that the replay did not send; None where it sent all."""
        due = [(step.order, at, step) for at in self.parts if not at.loose and (step := at.look()) is not None]
        if not due:
            return None
        _, at, step = min(due, key=lambda each: each[0])
        return Difference(at.name, step.exchange, step, b"", (), "the replay ended without it")

    def seek(self, at: Progress, message: bytes) -> Matched | None:
        """Answer as well as possible, whatever was left out: for what follows an abort, whose moment is no command's."""
        commands = at.part.dialect.commands(message)
        found = at.part.first(lambda cue: cue.step.commands == commands, WINDOW)
        if found is not None:
            while (cue := at.part.cue(0)) is not None and cue.step is not found[1].step:
                at.part.drop(0)
            for _ in found[1].step.commands:
                at.part.drop(0)
            at.due = None
            return Matched([found[1].step])
        if commands in at.answers or not any(command.asks for command in commands):
            return Matched([], at.answers.get(commands, b""))
        return None
