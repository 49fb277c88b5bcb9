"""Faults on the wire, seen by a plain client."""

import socket
import struct
import time

import pytest

INSTRUMENTS = pytest.mark.parametrize("instrument", ["source_meter", "probe"])


def inject(lab, spec: str) -> None:
    lab.call(lambda: lab.lab.inject(spec))


@INSTRUMENTS
def test_a_lab_without_faults_answers_as_it_always_did(lab, connect, instrument):
    client = connect(lab, instrument)
    for command, reply in ((client.LONG, client.LONG_REPLY), (client.OTHER, client.OTHER_REPLY)):
        client.send(command)
        assert client.exactly(len(reply)) == reply


@INSTRUMENTS
def test_refuse_hangs_up_and_takes_no_new_connection(lab, connect, instrument):
    client = connect(lab, instrument)
    inject(lab, f"{instrument}:refuse@match={client.OTHER}")
    client.send(client.LONG)
    assert client.exactly(len(client.LONG_REPLY)) == client.LONG_REPLY
    client.send(client.OTHER)
    assert client.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        connect(lab, instrument)


@INSTRUMENTS
def test_close_at_once_turns_away_so_many_connections(lab, connect, instrument):
    client = connect(lab, instrument)
    client.send(client.LONG)
    client.exactly(len(client.LONG_REPLY))
    inject(lab, f"{instrument}:close-at-once,for=2")
    assert client.rest() == b""
    for turned_away in (True, True, False):
        later = connect(lab, instrument)
        if turned_away:
            assert later.rest() == b""
        else:
            later.send(later.LONG)
            assert later.exactly(len(later.LONG_REPLY)) == later.LONG_REPLY


@INSTRUMENTS
def test_close_mid_reply_sends_half(lab, connect, instrument):
    client = connect(lab, instrument)
    inject(lab, f"{instrument}:close-mid-reply")
    client.send(client.LONG)
    assert client.rest() == client.LONG_REPLY[: len(client.LONG_REPLY) // 2]
    again = connect(lab, instrument)
    again.send(client.LONG)
    assert again.exactly(len(client.LONG_REPLY)) == client.LONG_REPLY


@INSTRUMENTS
def test_hang_silences_one_connection_and_does_not_do_the_command(lab, connect, instrument):
    client, other = connect(lab, instrument), connect(lab, instrument)
    bias = {"source_meter": (":SOUR:VOLT 3", b""), "probe": ("Bias.Set", struct.pack(">f", 3.0))}[instrument]
    inject(lab, f"{instrument}:hang@match={bias[0].partition(' ')[0]}")
    client.send(*bias) if instrument == "probe" else client.send(bias[0])
    client.send(client.LONG)
    assert client.silent()
    told = other.ask(":SOUR:VOLT?") if instrument == "source_meter" else other.do("Bias.Get", returns="f")[0]
    assert float(told) == 0.0


@INSTRUMENTS
def test_delay_holds_the_reply_back(lab, connect, instrument):
    client = connect(lab, instrument)
    inject(lab, f"{instrument}:delay=0.2")
    start = time.monotonic()
    client.send(client.LONG)
    assert client.exactly(len(client.LONG_REPLY)) == client.LONG_REPLY
    assert time.monotonic() - start >= 0.19


@INSTRUMENTS
def test_one_byte_at_a_time_is_still_the_same_reply(lab, connect, instrument):
    client = connect(lab, instrument)
    inject(lab, f"{instrument}:one-byte")
    client.send(client.LONG)
    pieces = [client.socket.recv(4096)]
    while sum(map(len, pieces)) < len(client.LONG_REPLY):
        pieces.append(client.socket.recv(4096))
    assert len(pieces) > 1
    assert b"".join(pieces) == client.LONG_REPLY


@INSTRUMENTS
def test_garbage_has_the_length_of_the_reply_and_depends_on_the_seed(lab, connect, instrument):
    client = connect(lab, instrument)
    seen = []
    for seed in (1, 1, 2):
        inject(lab, f"{instrument}:garbage,seed={seed}")
        client.send(client.LONG)
        seen.append(client.exactly(len(client.LONG_REPLY)))
    assert seen[0] == seen[1] != seen[2]
    assert client.LONG_REPLY not in seen
    if instrument == "source_meter":
        assert all(reply.count(b"\n") == 1 and reply.endswith(b"\n") for reply in seen)


@INSTRUMENTS
def test_truncated_frame_never_ends(lab, connect, instrument):
    client = connect(lab, instrument)
    inject(lab, f"{instrument}:truncated-frame")
    client.send(client.LONG)
    half = len(client.LONG_REPLY) // 2
    assert client.exactly(half) == client.LONG_REPLY[:half]
    assert client.silent()


@pytest.mark.parametrize("excess", [4, -4])
def test_wrong_length_is_claimed_by_a_frame(lab, connect, excess):
    client = connect(lab, "probe")
    inject(lab, f"probe:wrong-length={excess}")
    client.send(client.LONG)
    reply = client.exactly(len(client.LONG_REPLY))
    assert struct.unpack_from(">i", reply, 32)[0] == struct.unpack_from(">i", client.LONG_REPLY, 32)[0] + excess
    assert reply[36:] == client.LONG_REPLY[36:]


@pytest.mark.parametrize("excess", [4, -4])
def test_wrong_length_of_a_line(lab, connect, excess):
    client = connect(lab, "source_meter")
    inject(lab, f"source_meter:wrong-length={excess}")
    client.send(client.LONG)
    assert client.exactly(len(client.LONG_REPLY) + excess).endswith(b"\n")


@INSTRUMENTS
def test_doubled_reply_comes_twice(lab, connect, instrument):
    client = connect(lab, instrument)
    inject(lab, f"{instrument}:doubled-reply")
    client.send(client.LONG)
    assert client.exactly(2 * len(client.LONG_REPLY)) == 2 * client.LONG_REPLY


@INSTRUMENTS
def test_reply_of_another_command_is_one_that_was_given_before(lab, connect, instrument):
    client = connect(lab, instrument)
    client.send(client.OTHER)
    client.exactly(len(client.OTHER_REPLY))
    inject(lab, f"{instrument}:reply-of-another-command")
    client.send(client.LONG)
    assert client.exactly(len(client.OTHER_REPLY)) == client.OTHER_REPLY


def test_every_port_of_the_controller_is_gone_when_it_refuses(lab):
    inject(lab, "probe:refuse")
    for port in lab.lab.ports[1:]:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
