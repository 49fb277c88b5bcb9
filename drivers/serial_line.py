"""A serial line that PyVISA-py has opened, read and written by ourselves: PyVISA-py takes one byte at a time.

Not on Windows, whose serial ports have no file descriptor; there PyVISA-py's own way is taken.
"""

import os
import select
import time
from collections.abc import Callable
from typing import Any

from drivers.wire import RECEIVE_SIZE, Buffered


class SerialLine(Buffered):
    """A terminal with a buffer for what has come and was not asked for yet. Raises OSError or ValueError when broken."""

    def __init__(self, port: Any, heard: Callable[[bytes], None]) -> None:
        """`port`: a serial port of pySerial's, which stays its owner; `heard` is told of every piece that comes."""
        self.pending = bytearray()
        self._port = port
        self._heard = heard

    def more(self) -> bytes:
        """Return what has come. Raises ConnectionResetError when nothing ever will."""
        data = os.read(self.fileno(), RECEIVE_SIZE)
        if not data:
            raise ConnectionResetError("the serial line was unplugged")
        self._heard(data)
        return data

    def fileno(self) -> int:
        """Return the file descriptor of the terminal."""
        return int(self._port.fileno())

    def give(self, content: bytes, seconds: float) -> bool:
        """Send `content`; False when the line took nothing for `seconds` (XOFF, say)."""
        left = memoryview(content)
        while left:
            if not select.select([], [self.fileno()], [], seconds)[1]:
                return False
            left = left[os.write(self.fileno(), left) :]
        return True

    def take(self, count: int, line: bool, seconds: float) -> bytes | None:
        """Return `count` bytes (any number for -1), or up to a line feed where `line`; None if late by `seconds`."""
        deadline = time.monotonic() + seconds
        while (end := self.end(count, line)) is None:
            left = max(0.0, deadline - time.monotonic())
            if not self.coming(left):
                return None
            self.pending += self.more()
        return self.cut(end)
