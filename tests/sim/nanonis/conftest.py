"""A simulated controller alone in its lab, and a raw client of its protocol, built from the document alone."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest

from sim_instruments.nanonis import make_controller
from sim_instruments.nanonis.controller import ControllerSettings
from sim_instruments.nanonis.layout import pack, unpack
from sim_instruments.server import Listener, listen
from sim_instruments.timeline import Station, Timeline
from sim_instruments.world import World, WorldSettings


@dataclass
class Reply:
    """A reply's arguments (raw) and its error block."""

    name: bytes
    arguments: bytes
    failed: bool
    error: str


class Client:
    """One connection. `ask` packs by layout and raises nothing on an error reply."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, name: str, body: bytes = b"", wants_reply: int = 1) -> None:
        self.socket.sendall(struct.pack(">32siHH", name.encode(), len(body), wants_reply, 0) + body)

    def receive(self) -> tuple[bytes, bytes]:
        header = self.exactly(40)
        return header, self.exactly(struct.unpack(">i", header[32:36])[0])

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("hung up")
            data += piece
        return data

    def raw(self, name: str, body: bytes = b"") -> tuple[bytes, bytes]:
        self.send(name, body)
        return self.receive()

    def ask(self, name: str, request: str = "", *values: Any, reply: str = "") -> tuple[Any, ...]:
        """Return the reply's values; an error reply fails the test."""
        _, body = self.raw(name, pack(request, values))
        *result, status, error = unpack(f"{reply} I s", body)
        assert status == 0, error
        return tuple(result)

    def error(self, name: str, request: str = "", *values: Any, reply: str = "") -> str:
        """Return the text of the error reply; success fails the test."""
        _, body = self.raw(name, pack(request, values))
        *_, status, error = unpack(f"{reply} I s", body)
        assert status == 1
        return str(error)

    def close(self) -> None:
        self.socket.close()


class ControllerLab:
    """A world with nothing but the controller in it, served by a thread of the test's own process."""

    def __init__(self, controller: ControllerSettings | None = None, pace: float = 0.0, **world: Any) -> None:
        self.world = World(WorldSettings(**world))
        self.timeline = Timeline(self.world, pace)
        self.station = Station(self.timeline)
        self.controller = make_controller(self.world, self.timeline, self.station, controller)
        self.listeners: list[Listener] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="simulated controller", daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(20)

    async def _start(self) -> None:
        self.listeners = [await listen(self.controller.dialogue, self.station) for _ in range(4)]

    async def _stop(self) -> None:
        for listener in self.listeners:
            await listener.close()

    def call(self, function: Callable[[], Any]) -> Any:
        """Run `function` inside the lab's own thread and return what it returns."""
        future: Future[Any] = Future()
        self.loop.call_soon_threadsafe(lambda: future.set_result(function()))
        return future.result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def lab_starter() -> Iterator[Callable[..., ControllerLab]]:
    """Start labs that end with the test."""
    labs: list[ControllerLab] = []

    def start(**options: Any) -> ControllerLab:
        labs.append(ControllerLab(**options))
        return labs[-1]

    yield start
    for started in labs:
        started.stop()


@pytest.fixture
def lab(lab_starter: Callable[..., ControllerLab]) -> ControllerLab:
    """A controller over the sample `bare`, seed 0, as fast as it can."""
    return lab_starter()


@pytest.fixture
def connect(lab: Any) -> Iterator[Callable[..., Client]]:
    """Connect to one of the controller's four ports (0 to 3) of `lab`, or of another lab."""
    clients: list[Client] = []

    def make(port: int = 0, of: Any = None) -> Client:
        clients.append(Client((of or lab).listeners[port].port))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    """A client on the first port."""
    return connect()


@pytest.fixture
def landed(client: Client) -> Client:
    """The same client, after the coarse approach: Z controller on, tip on the sample."""
    client.ask("AutoApproach.Open")
    client.ask("AutoApproach.OnOffSet", "H", 1)
    while client.ask("AutoApproach.OnOffGet", reply="H") == (1,):
        pass
    return client
