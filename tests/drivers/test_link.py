"""Every socket defect of PyVISA-py, provoked on a real socket, and what the link makes of it."""

import socket
import threading
import time

import pytest

from drivers.link import Link
from nanoprobe.errors import BadInput, InstrumentTimeout, LinkLost, Unreachable


def answer_lines(connection: socket.socket) -> None:
    """Answer every line that ends in ? with itself, as an instrument would; "slow?" never."""
    file = connection.makefile("rb")
    for line in file:
        if line.endswith(b"?\n") and line != b"slow?\n":
            connection.sendall(line[:-2] + b"!\n")
    file.close()


@pytest.fixture
def link(serve):
    link = Link(serve(answer_lines).resource, timeout=2.0)
    yield link
    link.close()


def ask(link, text, **keywords):
    with link.exchange():
        link.write(text)
        return link.read(**keywords)


def test_set_then_query_does_not_wait_for_a_delayed_acknowledgement(link):
    start = time.monotonic()
    for number in range(20):
        link.write(f"set {number}")
        assert ask(link, "read?") == "read!"
    assert time.monotonic() - start < 20 * 0.03  # 0.044 s each with Nagle's algorithm on


def test_closed_port_is_unreachable_at_once_and_says_what_to_check(closed_port):
    start = time.monotonic()
    with pytest.raises(
        Unreachable, match=r"no Keithley 2450 at TCPIP0::.*Connection refused; check that it is switched on"
    ):
        Link(closed_port, name="Keithley 2450")
    assert time.monotonic() - start < 1


def test_nonsense_resource_is_bad_input():
    with pytest.raises(BadInput, match="'5025' is no VISA resource string"):
        Link("5025")


def test_peer_that_closes_instead_of_answering_is_noticed_long_before_the_timeout(serve):
    link = Link(serve(lambda connection: connection.recv(100)).resource, timeout=30)
    start = time.monotonic()
    with pytest.raises(LinkLost, match="the instrument closed the connection"):
        ask(link, "read?")
    assert time.monotonic() - start < 1


def test_peer_that_closes_in_the_middle_of_a_block_is_noticed(serve):
    def half(connection):
        connection.recv(100)
        connection.sendall(b"x" * 50)

    link = Link(serve(half).resource, timeout=30)
    link.write_bytes(b"block?")
    with pytest.raises(LinkLost, match="closed the connection"):
        link.read_bytes(100)


def test_lost_link_stays_lost_until_it_is_revived(serve):
    answers = iter([lambda connection: connection.recv(100), answer_lines])
    server = serve(lambda connection: next(answers)(connection))
    link = Link(server.resource)
    with pytest.raises(LinkLost):
        ask(link, "read?")
    with pytest.raises(LinkLost):
        ask(link, "read?")
    assert (link.lost, server.connected) == (True, 1)
    link.revive()
    assert ask(link, "read?") == "read!"
    link.close()


def test_late_answer_does_not_become_the_answer_to_the_next_question(serve):
    release = threading.Event()

    def late(connection):
        connection.recv(100)
        release.wait(5)
        connection.sendall(b"late\n")

    answers = iter([late, answer_lines])
    server = serve(lambda connection: next(answers)(connection))
    link = Link(server.resource)
    with pytest.raises(InstrumentTimeout, match=r"did not finish within 0\.05 s"):
        ask(link, "first?", timeout=0.05)
    release.set()
    assert ask(link, "second?") == "second!"
    link.close()


def test_partial_answer_of_a_timed_out_read_is_not_left_in_the_stream(serve):
    answers = iter(
        [lambda connection: (connection.recv(100), connection.sendall(b"1234"), connection.recv(1)), answer_lines]
    )
    link = Link(serve(lambda connection: next(answers)(connection)).resource)
    link.write_bytes(b"block?")
    with pytest.raises(InstrumentTimeout):
        link.read_bytes(8, timeout=0.05)
    assert ask(link, "read?") == "read!"
    link.close()


def test_answer_split_over_many_packets_arrives_whole(serve):
    data = bytes(range(256)) * 40

    def split(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(100)
        for start in range(0, len(data), 1000):
            connection.sendall(data[start : start + 1000])
        connection.recv(1)

    link = Link(serve(split).resource)
    link.write_bytes(b"block?")
    assert link.read_bytes(len(data)) == data  # line feeds among them
    link.close()


def test_line_then_block_then_line_on_one_session(serve):
    def mixed(connection):
        for answer in (b"one\n", b"\n\n12", b"two\n"):
            connection.recv(100)
            connection.sendall(answer)
        connection.recv(1)

    link = Link(serve(mixed).resource)
    link.write("a")
    assert link.read() == "one"
    link.write("b")
    assert link.read_bytes(4) == b"\n\n12"
    link.write("c")
    assert link.read() == "two"
    link.close()


def test_threads_that_share_a_session_get_their_own_answers(link):
    wrong: list[str] = []

    def work(name):
        wrong.extend(answer for _ in range(150) if (answer := ask(link, f"{name}?")) != f"{name}!")

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_urgent_command_passes_a_question_that_still_waits_for_its_answer(serve):
    asked, came = threading.Event(), threading.Event()

    def stubborn(connection):
        connection.recv(100)
        asked.set()
        assert connection.recv(100) == b":OUTP OFF\n"
        came.set()
        connection.sendall(b"answer\n")
        connection.recv(1)

    link = Link(serve(stubborn).resource, timeout=20)
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(ask(link, "slow?")))
    thread.start()
    assert asked.wait(5)
    link.urgent(":OUTP OFF")
    assert came.wait(5)
    thread.join(5)
    assert answers == ["answer"]
    link.close()


def test_urgent_command_is_the_first_thing_sent_over_a_new_session_when_the_old_one_is_lost(serve):
    got: list[bytes] = []
    came = threading.Event()

    def note(connection):
        got.append(connection.recv(100))
        came.set()

    answers = iter([lambda connection: connection.recv(100), note])
    link = Link(serve(lambda connection: next(answers)(connection)).resource)
    with pytest.raises(LinkLost):
        ask(link, "read?")
    link.urgent(":OUTP OFF")
    assert came.wait(5)
    assert got == [b":OUTP OFF\n"]
    link.close()


def test_peer_that_stops_reading_ends_in_a_timeout(serve):
    gate = threading.Event()
    link = Link(serve(lambda connection: gate.wait(20)).resource)
    with pytest.raises(InstrumentTimeout):
        link.write_bytes(bytes(64 << 20), timeout=0.1)  # more than any socket buffer holds
    gate.set()
    link.close()


def test_readable_looks_without_taking_anything(serve):
    gate = threading.Event()

    def later(connection):
        connection.recv(100)
        gate.wait(5)
        connection.sendall(b"now\n")
        connection.recv(1)

    link = Link(serve(later).resource)
    link.write("go")
    assert not link.readable(0.01)
    gate.set()
    assert link.readable(5)
    assert link.read() == "now"
    link.close()


def test_serial_device_behind_a_socket_works_over_the_same_link(serve):
    server = serve(answer_lines)
    port = server.resource.split("::")[2]
    link = Link(f"ASRLsocket://127.0.0.1:{port}::INSTR")
    link.write("t?")
    assert link.readable(2)
    assert link.read() == "t!"
    link.close()


def test_close_may_be_called_twice_and_the_next_use_opens_again(link):
    link.close()
    link.close()
    assert ask(link, "read?") == "read!"
