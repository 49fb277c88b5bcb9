"""The stage of a replay: one server a recorded session, which answer as the instruments did, and the taps of the drivers.

A driver's own link is tapped as well: there the time is the recorded one, a silence that was recorded costs nothing at
pace 0, and the place in the driver's code is known that sent something else. A client without a tap is served too.
"""

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from nanoprobe.errors import BadInput
from nanoprobe.recording import Dialect, Tap
from nanoprobe.replay.callers import Caller
from nanoprobe.replay.matching import Difference, Matched, Matcher, Progress
from nanoprobe.replay.part import Part, Tape
from nanoprobe.replay.session import VERDICT_TIMEOUT, Session


class Stage:
    """The servers of the chosen roles of a recording. A context manager; `difference` is the first one found.

    `pace` 1 keeps the recorded times, 0 does not wait.
    """

    def __init__(
        self, tape: Tape, dialects: Callable[[str], Dialect], *, pace: float = 0.0, roles: set[str] | None = None
    ) -> None:
        self.tape = tape
        self.lock = threading.Condition()
        self.difference: Difference | None = None
        self.sent_from: list[Caller] = []
        """The code that sent the difference, outermost call first; empty where it is not known."""
        self.on_abort: Callable[[str], None] = lambda reason: None
        self._abort = tape.abort
        self._seeking = False
        self._origin: tuple[float, float] | None = None
        self._pace = pace
        self._sessions: list[Session] = []
        for number, info in tape.sessions.items():
            if roles is None or info.role in roles:
                part = Part(tape.of(number), dialects(info.driver))
                self._sessions.append(Session(self, Progress(info.name, part), info.role, info.resource))
        self.matcher = Matcher([session.at for session in self._sessions])

    # --- the bench that reaches it

    def of(self, role: str, driver: str) -> "Stage | None":
        """Return what taps the links of a role; None where it is not replayed."""
        return self if any(session.role == role for session in self._sessions) else None

    def tap(self, name: str, resource: str) -> Tap:
        """Return the tap of a link to one of the servers."""
        for session in self._sessions:
            if session.server == resource:
                return session
        # A port that a driver knows by itself stands in no bench file, where the server's would be in its place.
        for session in self._sessions:
            if session.at.name == name:
                return session
        raise BadInput(f"{name}: the recording has no session for {resource}")

    def instruments(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the recorded `[instruments]` of the replayed roles with the addresses of the servers."""
        addresses = {session.resource: session.server for session in self._sessions}
        if len(addresses) < len(self._sessions):
            raise BadInput("two sessions of the recording went to one address, so they cannot be told apart")
        roles = {session.role for session in self._sessions}
        return {
            role: {name: addresses.get(str(value), value) for name, value in table.items()}
            for role, table in recorded.items()
            if role in roles
        }

    def __enter__(self) -> "Stage":
        for session in self._sessions:
            session.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions:
            session.close()

    @property
    def ports(self) -> list[int]:
        """The servers' ports, in the order of the recorded sessions."""
        return [session.port for session in self._sessions]

    def wait_for_clients(self) -> None:
        """Return when every client has hung up and what it had sent is judged. A client without a tap does not wait itself."""
        with self.lock:
            self.lock.wait_for(lambda: not any(session.busy for session in self._sessions), VERDICT_TIMEOUT)

    # --- following the recording; all under the lock

    def judge(self, session: "Session", message: bytes) -> Matched | None:
        """Return what `message` is; None where it is not in the recording, which ends the replay."""
        self._note_abort(session)
        if self._seeking or session.at.loose:
            return self.matcher.seek(session.at, message)
        found = self.matcher.match(session.at, message)
        if isinstance(found, Difference):
            self.difference = self.difference or found
            for each in self._sessions:
                each.hang_up()
            return None
        return found

    def _note_abort(self, session: "Session") -> None:
        if self._abort is None or self._seeking:
            return
        cue = session.at.part.cue(0)
        if cue is None or cue.step.order > self._abort[0]:
            self._seeking = True
            self.on_abort(self._abort[1])

    def until(self, moment: float) -> None:
        """At pace 1: wait until the recorded `moment` has come."""
        if self._pace <= 0:
            return
        if self._origin is None:
            self._origin = (time.monotonic(), moment)
        time.sleep(max(0.0, self._origin[0] + (moment - self._origin[1]) / self._pace - time.monotonic()))

    def rest(self, seconds: float) -> None:
        """At pace 1: sleep."""
        if self._pace > 0:
            time.sleep(seconds / self._pace)

    @property
    def polls(self) -> tuple[int, int]:
        """How many polls came more, and how many fewer, than were recorded."""
        return self.matcher.extra_polls, self.matcher.missing_polls

    def left(self) -> Difference | None:
        """Return the first recorded command that was not sent; None where all were, or the operator had stopped the run."""
        return None if self._seeking else self.matcher.left()
