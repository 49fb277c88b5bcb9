"""The stage of a replay: one server a recorded session, which answer as the instruments did, and the taps of the drivers.

A driver's own link is tapped as well: there the time is the recorded one, a silence that was recorded costs nothing at
pace 0, and the place in the driver's code is known that sent something else. A client without a tap is served too.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from nanoprobe.errors import BadInput
from nanoprobe.recording import Dialect, Kind, Tap
from nanoprobe.replay.callers import Caller, callers
from nanoprobe.replay.matching import Difference, Matched, Matcher, Progress
from nanoprobe.replay.part import Part, Tape

_log = logging.getLogger(__name__)

VERDICT_TIMEOUT = 10.0
"""Longest wait of a driver's thread until the server has judged what it sent (s)."""
DELIVERY = 2.0
"""Longest wait for what the server has sent already (s): the computer may be busy."""
LATE = 0.05
"""How long the link waits for an answer that was not recorded (s): what did come is on loopback already."""


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
            if session.address == resource:
                return session
        raise BadInput(f"{name}: the recording has no session for {resource}")

    def instruments(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the recorded `[instruments]` of the replayed roles with the addresses of the servers."""
        addresses = {session.resource: session.address for session in self._sessions}
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


class Session:
    """The server of one session, and the tap of the link to it."""

    def __init__(self, stage: Stage, at: Progress, role: str, resource: str) -> None:
        self.at = at
        self.role = role
        self.resource = resource
        self.address = ""
        self.port = 0
        self._stage = stage
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._waiting = list(at.part.prologue)
        self._came = self._judged = self._generation = self._on_its_way = 0
        self._broken = False
        self._sent_at = self._moment = 0.0
        self._gone = False

    @property
    def busy(self) -> bool:
        """Whether a client is connected."""
        return self._connection is not None

    # --- the server

    def listen(self) -> None:
        """Open the port."""
        self.at.part.cue(0)
        self._waiting = list(self.at.part.prologue)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = port = self._listener.getsockname()[1]
        serial = self.resource.upper().startswith("ASRL")
        self.address = f"ASRLsocket://127.0.0.1:{port}::INSTR" if serial else f"TCPIP0::127.0.0.1::{port}::SOCKET"
        self._start(self._accept, self._listener)

    def _start(self, work: Callable[[socket.socket], None], on: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(on,), name=f"replay of {self.at.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Close port and connection."""
        self.hang_up()
        if self._listener is not None:
            _shut(self._listener)
        for thread in self._threads:
            thread.join(VERDICT_TIMEOUT)

    def hang_up(self) -> None:
        """Break the connection; a new one is hung up on as well."""
        self._gone = True
        if self._connection is not None:
            _shut(self._connection)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._stage.lock:
                if self._gone:
                    _shut(connection)
                    continue
                self._connection, generation = connection, self._generation
                self._skip(Kind.CLOSED, Kind.OPENED)
                self._go_on()
            self._start(lambda sock, generation=generation: self._serve(sock, generation), connection)  # type: ignore[misc]

    def _serve(self, connection: socket.socket, generation: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rest = b""
        try:
            with connection:
                while data := connection.recv(1 << 16):
                    messages, rest = self.at.part.dialect.split(rest + data)
                    for message in messages:
                        self._answer(message)
                    self._note_judged(len(data), generation)
        except (OSError, ValueError) as error:
            _log.debug("the connection to the replay of %s has ended: %s", self.at.name, error)
        with self._stage.lock:
            if self._connection is connection:
                self._connection, self._broken = None, True
            self._stage.lock.notify_all()

    def _note_judged(self, count: int, generation: int) -> None:
        with self._stage.lock:
            if generation == self._generation:
                self._judged += count
                self._stage.lock.notify_all()

    def _answer(self, message: bytes) -> None:
        with self._stage.lock:
            found = self._stage.judge(self, message)
            if found is None:
                raise ConnectionError("this is not in the recording")
            if found.steps:
                self._waiting = [item for step in found.steps for item in step.after]
                self.at.loose |= any(item.kind == Kind.FAILED for item in self._waiting)
                self._sent_at = max(self._moment, found.steps[-1].sent)
            self._send(found.again)
            self._go_on()

    def _go_on(self) -> None:
        """Let happen what was recorded, up to a silence, which the link has to notice first."""
        content = b""
        while self._waiting and self._waiting[0].kind not in (Kind.SILENT, Kind.TIMED_OUT, Kind.CLOSED):
            item = self._waiting.pop(0)
            if item.kind == Kind.RECEIVED:
                self._stage.until(item.time)
                content += item.content
                self._moment = item.time
            elif item.kind == Kind.FAILED and self._connection is not None:
                self._send(content)
                content = b""
                _shut(self._connection)
                break
        self._send(content)

    def _send(self, content: bytes) -> None:
        if content and self._connection is not None:
            self._on_its_way += len(content)
            self._connection.sendall(content)

    # --- the tap

    def opening(self) -> None:
        """Refuse where the recording says that it was refused."""
        with self._stage.lock:
            self._generation += 1
            self._came = self._judged = self._on_its_way = 0
            self._broken = False
            self._skip(Kind.CLOSED)
            if self._waiting and self._waiting[0].kind == Kind.FAILED:
                raise OSError(self._waiting.pop(0).text)
            self._skip(Kind.OPENED)

    def _skip(self, *kinds: Kind) -> None:
        while self._waiting and self._waiting[0].kind in kinds:
            self._waiting.pop(0)

    def opened(self) -> None:
        """Nothing to do."""

    def closed(self) -> None:
        """A session that is closed or opened anew is no command: the recording goes on with the next one."""
        with self._stage.lock:
            self._connection, self._broken = None, True
            self._stage.lock.notify_all()
            self._skip(Kind.CLOSED)

    def sent(self, content: bytes) -> float:
        """Wait until the server has judged it; return when it was sent in the recording."""
        with self._stage.lock:
            self._came += len(content)
            came, generation, stage = self._came, self._generation, self._stage
            stage.lock.wait_for(lambda: self._judged_up_to(came, generation), VERDICT_TIMEOUT)
            if stage.difference is not None and stage.difference.actual in content and not stage.sent_from:
                stage.sent_from = callers()
            self._moment = max(self._moment, self._sent_at)
            return self._sent_at

    def _judged_up_to(self, came: int, generation: int) -> bool:
        return self._judged >= came or self._gone or self._broken or generation != self._generation

    def received(self, content: bytes) -> float:
        """Return when the answer came in the recording."""
        with self._stage.lock:
            self._on_its_way -= len(content)
            return self._moment

    def patience(self, seconds: float) -> float:
        """Wait for what will come; what the recording says did not come is not waited for."""
        with self._stage.lock:
            waits = self._waiting[0] if self._waiting else None
            whole = self._on_its_way <= 0
        if waits is None or not whole or waits.kind not in (Kind.SILENT, Kind.TIMED_OUT):
            return min(seconds, DELIVERY)
        self._stage.until(waits.time)
        return 0.0 if waits.kind == Kind.SILENT else LATE

    def silent(self, seconds: float) -> float:
        """Go on behind the recorded silence."""
        return self._passed(Kind.SILENT, seconds)

    def timed_out(self, seconds: float) -> None:
        """Go on behind the answer that did not come."""
        self._passed(Kind.TIMED_OUT, seconds)

    def _passed(self, kind: Kind, seconds: float) -> float:
        with self._stage.lock:
            if self._waiting and self._waiting[0].kind == kind:
                self._moment = self._waiting.pop(0).time
                self._go_on()
            else:
                self._moment += seconds  # not recorded: time goes on, so that a driver that waits in vain gives up
            return self._moment

    def failed(self, why: str) -> None:
        """Nothing to do: it was the server that broke the connection."""

    def rest(self, seconds: float) -> None:
        """Sleep at pace 1 only."""
        self._stage.rest(seconds)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it may not be connected any more
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
