import socket
import struct
from typing import Any

import numpy as np
import pytest

from sim_instruments.nanonis.tcp_log_stream import OVERFLOW as OVERFLOW_BYTES
from sim_instruments.nanonis.tcp_logger import TCPLog

CURRENT, BIAS, Z = 0, 1, 2
DISCONNECTED, IDLE, RUNNING, OVERFLOW = 0, 1, 4, 7


def read_frame(stream: socket.socket) -> tuple[int, float, int, int, list[float]]:
    def read(size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += stream.recv(size - len(data))
        return data

    count, oversampling, counter, state = struct.unpack(">IfQH", read(18))
    return count, oversampling, counter, state, list(struct.unpack(f">{count}f", read(4 * count)))


def status(client: Any) -> int:
    return int(client.call("TCPLog.StatusGet", reply="i")[0])


def start(rig: Any, channels: list[int], oversampling: int) -> tuple[Any, socket.socket]:
    client, stream = rig.client(), rig.stream()
    while status(client) == DISCONNECTED:
        pass
    client.call("TCPLog.ChsSet", "ai", channels)
    client.call("TCPLog.OversamplSet", "i", oversampling)
    client.call("TCPLog.Start")
    return client, stream


def pass_time(client: Any, milliseconds: int) -> None:
    client.call("Scan.WaitEndOfScan", "i", milliseconds, reply="I S")


def test_stream_opens_with_a_frame_that_names_the_channels(rig: Any) -> None:
    _, stream = start(rig, [BIAS, Z], 20)
    assert read_frame(stream) == (2, 20.0, 0, 2, [1.0, 2.0])


def test_frames_count_up_at_2000_samples_a_second_over_the_oversampling(rig: Any) -> None:
    client, stream = start(rig, [BIAS, CURRENT], 20)
    rig.do(lambda: rig.controller.bias.set(0.125))
    pass_time(client, 1000)
    client.call("TCPLog.Stop")
    read_frame(stream)
    frames = [read_frame(stream) for _ in range(100)]
    assert [counter for _, _, counter, _, _ in frames] == list(range(1, 101))
    assert {state for _, _, _, state, _ in frames} == {RUNNING}
    assert frames[-1][4][0] == 0.125


def test_oversampling_lowers_the_noise(rig: Any) -> None:
    spread = []
    for oversampling in (2, 200):
        client, stream = start(rig, [CURRENT], oversampling)
        pass_time(client, 20 * oversampling)
        client.call("TCPLog.Stop")
        read_frame(stream)
        spread.append(np.std([read_frame(stream)[4][0] for _ in range(35)]))
        stream.close()
    assert spread[1] < 0.5 * spread[0]


def test_status_follows_client_start_and_stop(rig: Any) -> None:
    client = rig.client()
    assert status(client) == DISCONNECTED
    client, _ = start(rig, [BIAS], 10)
    assert status(client) == RUNNING
    client.call("TCPLog.Stop")
    assert status(client) == IDLE


class StuckWriter:
    """A client that has not read for long: this much waits to be sent."""

    def __init__(self, waiting: int) -> None:
        self.transport = self
        self._waiting = waiting
        self.sent = b""

    def get_write_buffer_size(self) -> int:
        return self._waiting

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.sent += data


@pytest.mark.parametrize(
    ("waiting", "after", "sends"),
    [
        pytest.param(OVERFLOW_BYTES + 1, OVERFLOW, False, id="too far behind"),
        pytest.param(OVERFLOW_BYTES, RUNNING, True, id="just keeping up"),
    ],
)
def test_client_that_does_not_read_makes_the_buffer_overflow(rig: Any, waiting: int, after: int, sends: bool) -> None:
    client, writer = rig.client(), StuckWriter(waiting)
    rig.controller.module(TCPLog)._audience._writers.append(writer)
    client.call("TCPLog.Start")
    assert status(client) == after
    assert bool(writer.sent) == sends
    client.call("TCPLog.Stop")
    assert status(client) == IDLE


def test_onlooker_of_the_stream_owns_no_time(rig: Any) -> None:
    rig.stream()
    client = rig.client()
    before = rig.controller.now
    client.call("Scan.FrameGet", reply="f f f f f")
    assert rig.controller.now > before


@pytest.mark.parametrize(
    ("name", "layout", "value", "text"),
    [
        pytest.param("TCPLog.ChsSet", "ai", [128], "Signal index 128", id="no such signal"),
        pytest.param("TCPLog.ChsSet", "ai", [], "At least one", id="no channel"),
        pytest.param("TCPLog.OversamplSet", "i", 1001, "Oversampling 1001", id="too much oversampling"),
    ],
)
def test_bad_arguments_are_answered_with_a_text(rig: Any, name: str, layout: str, value: Any, text: str) -> None:
    with pytest.raises(Exception, match=text):
        rig.client().call(name, layout, value)


def test_settings_are_refused_while_the_logger_runs(rig: Any) -> None:
    client, _ = start(rig, [BIAS], 10)
    with pytest.raises(Exception, match="cannot be changed"):
        client.call("TCPLog.ChsSet", "ai", [0])


def test_specs_client_drives_the_logger(rig: Any) -> None:
    nanonis, stream = rig.specs(), rig.stream()
    while nanonis.TCPLog_StatusGet()[2] == [DISCONNECTED]:
        pass
    for answer in (
        nanonis.TCPLog_ChsSet(2, [0, 1]),
        nanonis.TCPLog_OversamplSet(10),
        nanonis.TCPLog_Start(),
    ):
        assert answer[0] == ""
    assert nanonis.TCPLog_StatusGet()[2] == [RUNNING]
    assert read_frame(stream)[2:] == (0, 2, [0.0, 1.0])
    assert nanonis.TCPLog_Stop()[0] == ""
