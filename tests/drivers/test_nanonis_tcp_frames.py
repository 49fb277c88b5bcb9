"""The frames of the TCP logger: strictly read, however the stream is cut."""

import numpy as np
import pytest

from drivers.nanonis_tcp_log import Frames, described
from nanoprobe.errors import GarbledAnswer, InstrumentError
from sim_instruments.nanonis.tcp_log_stream import frame

RUNNING, OVERFLOW = 4, 7
SIZE = 26
"""Bytes of a frame of two channels."""


def log(count: int, channels: int = 2, oversampling: int = 20) -> bytes:
    opening = frame(range(channels), oversampling, 0, 2)
    return opening + b"".join(frame([k] * channels, oversampling, k, RUNNING) for k in range(1, count + 1))


@pytest.mark.parametrize("piece", [1, 7, SIZE, 100, 10_000])
def test_samples_are_the_same_however_the_stream_is_cut(piece):
    frames, stream = Frames(2, 20), log(50)
    parts = [frames.take(stream[at : at + piece]) for at in range(0, len(stream), piece)]
    np.testing.assert_array_equal(np.concatenate(parts), np.repeat(np.arange(1.0, 51.0)[:, None], 2, axis=1))
    assert frames.period == 0.01


@pytest.mark.parametrize(
    ("stream", "error", "text"),
    [
        (log(3, channels=3), GarbledAnswer, "a frame of 3 channels, each the mean of 20 samples, came where 2 channels of 20"),
        (log(3, oversampling=10), GarbledAnswer, "each the mean of 10 samples, came where 2 channels of 20 were asked for"),
        (log(5)[: 3 * SIZE] + log(9)[6 * SIZE :], InstrumentError, r"3 frames \(30 ms\) are missing behind frame 2"),
        (log(5)[SIZE:], InstrumentError, r"1 frames \(10 ms\) are missing behind frame -1"),
        (log(5) + log(2), InstrumentError, "frame 0 came where 6 was due; another program has started it anew"),
        (log(5) + frame([0, 0], 20, 6, OVERFLOW), InstrumentError, "a frame says 'buffer overflow': this computer has not read"),
        (log(5) + frame([0, 0], 20, 6, 9), InstrumentError, "a frame says 'state 9'"),
        (log(5)[10:], GarbledAnswer, "came where 2 channels of 20 were asked for"),
    ],
    ids=["channels", "oversampling", "gap", "no opening", "anew", "overflow", "state", "no frame"],
)  # fmt: skip
def test_what_is_not_as_it_was_asked_for_is_told(stream, error, text):
    with pytest.raises(error, match=text):
        Frames(2, 20).take(stream)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (log(41), "frames 0 to 41 of 2 channels"),
        (b"ab", "2 bytes of a frame"),
        (log(4)[SIZE : SIZE + 20], "a part of frame 1"),
    ],
)
def test_a_stream_is_described_for_people(stream, words):
    assert described(stream) == words
