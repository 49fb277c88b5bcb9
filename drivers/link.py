"""One session to one instrument over PyVISA-py, with the defects of its sockets met (each named where it is met)."""

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, NoReturn

import pyvisa
from pymeasure.adapters import Adapter
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa.resources import MessageBasedResource

from drivers.serial_line import SerialLine
from drivers.wire import RECEIVE_SIZE, Buffered, Wire
from nanoprobe.errors import BadInput, InstrumentTimeout, LinkLost, Unreachable
from nanoprobe.recording import the_tap
from nanoprobe.retry import Operation, attempt

SENDS_FOR_OTHERS = True

_log = logging.getLogger(__name__)

_SERIAL_LOOK = 0.002
"""Time between two looks at a serial port's input (s), which cannot be waited for."""
_GONE = (OSError, ValueError, AttributeError, pyvisa.errors.InvalidSession)
"""What PyVISA-py raises when the connection broke, or was closed by another thread in the middle of a read."""


class Link(Adapter):
    """A PyMeasure adapter for one VISA session, `timeout` and `open_timeout` in s.

    A transfer that times out leaves an unknown number of bytes on their way, so the session is dropped and opened
    afresh at its next use. A session the instrument broke stays lost, since the instrument may have been switched off
    and on: every use raises LinkLost until `revive`. Any number of threads may use it; an exchange of several messages
    belongs inside `exchange`.

    `moment`, `asked`: when anything, and when the last message, went over the link (monotonic, s). Drivers measure their
    waits by these and `rest`, never by the computer's clock, so that a replay decides as the recorded run did.
    """

    def __init__(self, resource: str, *, name: str = "instrument", timeout: float = 5.0, **settings: Any) -> None:
        super().__init__(log=_log)
        self.name = name
        self.timeout = timeout
        self._settings = settings
        self._tap = the_tap(name, resource)
        self.resource = self._tap.address(resource)
        self.moment = self.asked = time.monotonic()
        self._session: MessageBasedResource | None = None
        self._port: Any = None
        self._lost = ""
        self._timeout_set = math.nan
        self._line_set: bool | None = None
        self._exchange_lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._open()

    # --- opening and closing

    def _open(self) -> None:
        try:
            self._tap.opening()
            session = pyvisa.ResourceManager("@py").open_resource(
                self.resource, open_timeout=round(1000 * self.timeout), **self._settings
            )
        except pyvisa.VisaIOError as error:
            if error.error_code == StatusCode.error_invalid_resource_name:
                raise BadInput(
                    f"'{self.resource}' is no VISA resource string (like TCPIP0::192.168.0.2::5025::SOCKET)"
                ) from None
            raise self._unreachable(str(error)) from None
        except Exception as error:  # PyVISA-py raises a bare Exception where it cannot connect
            raise self._unreachable(str(error)) from None
        assert isinstance(session, MessageBasedResource)
        self._adopt(session)
        self._tap.opened()
        self._session, self._lost = session, ""

    def _adopt(self, session: MessageBasedResource) -> None:
        self._timeout_set, self._line_set = math.nan, None
        inner = _inner(session)
        self._port = getattr(inner, "interface", None)
        over_tcp = self._port if isinstance(self._port, socket.socket) else getattr(self._port, "_socket", None)
        if not isinstance(over_tcp, socket.socket):  # a serial port; pySerial's `socket://` hides a socket
            self._port = SerialLine(self._port, self._heard) if hasattr(self._port, "fd") else self._port
            return
        wire = self._port = inner.interface = Wire(over_tcp.detach(), self._heard)
        refused = wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if refused:  # opening a closed port "succeeds" in PyVISA-py
            session.close()
            raise self._unreachable(os.strerror(refused))
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # VI_ATTR_TCPIP_NODELAY cannot be set in 0.8

    def _heard(self, content: bytes) -> None:
        self.moment = self._tap.received(content)

    def rest(self, seconds: float) -> None:
        """Let `seconds` pass between two looks at the instrument."""
        self._tap.rest(seconds)

    def _unreachable(self, why: str) -> Unreachable:
        self._tap.failed(why)
        return Unreachable(
            f"no {self.name} at {self.resource}: {why}; check that it is switched on, the cable, and the address"
        )

    def close(self) -> None:
        """Give the session back; may be called twice."""
        session, self._session = getattr(self, "_session", None), None
        if session is not None:
            self._tap.closed()
            try:
                session.close()
            except (*_GONE, pyvisa.VisaIOError) as error:
                _log.debug("closing %s: %s", self.resource, error)

    def reopen(self) -> None:
        """Drop the session and open a new one. Raises Unreachable."""
        self.close()
        self._open()

    def connect(self) -> None:
        """Have a session open: anew where it was closed, or is lost. Raises Unreachable."""
        if self._lost or self._session is None:
            self.reopen()

    def revive(self) -> None:
        """Open a new session when the present one is lost. Raises Unreachable."""
        if self._lost:
            self.reopen()

    @property
    def lost(self) -> bool:
        """Whether the instrument broke the connection."""
        return bool(self._lost)

    def _ready(self) -> tuple[MessageBasedResource, Any]:
        """Return the session, opened afresh where it was dropped, and the socket or serial port behind it."""
        if self._lost:
            raise LinkLost(self._lost)
        if self._session is None:
            self._open()
        assert self._session is not None
        return self._session, self._port

    # --- exchanges

    def exchange(self) -> AbstractContextManager[Any]:
        """Keep other threads out of a question and its answer (PyVISA-py would cross replies)."""
        return self._exchange_lock

    def urgent(self, command: str) -> None:
        """Send a command that has no answer, at once: past any exchange in progress, over a new session if need be."""

        def send(again: float | None) -> None:
            if again is not None:
                self.reopen()
            self._write_bytes(command.encode("ascii") + b"\n", timeout=again)

        attempt(Operation.MAKE_SAFE, f"sending {command} to {self.name}", send)

    def confirm(self, question: str, timeout: float) -> str:
        """Ask and return the answer, both within `timeout` (s), past an exchange that lasts longer: that is given up."""
        with self.seize(timeout):
            self.discard_stale()
            self._write_bytes(question.encode("ascii") + b"\n", timeout=timeout)
            return self._read(timeout=timeout).strip()

    @contextmanager
    def seize(self, timeout: float) -> Iterator[None]:
        """Hold the exchange; one that goes on for longer than `timeout` (s) is given up."""
        if not self._exchange_lock.acquire(timeout=timeout):
            self.reopen()
            if not self._exchange_lock.acquire(timeout=timeout):
                self._time_out(timeout)
        try:
            yield
        finally:
            self._exchange_lock.release()

    def discard_stale(self) -> None:
        """Drop the session when something has come that nobody asked for: it would be taken for the next answer."""
        if self._session is None or self._lost or not self._come(0.0):
            return
        with self._faults(0.0):
            if isinstance(self._port, Wire) and not self._port.pending:
                self._port.recv(1, socket.MSG_PEEK)  # a broken connection is lost, not stale
        _log.warning("%s at %s sent something nobody asked for; opening a new session", self.name, self.resource)
        self.close()

    def _write(self, command: str, **kwargs: Any) -> None:
        self._write_bytes(command.encode("ascii") + b"\n", **kwargs)

    def _write_bytes(self, content: bytes, timeout: float | None = None, **kwargs: Any) -> None:
        seconds = self.timeout if timeout is None else timeout
        with self._write_lock, self._faults(seconds):
            session, port = self._ready()
            if not isinstance(port, Wire | SerialLine):
                self._check(_inner(session).write(content)[1], seconds)
            elif not port.give(content, seconds):
                self._time_out(seconds)
            self.moment = self.asked = self._tap.sent(content)

    def _read(self, timeout: float | None = None, **kwargs: Any) -> str:
        return self._take(-1, True, timeout).decode("latin-1").rstrip("\r\n")

    def _read_bytes(
        self, count: int, break_on_termchar: bool = False, timeout: float | None = None, **kwargs: Any
    ) -> bytes:
        return self._take(count, break_on_termchar or count < 0, timeout)

    def _take(self, count: int, line: bool, timeout: float | None) -> bytes:
        """Read `count` bytes, or up to a line feed."""
        seconds = self.timeout if timeout is None else timeout
        with self._faults(seconds):
            session, port = self._ready()
            if not isinstance(port, Wire | SerialLine):
                return self._take_by_visa(session, count, line, seconds)
            taken = port.take(count, line, self._tap.patience(seconds))
            if taken is None:
                self._time_out(seconds)
            return taken

    def _take_by_visa(self, session: MessageBasedResource, count: int, line: bool, seconds: float) -> bytes:
        """The same for what is no socket; straight from PyVISA-py, whose statuses PyVISA would warn of."""
        self._set_up(session, self._tap.patience(seconds), line)
        inner, taken = _inner(session), b""
        while len(taken) < count or count < 0:
            part, status = inner.read(count - len(taken) if count >= 0 else RECEIVE_SIZE)
            if part:
                self._heard(part)
            self._check(status, seconds)
            taken += part
            if line and status != StatusCode.success_max_count_read:
                break
        return taken

    def _set_up(self, session: MessageBasedResource, seconds: float, line: bool) -> None:
        """Set timeout and end of a message where they are not set yet: each is slow to set."""
        if self._timeout_set != seconds:
            session.timeout = max(1, round(1000 * seconds))
            self._timeout_set = seconds
        if self._line_set != line:
            session.set_visa_attribute(ResourceAttribute.termchar_enabled, line)
            self._line_set = line

    def readable(self, seconds: float) -> bool:
        """Wait up to `seconds` for the first byte of an answer, which is left where it is; say whether it is there."""
        come = self._come(self._tap.patience(seconds))
        if not come:
            self.moment = self._tap.silent(seconds)
        return come

    def _come(self, seconds: float) -> bool:
        with self._faults(seconds):
            _, port = self._ready()
            return port.readable(seconds) if isinstance(port, Buffered) else _serial_readable(port, seconds)

    def lines(self, seconds: float) -> list[str]:
        """Return the whole lines that have come, waiting up to `seconds` for the first; none is no error."""
        with self._faults(seconds):
            session, port = self._ready()
            if isinstance(port, Buffered):
                come = port.lines(self._tap.patience(seconds))
            else:
                come = self._take_by_visa(session, -1, True, self.timeout) if self._come(seconds) else b""
        if not come:
            self.moment = self._tap.silent(seconds)
        return come.decode("latin-1").split("\n")[:-1]

    def take_all(self) -> bytes:
        """Return everything that has come, of a stream that nobody asks for piece by piece; nothing is no error."""
        parts = []
        while self.readable(0.0):
            with self._faults(0.0):
                _, port = self._ready()
                assert isinstance(port, Buffered), "a stream comes over a socket"
                parts.append(port.cut(len(port.pending)) or port.more())
        return b"".join(parts)

    def flush_read_buffer(self) -> None:
        """Drop the session, and with it whatever was on its way; the next use opens a new one."""
        self.close()

    # --- what can go wrong

    def _faults(self, seconds: float) -> "_Faults":
        """Turn what goes wrong inside the block into errors of ours."""
        return _Faults(self, self._session, seconds)

    def _explain(self, error: BaseException, session: MessageBasedResource | None, seconds: float) -> None:
        """Raise InstrumentTimeout or LinkLost for what a transfer over `session` raised, nothing for other errors."""
        if isinstance(error, pyvisa.VisaIOError):
            if error.error_code == StatusCode.error_timeout and self._session is session:
                self._time_out(seconds)
            raise self._lose(str(error), session) from None
        if isinstance(error, _GONE):
            raise self._lose(str(error) or type(error).__name__, session) from None

    def _check(self, status: StatusCode, seconds: float) -> None:
        if status == StatusCode.error_timeout:
            self._time_out(seconds)
        if status < 0:
            raise OSError(status.name)

    def _time_out(self, seconds: float) -> NoReturn:
        self._tap.timed_out(seconds)
        self.close()  # PyVISA-py has thrown away the part that came: what follows would be read as something else
        raise InstrumentTimeout(
            f"{self.name} at {self.resource} did not finish within {seconds:.3g} s; look at its display or window, "
            f"and at the network"
        )

    def _lose(self, why: str, session: MessageBasedResource | None) -> LinkLost:
        if session is not None and self._session is not session:
            return LinkLost(f"an exchange with {self.name} at {self.resource} was given up for an urgent command")
        self._tap.failed(why)
        self.close()
        self._lost = (
            f"the connection to {self.name} at {self.resource} broke: {why}; check that it is on and that no other "
            f"program took it over, then open the bench again"
        )
        return LinkLost(self._lost)

    def __repr__(self) -> str:
        return f"<Link {self.name} at {self.resource}>"


class _Faults:
    """See `Link._faults`. A class, not a generator: every transfer passes through it, several times a poll."""

    __slots__ = ("_link", "_seconds", "_session")

    def __init__(self, link: Link, session: MessageBasedResource | None, seconds: float) -> None:
        self._link, self._session, self._seconds = link, session, seconds

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._link._explain(error, self._session, self._seconds)  # noqa: SLF001


def _inner(session: MessageBasedResource) -> Any:
    """Return PyVISA-py's own session, which holds the socket or serial port."""
    library: Any = session.visalib
    return library.sessions[session.session]


def _serial_readable(port: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not port.in_waiting:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_SERIAL_LOOK)
    return True
