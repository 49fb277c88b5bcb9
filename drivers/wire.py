"""A TCP connection that PyVISA-py has opened, read and written by ourselves.

PyVISA-py's own read and write look up three attributes for each piece, wait for ever for a peer that has stopped
reading, and spin on a connection the peer has closed.
"""

import select
import socket
import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress

RECEIVE_SIZE = 1 << 16
"""Most bytes taken from the socket at a time."""
SEND_SIZE = 4096
"""Most bytes handed to the socket at a time: a send of more may block however ready the socket is."""
LONGEST_LINE = 1 << 24
"""Most bytes of a line: what sends more without a line end is no instrument."""
_LONGEST_LOOK = 0.5
"""Longest wait (s) before it is looked whether another thread has closed the connection meanwhile."""


class Buffered:
    """What has come over a link and was not asked for yet."""

    pending: bytearray

    @abstractmethod
    def more(self) -> bytes:
        """Return what has come and was not taken up yet. Raises OSError when the link is broken."""

    @abstractmethod
    def fileno(self) -> int:
        """Return the file descriptor of the link."""

    def readable(self, seconds: float) -> bool:
        """Wait up to `seconds` for something to read; say whether it is there."""
        return bool(self.pending) or self.coming(seconds)

    def coming(self, seconds: float) -> bool:
        """Wait up to `seconds` for something beyond what is pending; say whether it is there."""
        return bool(select.select([self.fileno()], [], [], seconds)[0])

    def lines(self, seconds: float) -> bytes:
        """Return all whole lines that have come, waiting up to `seconds` for the first; empty where none is whole."""
        deadline = time.monotonic() + seconds
        while (end := self.pending.rfind(b"\n") + 1) == 0:
            left = deadline - time.monotonic()
            if left <= 0 or not self.coming(left):
                return b""
            self.pending += self.more()
            if len(self.pending) > LONGEST_LINE:
                raise ConnectionAbortedError(f"a line of more than {LONGEST_LINE} bytes came")
        return self.cut(end)

    def end(self, count: int, line: bool) -> int | None:
        """Return where the message asked for ends in what has come; None when it is not whole."""
        if line and (place := self.pending.find(b"\n")) >= 0:
            return place + 1 if count < 0 else min(place + 1, count)
        return count if 0 <= count <= len(self.pending) else None

    def cut(self, end: int) -> bytes:
        """Take the first `end` bytes away and return them."""
        taken = bytes(self.pending[:end])
        del self.pending[:end]
        return taken


class Wire(socket.socket, Buffered):
    """A socket with a buffer for what has come and was not asked for yet. Raises OSError or ValueError when broken."""

    def __init__(self, fileno: int, heard: Callable[[bytes], None]) -> None:
        super().__init__(fileno=fileno)
        self.pending = bytearray()
        self._heard = heard
        # The time of a single wait; made by the socket itself, it costs a third of a call of `select`.
        self.settimeout(_LONGEST_LOOK)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return what has come. Raises ConnectionResetError when nothing ever will."""
        data = super().recv(bufsize, flags)
        if not data:
            raise ConnectionResetError("the instrument closed the connection")
        if not flags & socket.MSG_PEEK:
            self._heard(data)
        return data

    def give(self, content: bytes, seconds: float) -> bool:
        """Send `content`; False when the peer took nothing for `seconds`."""
        left, deadline = memoryview(content), time.monotonic() + seconds
        while left:
            try:
                left = left[self.send(left[:SEND_SIZE]) :]
                deadline = time.monotonic() + seconds
            except TimeoutError:
                if time.monotonic() > deadline:
                    return False
        return True

    def take(self, count: int, line: bool, seconds: float) -> bytes | None:
        """Return `count` bytes (any number for -1), or up to a line feed where `line`; None if late by `seconds`."""
        deadline = time.monotonic() + seconds
        while (end := self.end(count, line)) is None:
            left = deadline - time.monotonic()
            if left < 0:
                return None
            if left > _LONGEST_LOOK or select.select([self], [], [], left)[0]:
                with suppress(TimeoutError):
                    self.pending += self.recv(RECEIVE_SIZE)
            if count < 0 and len(self.pending) > LONGEST_LINE:
                raise ConnectionAbortedError(f"a line of more than {LONGEST_LINE} bytes came")
        return self.cut(end)

    def more(self) -> bytes:
        """Return what has come."""
        return self.recv(RECEIVE_SIZE)
