"""Status registers and the error queue (IEEE 488.2 and SCPI-1999 volume 2, chapter 20; formats of the 2450 manual)."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta

from sim_instruments.keithley2450.buffers import EPOCH
from sim_instruments.scpi import ScpiError

QUEUE_LENGTH = 1000
OPERATION_COMPLETE, QUERY_ERROR, DEVICE_ERROR, EXECUTION_ERROR, COMMAND_ERROR, POWER_ON = 1, 4, 8, 16, 32, 128


class RegisterSet:
    """A SCPI status register set, as far as a client can set and read it."""

    def __init__(self) -> None:
        self.condition = 0
        self.event = 0
        self.enable = 0

    def raise_event(self, bits: int) -> None:
        """Latch event bits."""
        self.event |= bits

    def take_event(self) -> int:
        """Return the event bits and clear them."""
        bits, self.event = self.event, 0
        return bits


class Status:
    """Everything `*ESR?`, `*STB?`, `:STAT` and `:SYST:ERR?` tell."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._errors: deque[tuple[int, str, float]] = deque()
        self.standard = RegisterSet()
        self.operation = RegisterSet()
        self.questionable = RegisterSet()
        self.service_request_enable = 0
        self.standard.raise_event(POWER_ON)

    def report(self, error: ScpiError) -> None:
        """Queue an error and set its bit in the standard event register."""
        self.standard.raise_event(_class_bit(error.code))
        if len(self._errors) >= QUEUE_LENGTH:
            self._errors[-1] = (-350, "Queue overflow", self._now())
            return
        self._errors.append((error.code, error.text, self._now()))

    def next_error(self) -> str:
        """Take the oldest error off the queue, as `code,"text;type;time"`."""
        if not self._errors:
            return '0,"No error;0;0 0"'
        code, text, moment = self._errors.popleft()
        stamp = EPOCH + timedelta(seconds=moment)
        return f'{code},"{text};1;{stamp:%Y/%m/%d %H:%M:%S}.{stamp.microsecond // 1000:03d}"'

    @property
    def error_count(self) -> int:
        """How many errors wait."""
        return len(self._errors)

    def clear_errors(self) -> None:
        """Empty the error queue."""
        self._errors.clear()

    def clear(self) -> None:
        """Do `*CLS`: empty the queue and every event register."""
        self.clear_errors()
        for registers in (self.standard, self.operation, self.questionable):
            registers.event = 0

    def preset(self) -> None:
        """Do `:STAT:PRES`: disable every SCPI register set."""
        self.operation.enable = self.questionable.enable = 0

    def byte(self) -> int:
        """Return the status byte."""
        bits = 4 * bool(self._errors)
        bits |= 8 * bool(self.questionable.event & self.questionable.enable)
        bits |= 32 * bool(self.standard.event & self.standard.enable)
        bits |= 128 * bool(self.operation.event & self.operation.enable)
        return bits | 64 * bool(bits & self.service_request_enable & ~64)


def _class_bit(code: int) -> int:
    if -199 <= code <= -100:
        return COMMAND_ERROR
    if -299 <= code <= -200:
        return EXECUTION_ERROR
    return QUERY_ERROR if -499 <= code <= -400 else DEVICE_ERROR
