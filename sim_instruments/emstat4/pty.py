"""The device on a pseudo-terminal, for clients that know serial ports only."""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable

from sim_instruments.server import LINE_LIMIT, Dialogue
from sim_instruments.timeline import Session, Station


class SerialPort:
    """A pseudo-terminal with an instrument at its far end. `path` is what a client opens."""

    def __init__(self, make: Callable[[Session], Dialogue], station: Station) -> None:
        self._make = make
        self._station = station
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self._task: asyncio.Task[None] | None = None
        self._transports: list[asyncio.BaseTransport] = []

    async def open(self) -> None:
        """Start to answer. The far end is kept open here too, so that clients may come and go."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LINE_LIMIT)
        protocol = asyncio.StreamReaderProtocol(reader)
        reading, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(self._ours, "rb", buffering=0))
        writing, flow = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(os.dup(self._ours), "wb", buffering=0)
        )
        self._transports = [reading, writing]
        writer = asyncio.StreamWriter(writing, flow, None, loop)
        self._task = asyncio.create_task(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = self._station.connect()
        try:
            await self._make(session).converse(reader, writer)
        finally:
            self._station.disconnect(session)

    async def close(self) -> None:
        """Take the port away."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for transport in self._transports:
            transport.close()
        os.close(self._theirs)
