"""A plain client of the simulated EmStat4, over its real socket."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest


class Client:
    """Sends lines, reads lines; nothing of ours in between."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def send(self, *lines: str) -> None:
        self.socket.sendall("".join(f"{line}\n" for line in lines).encode())

    def line(self) -> str:
        return self.file.readline().decode().removesuffix("\n")

    def ask(self, command: str) -> str:
        self.send(command)
        return self.line()

    def script(self, text: str) -> list[str]:
        """Run a script; return everything up to the empty line, or up to an error."""
        self.send("e", *[line for line in text.splitlines() if line.strip()], "")
        return self.until_end()

    def until_end(self) -> list[str]:
        lines = []
        while (line := self.line()) and not (line.startswith("!") or "!" in line[:2]):
            lines.append(line)
        return [*lines, line] if line else lines

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def connect(lab_starter: Callable[..., Any]) -> Iterator[Callable[..., Client]]:
    """Start a lab (or take one) and connect to its potentiostat."""
    clients: list[Client] = []

    def make(lab: Any = None, **options: Any) -> Client:
        lab = lab or lab_starter(**{"sample": "ppc", **options})
        clients.append(Client(int(lab.lab.potentiostat_resource.split(":")[2])))
        clients[-1].lab = lab  # type: ignore[attr-defined]
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
