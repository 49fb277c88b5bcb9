"""The TCP logger of a Nanonis controller: signals as a stream of frames, on a port that takes no commands.

SPECS describes the commands, not the stream. Its layout here is as the client nanonis-rs reads it: number of channels u32,
oversampling f32, counter u64, state u16, then f32 for each channel, all big-endian; the frame with counter 0 opens a log.
"""

import logging
import struct
from contextvars import copy_context

import numpy as np

from drivers.link import Link
from drivers.nanonis_session import NanonisSession
from nanoprobe.errors import BadInput, GarbledAnswer, InstrumentError, InstrumentTimeout, LinkLost, Unreachable
from nanoprobe.roles import Array
from nanoprobe.units import si

_log = logging.getLogger(__name__)

NAME = "Nanonis (TCP logger)"
BASE_RATE = 2000.0
"""Samples a second before oversampling."""
MOST_OVERSAMPLING = 1000
STATES = ("disconnected", "idle", "start", "stop", "running", "TCP connect", "TCP disconnect", "buffer overflow")
DISCONNECTED, START, RUNNING, OVERFLOW = 0, 2, 4, 7
GIVEN_UP = (DISCONNECTED, 1, 3, 6, OVERFLOW)
"""States of a logger that sends no more. Any other is believed only as far as frames come: others were seen to tell 65536."""
HEADER = struct.Struct(">IfQH")
SEEN_WITHIN, SEEN_POLL = 2.0, 0.02
"""Longest time (s) until the logger knows of the connection, else its first frames would be lost; and between two looks."""
STOP_TIMEOUT = 1.0
"""Longest wait for the logger to be stopped (s): the bias is off by then, and the tip may wait to be withdrawn."""


def state_name(state: int) -> str:
    """Return the name of a state of logger or frame."""
    return STATES[state] if 0 <= state < len(STATES) else f"state {state}"


class Frames:
    """Takes a stream in pieces as they come and returns the samples of the frames that are whole; strict about every field.

    Each frame is the mean of `oversampling` samples of each of so many `channels`.
    """

    def __init__(self, channels: int, oversampling: int) -> None:
        self._channels = channels
        self._oversampling = oversampling
        self._layout = np.dtype(
            [
                ("channels", ">u4"),
                ("oversampling", ">f4"),
                ("counter", ">u8"),
                ("state", ">u2"),
                ("values", ">f4", channels),
            ]
        )
        self._rest = b""
        self._next = 0

    @property
    def begun(self) -> bool:
        """Whether a frame has come."""
        return self._next > 0

    @property
    def period(self) -> float:
        """Time between two frames (s)."""
        return self._oversampling / BASE_RATE

    def take(self, content: bytes) -> Array:
        """Return the samples of the frames that `content` completes, shape (n, channels).

        Raises GarbledAnswer for what is no such frame, InstrumentError where frames are missing or the logger gave up.
        """
        stream = self._rest + content
        count = len(stream) // self._layout.itemsize
        table = np.frombuffer(stream, self._layout, count)
        self._rest = stream[count * self._layout.itemsize :]
        self._check_head(table)
        self._check_order(table["counter"])
        opening = 1 if count and self._next == 0 else 0
        self._next += count
        with np.errstate(invalid="ignore"):  # a NaN of the signalling kind stays a NaN
            return table["values"][opening:].astype(np.float64)

    def _check_head(self, table: np.ndarray) -> None:
        wrong = (table["channels"] != self._channels) | (table["oversampling"] != self._oversampling)
        if (strange := table[wrong]).size:
            raise GarbledAnswer(
                f"{NAME}: a frame of {strange['channels'][0]} channels, each the mean of {strange['oversampling'][0]:g} samples, "
                f"came where {self._channels} channels of {self._oversampling} were asked for; another program may use it"
            )
        if (bad := table["state"][~np.isin(table["state"], (START, RUNNING))]).size:
            raise InstrumentError(f"{NAME}: a frame says '{state_name(int(bad[0]))}'{_hint(int(bad[0]))}")

    def _check_order(self, counters: np.ndarray) -> None:
        expected = np.arange(self._next, self._next + len(counters), dtype=np.uint64)
        away = np.flatnonzero(counters != expected)
        if not away.size:
            return
        came, due = int(counters[away[0]]), int(expected[away[0]])
        if came < due:
            raise InstrumentError(f"{NAME}: frame {came} came where {due} was due; another program has started it anew")
        raise InstrumentError(
            f"{NAME}: {came - due} frames ({si((came - due) * self.period, 's')}) are missing behind frame {due - 1}: what "
            f"flowed then is not known"
        )


def described(stream: bytes) -> str:
    """Say in words what frames a piece of a stream holds."""
    if len(stream) < HEADER.size:
        return f"{len(stream)} bytes of a frame"
    channels, _, first, _ = HEADER.unpack_from(stream)
    count = len(stream) // (HEADER.size + 4 * channels)
    return f"frames {first} to {first + count - 1} of {channels} channels" if count else f"a part of frame {first}"


def _hint(state: int) -> str:
    return ": this computer has not read fast enough, and samples are lost" if state == OVERFLOW else ""


class TcpLogger:
    """Starts and stops the logger over the `work` session; its frames come over a link of their own.

    `resource`: VISA resource of the stream, "" where it is not to be used. The link is made when it is first needed:
    most benches never do.
    """

    def __init__(self, work: NanonisSession, resource: str, timeout: float) -> None:
        self._work = work
        self._resource = resource
        self._timeout = timeout
        self._opening = copy_context()  # whoever taps the links of this controller is to hear the later one too
        self._link: Link | None = None
        self._frames = Frames(1, 1)
        self.state = ""
        """What it said it was at the last look."""

    def hindrance(self, channels: list[int], oversampling: int) -> str:
        """Connect, and choose what is logged; return why that cannot be, "" where it can."""
        if not self._resource:
            return "the bench file gives no port of the TCP logger"
        self._frames = Frames(len(channels), oversampling)
        try:
            self._connect()
            self._work.call("TCPLog.Stop")
            self._work.call("TCPLog.ChsSet", "ai", channels)
            self._work.call("TCPLog.OversamplSet", "i", oversampling)
        except (LinkLost, InstrumentTimeout):
            raise
        except (Unreachable, BadInput, InstrumentError) as error:
            return str(error)
        return "" if self._is_seen() else f"{NAME}: it says that nobody is connected to {self._resource}"

    def _connect(self) -> None:
        if self._link is None:
            self._link = self._opening.run(Link, self._resource, name=NAME, timeout=self._timeout)
        self._link.connect()

    def _is_seen(self) -> bool:
        begun = self._work.moment()
        while self._status() == DISCONNECTED:
            if self._work.moment() - begun > SEEN_WITHIN:
                return False
            self._work.rest(SEEN_POLL)
        return True

    def _status(self) -> int:
        status = int(self._work.value("TCPLog.StatusGet", returns="i"))
        self.state = state_name(status)
        return status

    @property
    def period(self) -> float:
        """Time between two samples (s)."""
        return self._frames.period

    def start(self) -> None:
        """Begin to log; the first sample is yet to come."""
        self._work.call("TCPLog.Start")

    def look(self) -> Array:
        """Return the samples that have come since the last look, shape (n, channels).

        Raises InstrumentError when the logger has stopped or overflowed, LinkLost, and what `Frames.take` raises.
        """
        state = self._status()
        if state in GIVEN_UP and self._frames.begun:
            raise InstrumentError(f"{NAME}: it is '{self.state}' in the middle of the work{_hint(state)}")
        assert self._link is not None, "hindrance() comes before"
        return self._frames.take(self._link.take_all())

    def stop(self) -> None:
        """Stop to log and give the link back. What fails is logged: the bias is off already."""
        try:
            self._work.call("TCPLog.Stop", timeout=STOP_TIMEOUT)
        except InstrumentError as error:
            _log.error("stopping: %s", error)
        self.close()

    def close(self) -> None:
        """Give the link back."""
        if self._link is not None:
            self._link.close()
