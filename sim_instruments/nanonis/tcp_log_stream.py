"""What the TCP logger sends: a header of 18 bytes and one float32 per channel, big-endian, on a port of its own."""

import asyncio
import struct
from collections.abc import Sequence

import numpy as np

HEADER = struct.Struct(">IfQH")
"""Number of channels, oversampling, counter, state."""
OVERFLOW = 8 << 20
"""Bytes that may wait for a client that does not read, before the logger gives up."""


def frame(values: Sequence[float], oversampling: int, counter: int, state: int) -> bytes:
    """Return one frame. The one with counter 0 opens a log: its values are the channels' indexes."""
    return HEADER.pack(len(values), float(oversampling), counter, state) + np.asarray(values, dtype=">f4").tobytes()


class Audience:
    """The clients of the stream."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def present(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._writers)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send to this client whatever is logged until it hangs up; what it says is ignored."""
        self._writers.append(writer)
        try:
            while await reader.read(4096):
                pass
        finally:
            self._writers.remove(writer)

    def send(self, message: bytes) -> bool:
        """Send to everybody; return False when somebody has not read for so long that the buffer is full."""
        keeping_up = True
        for writer in self._writers:
            if writer.is_closing():
                continue
            if writer.transport.get_write_buffer_size() > OVERFLOW:
                keeping_up = False
            else:
                writer.write(message)
        return keeping_up
