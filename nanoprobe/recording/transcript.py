"""A recording as people read it: commands and answers in the words of their protocol, among the events of the run."""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from nanoprobe.recording import items
from nanoprobe.recording.dialect import Dialect, readable
from nanoprobe.recording.items import NO_SESSION, Item, Kind, SessionInfo
from nanoprobe.recording.reading import Recording

SENT, CAME, NOTED = "->", "<-", "--"

HELD_BACK = 1.0
"""An answer is taken for whole when nothing more of it came for so long (s), or when the next message was sent."""

Dialects = Callable[[str], Dialect]
"""Gives the dialect of a driver by its name."""


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line: `time` since the start of the run (s; negative while the bench was opened), who, which way, what."""

    time: float
    number: int
    role: str
    instrument: str
    way: str
    text: str


class Transcript:
    """Turns the items of a recording into lines."""

    def __init__(self, recording: Recording, dialects: Dialects) -> None:
        self._recording = recording
        self._dialects = dialects
        self._sessions: dict[int, _Session] = {}
        self._lines: list[Line] = []
        self._start = 0.0
        self._count = 0

    def lines(self, events: Iterable[tuple[float, str]] = ()) -> Iterator[Line]:
        """Yield every line in order of time; `events` of the run (s since 1970, text) are put in where they belong."""
        now = 0.0
        for item in self._recording.items():
            if item.kind == Kind.MARK and item.text.startswith(items.CLOCK):
                self._start, wall = item.time, float(item.text.removeprefix(items.CLOCK))
                for when, text in events:
                    self._add(when - wall + item.time, "run", "run", NOTED, text)
                continue
            if item.kind != Kind.SESSION:  # known since the run began, and put before what was said until then
                now = max(now, item.time)
            self._take(item)
            for session in self._sessions.values():
                if session.came < now - HELD_BACK:
                    self._end(session)
            yield from self._until(min([now, *(session.came for session in self._sessions.values())]))
        for session in self._sessions.values():
            self._end(session)
        yield from self._until(math.inf)

    def _until(self, time: float) -> Iterator[Line]:
        while self._lines and self._lines[0].time <= time - self._start:
            yield heapq.heappop(self._lines)

    def _add(self, time: float, role: str, instrument: str, way: str, text: str) -> None:
        self._count += 1
        heapq.heappush(self._lines, Line(time - self._start, self._count, role, instrument, way, text))

    def _take(self, item: Item) -> None:
        if item.session == NO_SESSION:
            text = f"{item.text} bytes are missing here" if item.kind == Kind.LOST else item.text
            self._add(item.time, "run", "run", NOTED, text)
        elif item.kind == Kind.SESSION:
            info = SessionInfo.unpack(item.content)
            self._sessions.setdefault(item.session, _Session(info, self._dialects(info.driver)))
        else:
            self._take_of(self._sessions[item.session], item)

    def _take_of(self, session: "_Session", item: Item) -> None:
        if item.kind == Kind.RECEIVED:
            session.hear(item)
            return
        self._end(session)
        texts = session.say(item) if item.kind == Kind.SENT else [_happened(item)]
        way = SENT if item.kind == Kind.SENT else NOTED
        for text in texts:
            self._add(item.time, session.info.role, session.info.name, way, text)

    def _end(self, session: "_Session") -> None:
        came, text = session.came, session.end()
        if text is not None:
            self._add(came, session.info.role, session.info.name, CAME, text)


class _Session:
    """The messages and answers of one session, put together from their pieces. `came`: when the last piece came (s)."""

    def __init__(self, info: SessionInfo, dialect: Dialect) -> None:
        self.info = info
        self.came = math.inf
        self._dialect = dialect
        self._rest = b""
        self._message = b""
        self._answer: list[bytes] = []

    def hear(self, item: Item) -> None:
        """Take a piece of an answer."""
        self._answer.append(item.content)
        self.came = item.time

    def say(self, item: Item) -> list[str]:
        """Return the commands that are whole with `item`."""
        try:
            messages, self._rest = self._dialect.split(self._rest + item.content)
        except ValueError:
            self._rest = b""
            return [readable(item.content)]
        self._message = messages[-1] if messages else self._message
        return [str(command) for message in messages for command in self._dialect.commands(message)]

    def end(self) -> str | None:
        """Return the answer that has come so far, None where nothing has."""
        if not self._answer:
            return None
        fields = self._dialect.answer(self._message, b"".join(self._answer))
        self._answer, self.came = [], math.inf
        return ", ".join(map(str, fields)) or "done"


def _happened(item: Item) -> str:
    texts = {
        Kind.OPENED: "session opened",
        Kind.CLOSED: "session closed",
        Kind.SILENT: f"nothing came for {item.text} s",
        Kind.TIMED_OUT: f"no answer within {item.text} s",
        Kind.FAILED: f"failed: {item.text}",
    }
    return texts.get(Kind(item.kind), item.text)
