"""Module TCPLog: a continuous stream of signals to another socket."""

from enum import IntEnum
from typing import TYPE_CHECKING

from sim_instruments.nanonis.acquisition import check_signals, integrated
from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.routine import Routine, Steps
from sim_instruments.nanonis.tcp_log_stream import Audience, frame
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

BASE_RATE = 2000.0
"""Samples per second before oversampling."""
MAX_OVERSAMPLING = 1000


class LogStatus(IntEnum):
    """As TCPLog.StatusGet numbers it."""

    DISCONNECTED = 0
    IDLE = 1
    START = 2
    STOP = 3
    RUNNING = 4
    TCP_CONNECT = 5
    TCP_DISCONNECT = 6
    BUFFER_OVERFLOW = 7


class TCPLog(Module):
    """The logger. Frames carry the mean over `oversampling` samples; a client may connect before or after the start."""

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        self._audience = Audience()
        self._channels: tuple[int, ...] = (0,)
        self._oversampling = 1
        self._routine: Routine | None = None
        self._overflown = False

    def stream(self, session: Session) -> Audience:
        """Return what talks to a client of the stream's port. The port needs a station of its own: it owns no time."""
        return self._audience

    @property
    def running(self) -> bool:
        """Whether frames are sent."""
        return self._routine is not None and not self._routine.done

    @property
    def log_status(self) -> LogStatus:
        """What the logger does now."""
        if self._overflown:
            return LogStatus.BUFFER_OVERFLOW
        if self.running:
            return LogStatus.RUNNING
        return LogStatus.IDLE if self._audience.present else LogStatus.DISCONNECTED

    def _steps(self) -> Steps:
        channels, oversampling = self._channels, self._oversampling
        period = oversampling / BASE_RATE
        counter = 0
        going = self._audience.send(frame(channels, oversampling, counter, LogStatus.START))
        while going:
            yield period
            counter += 1
            values = [integrated(self.controller, index, period) for index in channels]
            going = self._audience.send(frame(values, oversampling, counter, LogStatus.RUNNING))
        self._overflown = True

    @command("TCPLog.Start", cost=Cost.SET)
    def start(self, session: Session) -> None:
        """Start to send; a log under way goes on."""
        if not self.running:
            self._overflown = False
            self._routine = Routine(self.controller.timeline, self._steps())

    @command("TCPLog.Stop", cost=Cost.SET)
    def stop(self, session: Session) -> None:
        """Stop to send."""
        self._overflown = False
        if self._routine is not None:
            self._routine.interrupt()

    @command("TCPLog.ChsSet", "ai", cost=Cost.SET)
    def set_channels(self, session: Session, channels: list[int]) -> None:
        """Choose the logged signals; the 24 slots carry the first 24 signals, so both ways of counting agree."""
        self._require_stopped("channels")
        if not channels:
            raise CommandError("At least one channel is needed")
        self._channels = check_signals(channels)

    @command("TCPLog.OversamplSet", "i", cost=Cost.SET)
    def set_oversampling(self, session: Session, oversampling: int) -> None:
        """Set how many samples make a frame: 0 (as 1) to 1000."""
        self._require_stopped("oversampling")
        self._oversampling = max(1, one_of(oversampling, MAX_OVERSAMPLING + 1, "Oversampling"))

    @command("TCPLog.StatusGet", reply="i", cost=Cost.POLL)
    def status(self, session: Session) -> tuple[int]:
        """Return the status."""
        return (int(self.log_status),)

    def _require_stopped(self, what: str) -> None:
        if self.running:
            raise CommandError(f"The {what} cannot be changed while the logger runs")
