"""Plain clients of both protocols, written from the protocols' documents, on a lab with faults."""

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

import pytest

NO_ERROR = bytes(8)


class Client:
    """A socket that is read as raw as it comes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError(f"hung up after {len(data)} of {size} bytes")
            data += piece
        return data

    def silent(self, seconds: float = 0.1) -> bool:
        """Say whether nothing comes, and nobody hangs up, for a while."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def rest(self) -> bytes:
        """Return everything until the instrument hangs up."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while piece := self.socket.recv(4096):
                data += piece
        return data

    def close(self) -> None:
        self.socket.close()


class Meter(Client):
    """Talks to the source-meter."""

    LONG, LONG_REPLY = "*IDN?", b"KEITHLEY INSTRUMENTS,MODEL 2450,04500001,1.7.12b\n"
    OTHER, OTHER_REPLY = "*LANG?", b"SCPI\n"

    def send(self, line: str) -> None:
        self.socket.sendall(line.encode() + b"\n")

    def ask(self, line: str) -> str:
        self.send(line)
        return self.line()

    def line(self) -> str:
        data = b""
        while not data.endswith(b"\n"):
            data += self.exactly(1)
        return data.decode("latin-1").strip()


class Probe(Client):
    """Talks to the controller."""

    LONG, LONG_REPLY = "Util.AcqPeriodGet", struct.pack(">32siHHf", b"Util.AcqPeriodGet", 12, 0, 0, 0.02) + NO_ERROR
    OTHER, OTHER_REPLY = "Bias.Get", struct.pack(">32siHHf", b"Bias.Get", 12, 0, 0, 0.0) + NO_ERROR

    def send(self, name: str, body: bytes = b"") -> None:
        self.socket.sendall(struct.pack(">32siHH", name.encode(), len(body), 1, 0) + body)

    def ask(self, name: str, body: bytes = b"") -> bytes:
        """Return the body of the reply, error block included."""
        self.send(name, body)
        header = self.exactly(40)
        return self.exactly(struct.unpack_from(">i", header, 32)[0])

    def do(self, name: str, layout: str = "", *values: float, returns: str = "") -> tuple[float, ...]:
        """Call a command that succeeds; layouts as in `struct`."""
        body = self.ask(name, struct.pack(">" + layout, *values))
        assert body[struct.calcsize(">" + returns) :] == NO_ERROR, f"{name}: {body!r}"
        return struct.unpack_from(">" + returns, body)


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Connect to an instrument of a lab by its name; closed with the test."""
    clients: list[Client] = []

    def start(lab, instrument: str):
        kind, port = {"source_meter": (Meter, lab.lab.ports[0]), "probe": (Probe, lab.lab.ports[1])}[instrument]
        clients.append(kind(port))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
