"""A controller with the acquisition modules on real sockets, its tip on the sample, at pace 0."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import nanonis_spm
import pytest

from sim_instruments.drift import DriftSettings
from sim_instruments.nanonis.bias import Bias
from sim_instruments.nanonis.bias_spectroscopy import BiasSpectr
from sim_instruments.nanonis.controller import Controller, ControllerSettings
from sim_instruments.nanonis.dialogue import NanonisDialogue
from sim_instruments.nanonis.folme import FolMe
from sim_instruments.nanonis.layout import pack, unpack
from sim_instruments.nanonis.scan import Scan
from sim_instruments.nanonis.spectrum import SpectrumAnlzr
from sim_instruments.nanonis.tcp_logger import TCPLog
from sim_instruments.nanonis.z_spectroscopy import ZSpectr
from sim_instruments.server import Listener, listen
from sim_instruments.timeline import Station, Timeline
from sim_instruments.world import World, WorldSettings

NO_DRIFT = DriftSettings(rate=0.0, walk=0.0)


class CommandFailed(Exception):
    """The error block carried this text."""


class Client:
    """Speaks the protocol by hand, so that tests also see what SPECS' client hides or cannot do."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, name: str, layout: str = "", *values: Any) -> None:
        body = pack(layout, values)
        self.socket.sendall(struct.pack(">32siHH", name.encode(), len(body), 1, 0) + body)

    def receive(self, layout: str = "") -> tuple[Any, ...]:
        size = struct.unpack(">i", self._read(40)[32:36])[0]
        body = self._read(size)
        try:
            *values, status, text = unpack(f"{layout} I s", body)
        except ValueError:
            raise CommandFailed(body.decode("latin-1")) from None
        if status:
            raise CommandFailed(text)
        return tuple(values)

    def call(self, name: str, request: str = "", *values: Any, reply: str = "") -> tuple[Any, ...]:
        self.send(name, request, *values)
        return self.receive(reply)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            assert piece, "the server hung up"
            data += piece
        return data


class Rig:
    """The running controller and ways to reach it."""

    def __init__(self, controller: Controller, loop: asyncio.AbstractEventLoop) -> None:
        self.controller = controller
        self.loop = loop
        self.port = self.stream_port = 0
        self._listeners: list[Listener] = []
        self._sockets: list[socket.socket] = []

    async def open(self) -> None:
        controller, station = self.controller, self.controller.station
        self._listeners = [
            await listen(lambda session: NanonisDialogue(controller, session), station),
            await listen(controller.module(TCPLog).stream, Station(controller.timeline)),
        ]
        self.port, self.stream_port = (listener.port for listener in self._listeners)

    async def close(self) -> None:
        for listener in self._listeners:
            await listener.close()

    def client(self) -> Client:
        client = Client(self.port)
        self._sockets.append(client.socket)
        return client

    def specs(self) -> Any:
        """Return SPECS' own client, connected."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self._sockets.append(connection)
        return nanonis_spm.Nanonis(connection)

    def stream(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.stream_port), timeout=20)
        self._sockets.append(connection)
        return connection

    def hang_up(self) -> None:
        for connection in self._sockets:
            connection.close()

    def do(self, function: Callable[[], Any]) -> Any:
        """Run `function` in the lab's thread."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(20)


def land(controller: Controller) -> None:
    """Put the tip on the sample with feedback on."""
    controller.coarse.gap = 0.0
    controller.z.place(controller.z.high)
    controller.z.switch_on()
    controller.timeline.advance(controller.now + 3.0)
    assert controller.z.engaged


@pytest.fixture
def make_rig() -> Iterator[Callable[..., Rig]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    rigs: list[Rig] = []

    def make(release: int = 13742, landed: bool = True, **world: Any) -> Rig:
        world_settings = WorldSettings(**({"drift": NO_DRIFT} | world))
        built = World(world_settings)
        timeline = Timeline(built)
        settings = ControllerSettings(release=release, coarse_gap=0.0)
        controller = Controller(
            built,
            timeline,
            Station(timeline),
            settings,
            (Bias, FolMe, Scan, BiasSpectr, SpectrumAnlzr, TCPLog, ZSpectr),
        )
        rig = Rig(controller, loop)
        asyncio.run_coroutine_threadsafe(rig.open(), loop).result(20)
        if landed:
            rig.do(lambda: land(controller))
        rigs.append(rig)
        return rig

    yield make
    for rig in rigs:
        rig.hang_up()
        asyncio.run_coroutine_threadsafe(rig.close(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()
