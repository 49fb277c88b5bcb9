"""TCP listeners: how every simulated instrument meets its clients.

A listener serves one instrument on one loopback port. It knows nothing of the instrument's language: each connection
gets a `Dialogue`, which reads and writes the socket as the instrument would.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Protocol

from sim_instruments.timeline import Session, Station

LOG = logging.getLogger(__name__)
LINE_LIMIT = 1 << 22
"""Longest message a client may send in one piece (bytes); a list sweep of thousands of points fits."""


class Dialogue(Protocol):
    """One client's conversation with an instrument."""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read and answer until the client goes."""


Wire = Callable[[asyncio.StreamReader, asyncio.StreamWriter], tuple[asyncio.StreamReader, asyncio.StreamWriter]]
"""Stands between a dialogue and the socket of a new connection: gives what the dialogue reads from and writes to, or
raises ConnectionError to hang up. Faults are put in here."""


class Listener:
    """An instrument's open port, and the connections it serves."""

    def __init__(
        self,
        make: Callable[[Session], Dialogue],
        station: Station,
        single_client: bool,
        wire: Wire = lambda reader, writer: (reader, writer),
        on_client: Callable[[bool], None] = lambda come: None,
    ) -> None:
        self.port = 0
        """TCP port clients connect to."""
        self.dead_socket_port: int | None = None
        """TCP port that drops the client when somebody connects to it; None where there is none."""
        self._make = make
        self._station = station
        self._single_client = single_client
        self._wire = wire
        self._on_client = on_client
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._servers: list[asyncio.Server] = []

    @property
    def clients(self) -> int:
        """Number of clients connected now."""
        return len(self._connections)

    async def open(self, host: str, port: int) -> None:
        """Start to listen on `host`:`port` (0: any free port)."""
        server = await asyncio.start_server(self._welcome, host, port, limit=LINE_LIMIT)
        self._servers.append(server)
        self.port = server.sockets[0].getsockname()[1]

    async def open_dead_socket_port(self, host: str, port: int) -> None:
        """Start to listen for those who want a dead client dropped."""
        server = await asyncio.start_server(self._drop_clients, host, port)
        self._servers.append(server)
        self.dead_socket_port = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and hang up on every client."""
        for server in self._servers:
            server.close()
        await asyncio.sleep(0)  # a client accepted at the last moment has no task of its own before this
        await self._hang_up()
        for server in self._servers:
            await server.wait_closed()

    def hang_up(self) -> None:
        """Break every connection at once; the port stays open."""
        for writer in self._connections.values():
            writer.transport.abort()

    def unplug(self) -> None:
        """Close the port and break every connection at once, as when the instrument is switched off."""
        for server in self._servers:
            server.close()
        self.hang_up()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or (self._single_client and self._connections):
            await _shut(writer)
            return
        self._connections[task] = writer
        try:
            await self._serve(reader, writer)
        finally:
            del self._connections[task]
            await _shut(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = self._station.connect()
        self._on_client(True)
        try:
            await self._make(session).converse(*self._wire(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # Cancelled by `_hang_up`, whose business it ends: passed on, Python 3.11's streams would log it as a fault.
            LOG.debug("the connection of a client of port %d has ended", self.port)
        except Exception:
            LOG.exception("the dialogue on port %d failed; its connection is closed", self.port)
        finally:
            self._station.disconnect(session)
            self._on_client(False)

    async def _drop_clients(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._hang_up()
        await _shut(writer)

    async def _hang_up(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def listen(
    make: Callable[[Session], Dialogue],
    station: Station,
    port: int = 0,
    host: str = "127.0.0.1",
    single_client: bool = False,
    dead_socket_port: int | None = None,
    wire: Wire = lambda reader, writer: (reader, writer),
    on_client: Callable[[bool], None] = lambda come: None,
) -> Listener:
    """Serve an instrument on `host`:`port` (0: any free port).

    `make` gives the dialogue of each new connection. With `single_client` a second client is hung up on while one is
    connected, and a port is opened which, when connected to, drops the present client (`dead_socket_port`; None or 0:
    any free port). Without `single_client` that port is opened only when `dead_socket_port` is given. `wire` comes between
    each dialogue and its socket; `on_client` is called with True when a client has come, with False when it has gone.
    """
    listener = Listener(make, station, single_client, wire, on_client)
    await listener.open(host, port)
    if single_client or dead_socket_port is not None:
        await listener.open_dead_socket_port(host, dead_socket_port or 0)
    return listener
