"""The TCP listener: several clients, one client, dead sockets, broken dialogues."""

import socket
import time
from collections.abc import Callable

import pytest


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._file = self.socket.makefile("rb")

    def ask(self, line: str) -> str:
        self.socket.sendall(line.encode() + b"\n")
        return self._file.readline().decode().strip()

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def connect() -> Callable[[int], Client]:
    clients: list[Client] = []

    def open_client(port: int) -> Client:
        clients.append(Client(port))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "it did not happen"


def test_clients_share_one_instrument(serve_meter, connect) -> None:
    meter = serve_meter()
    first, second = connect(meter.port), connect(meter.port)
    first.ask(":SOUR:VOLT 3;:SOUR:VOLT?")
    assert second.ask(":SOUR:VOLT?") == "3.000000E+00"


def test_message_may_come_in_pieces_and_lines_together(serve_meter, connect) -> None:
    client = connect(serve_meter().port)
    client.socket.sendall(b":SOUR:VO")
    client.socket.sendall(b"LT 4\n:SOUR:VOLT?\n*LA")
    assert client.ask("NG?") == "4.000000E+00"
    assert client.ask("*LANG?") == "SCPI"


def test_line_ends_of_windows_do_no_harm(serve_meter, connect) -> None:
    assert connect(serve_meter().port).ask("*LANG?\r") == "SCPI"


def test_second_client_is_refused_while_one_is_connected(serve_meter, connect) -> None:
    meter = serve_meter(single_client=True)
    first = connect(meter.port)
    assert first.ask("*LANG?") == "SCPI"
    assert connect(meter.port).socket.recv(1) == b""
    assert first.ask("*LANG?") == "SCPI"
    first.close()
    wait_for(lambda: meter.listener.clients == 0)
    assert connect(meter.port).ask("*LANG?") == "SCPI"


def test_dead_socket_port_drops_the_client_that_hangs(serve_meter, connect) -> None:
    meter = serve_meter(single_client=True)
    dead = connect(meter.port)
    assert dead.ask("*LANG?") == "SCPI"
    connect(meter.listener.dead_socket_port)
    assert dead.socket.recv(1) == b""
    assert connect(meter.port).ask("*LANG?") == "SCPI"


def test_client_that_goes_in_the_middle_of_a_wait_leaves_the_instrument_usable(serve_meter, connect) -> None:
    meter = serve_meter()
    client = connect(meter.port)
    client.socket.sendall(b":TRIG:BLOC:WAIT 1,COMM;:INIT;*WAI\n")
    client.close()
    wait_for(lambda: meter.listener.clients == 0)
    assert connect(meter.port).ask(":ABOR;:TRIG:STAT?").startswith("ABORTED")


def test_another_client_can_abort_what_the_first_waits_for(serve_meter, connect) -> None:
    meter = serve_meter()
    waiting, other = connect(meter.port), connect(meter.port)
    waiting.ask(":TRIG:BLOC:WAIT 1,COMM;:INIT;*LANG?")
    waiting.socket.sendall(b"*OPC?\n")
    assert other.ask(":ABOR;*LANG?") == "SCPI"
    assert waiting.ask("*LANG?") == "1"


def test_broken_dialogue_costs_its_connection_only(serve_meter, connect, monkeypatch, caplog) -> None:
    meter = serve_meter()
    monkeypatch.setattr(meter.sim.instrument.status, "byte", lambda: 1 // 0)
    client = connect(meter.port)
    client.socket.sendall(b"*STB?\n")
    assert client.socket.recv(1) == b""
    assert "ZeroDivisionError" in caplog.text
    assert connect(meter.port).ask("*LANG?") == "SCPI"
