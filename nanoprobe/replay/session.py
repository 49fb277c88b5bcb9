"""One session of a replay: the server that answers as the instrument did, and the tap of the driver's link to it."""

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from nanoprobe.recording import Kind
from nanoprobe.replay.callers import callers
from nanoprobe.replay.matching import Progress

if TYPE_CHECKING:
    from nanoprobe.replay.stage import Stage

_log = logging.getLogger(__name__)

VERDICT_TIMEOUT = 10.0
"""Longest wait of a driver's thread until the server has judged what it sent (s)."""
DELIVERY = 2.0
"""Longest wait for what the server has sent already (s): the computer may be busy."""
LATE = 0.05
"""How long the link waits for an answer that was not recorded (s): what did come is on loopback already."""


class Session:
    """The server of one session, and the tap of the link to it."""

    def __init__(self, stage: "Stage", at: Progress, role: str, resource: str) -> None:
        self.at = at
        self.role = role
        self.resource = resource
        self.server = ""
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
        self.server = f"ASRLsocket://127.0.0.1:{port}::INSTR" if serial else f"TCPIP0::127.0.0.1::{port}::SOCKET"
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

    def address(self, resource: str) -> str:
        """Go to the server, whatever the bench file says."""
        return self.server

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
