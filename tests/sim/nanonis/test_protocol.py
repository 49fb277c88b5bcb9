import select
import struct
from collections.abc import Callable
from typing import Any

import pytest

from sim_instruments.nanonis.controller import ControllerSettings

BIAS_SET = bytes.fromhex("426961732e536574" + "00" * 24 + "00000004" + "0001" + "0000" + "3fc00000")
"""Bias.Set 1.5 V, as the document writes it."""
OK = bytes(8)


def test_the_document_s_bias_set_is_obeyed(client: Any) -> None:
    client.socket.sendall(BIAS_SET)
    assert client.exactly(48) == b"Bias.Set".ljust(32, b"\0") + struct.pack(">i", 8) + bytes(4) + OK
    assert client.ask("Bias.Get", reply="f") == (1.5,)


def test_the_document_s_position_vectors_hold(client: Any) -> None:
    client.ask("FolMe.XYPosSet", "d d I", 5e-9, -5e-9, 1)
    header, body = client.raw("FolMe.XYPosGet", struct.pack(">I", 1))
    assert header[32:40] == bytes.fromhex("00000018 00000000")
    assert body == bytes.fromhex("3E35798EE2308C3A BE35798EE2308C3A 00000000 00000000")
    request = bytes.fromhex("3E45798EE2308C3A 3E501B2B29A4692B 00000001")
    assert client.raw("FolMe.XYPosSet", request)[1] == OK
    assert client.raw("FolMe.XYPosGet", struct.pack(">I", 1))[1][:16] == request[:16]


def test_a_request_is_only_obeyed_when_its_body_is_whole(lab: Any, client: Any) -> None:
    client.socket.sendall(BIAS_SET[:42])
    assert not select.select([client.socket], [], [], 0.05)[0]
    assert lab.call(lambda: lab.controller.bias.value) == 0.0
    client.socket.sendall(BIAS_SET[42:])
    client.exactly(48)
    assert lab.call(lambda: lab.controller.bias.value) == 1.5


def test_requests_in_one_piece_are_answered_in_order(client: Any) -> None:
    client.send("Bias.Set", struct.pack(">f", 0.25))
    client.send("Bias.Get")
    client.send("Util.AcqPeriodGet")
    assert [client.receive()[0][:18].rstrip(b"\0") for _ in range(3)] == [
        b"Bias.Set",
        b"Bias.Get",
        b"Util.AcqPeriodGet",
    ]


def test_no_reply_comes_when_none_is_wanted(client: Any) -> None:
    client.send("Bias.Set", struct.pack(">f", 0.5), wants_reply=0)
    assert client.ask("Bias.Get", reply="f") == (0.5,)


def test_names_match_in_any_case(client: Any) -> None:
    header, body = client.raw("bias.get")
    assert header[:8] == b"bias.get"
    assert body == bytes(4) + OK


def test_an_unknown_command_is_named_in_the_error(client: Any) -> None:
    assert "Bias.Foo" in client.error("Bias.Foo")
    assert client.ask("Bias.Get", reply="f") == (0.0,)


WRONG_BODIES = {"too short": b"\0\0", "too long": bytes(8), "empty": b""}


@pytest.mark.parametrize("body", WRONG_BODIES.values(), ids=WRONG_BODIES)
def test_a_wrong_body_gets_an_error_and_changes_nothing(client: Any, body: bytes) -> None:
    _, reply = client.raw("Bias.Set", body)
    status, size = struct.unpack(">Ii", reply[:8])
    assert status == 1
    assert "Bias.Set" in reply[8 : 8 + size].decode()
    assert client.ask("Bias.Get", reply="f") == (0.0,)


def test_an_error_follows_reply_arguments_filled_with_zeros(client: Any) -> None:
    _, body = client.raw("Signals.ValGet", struct.pack(">iI", 500, 0))
    assert body[:4] == bytes(4)
    assert struct.unpack(">I", body[4:8]) == (1,)
    assert b"500" in body


def test_nonsense_ends_only_its_own_connection(connect: Callable[..., Any]) -> None:
    bad, good = connect(0), connect(1)
    bad.socket.sendall(struct.pack(">32siHH", b"Bias.Get", -1, 1, 0))
    assert bad.socket.recv(1) == b""
    assert good.ask("Bias.Get", reply="f") == (0.0,)


def test_all_four_ports_reach_one_controller(connect: Callable[..., Any]) -> None:
    clients = [connect(port) for port in range(4)]
    clients[0].ask("Bias.Set", "f", 0.5)
    assert [other.ask("Bias.Get", reply="f") for other in clients] == [(0.5,)] * 4


def test_quit_ends_every_connection_after_its_reply(connect: Callable[..., Any]) -> None:
    first, second = connect(0), connect(1)
    first.ask("Util.Quit", "I s s I", 1, "", "", 0)
    assert first.socket.recv(1) == b""
    second.send("Bias.Get")
    second.receive()
    assert second.socket.recv(1) == b""


LAYOUTS = {
    (10862, "Current.GainsGet"): "as i",
    (11798, "Current.GainsGet"): "as i as i",
    (10862, "Piezo.DriftCompGet"): "I f f f I I I",
    (13742, "Piezo.DriftCompGet"): "I f f f I I I f",
}


@pytest.mark.parametrize(("case", "layout"), LAYOUTS.items(), ids=[f"R{key[0]} {key[1]}" for key in LAYOUTS])
def test_replies_follow_the_release(
    lab_starter: Callable[..., Any], connect: Callable[..., Any], case: tuple[int, str], layout: str
) -> None:
    release, name = case
    older = connect(of=lab_starter(controller=ControllerSettings(release=release)))
    older.ask(name, reply=layout)
    assert older.ask("Util.VersionGet", reply="s s I I")[2:] == (release, release)
