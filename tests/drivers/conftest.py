"""Small servers with one defect each, and drivers opened on the simulated lab."""

import socket
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import numpy as np
import pytest

from nanoprobe.plugins import driver

Script = Callable[[socket.socket], None]


class Server:
    """Runs `script` for each connection, in a thread of its own."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.connected = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def resource(self) -> str:
        return f"TCPIP0::127.0.0.1::{self._listener.getsockname()[1]}::SOCKET"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connected += 1
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._script(connection)
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    with ExitStack() as stack:

        def start(script: Script) -> Server:
            server = Server(script)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"TCPIP0::127.0.0.1::{port}::SOCKET"


@pytest.fixture
def open_instrument() -> Iterator[Callable[..., Any]]:
    """Open the lab's instrument of a role with the driver the bench file names, or another; closed with the test."""
    with ExitStack() as stack:

        def start(lab: Any, role: str, driver_name: str | None = None, **options: Any) -> Any:
            table = dict(tomllib.loads(lab.bench_file.read_text())["instruments"][role])
            chosen = driver(driver_name or table["driver"])
            resource = table["resource"]
            known = {name: value for name, value in table.items() if name in chosen.options.model_fields}
            instrument = chosen.open(resource, chosen.options.model_validate(known | options))
            stack.callback(instrument.close)
            return instrument

        yield start


class Readings:
    """Keeps what a waveform reads; ends it after `most` readings."""

    def __init__(self, most: int = 10**9) -> None:
        self.parts: list[tuple[Any, ...]] = []
        self.most = most

    def __call__(self, *arrays: Any) -> bool:
        self.parts.append(arrays)
        return sum(len(part[0]) for part in self.parts) >= self.most

    def __getitem__(self, column: int) -> Any:
        return np.concatenate([part[column] for part in self.parts])


@pytest.fixture
def readings() -> type[Readings]:
    """What keeps the readings of a waveform."""
    return Readings
