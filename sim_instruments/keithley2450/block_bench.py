"""What trigger-model blocks act on: the instrument as the trigger model sees it."""

from collections.abc import Callable
from typing import Protocol

from sim_instruments.keithley2450.buffers import Buffer, Reading


class Bench(Protocol):
    """What blocks act on."""

    def now(self) -> float:
        """Return simulated time (s)."""

    def reading_time(self) -> float:
        """Return what one reading takes (s)."""

    def read_into(self, buffer: Buffer) -> Reading:
        """Make the reading whose aperture closes now and store it."""

    def switch(self, on: bool) -> float:
        """Turn the output on or off; return the settling time (s)."""

    def limiting(self) -> bool:
        """Say whether the source stands at its limit."""

    def stepper(self, name: str, how: str, index: int) -> Callable[[], float]:
        """Return what recalls settings of a list (`at`, `next`, `previous`) and gives the settling time (s)."""

    def user_delay(self, kind: str, number: int) -> float:
        """Return a user delay (s)."""

    def limits(self, number: int) -> tuple[float, float]:
        """Return low and high of a dynamic limit."""

    def fire(self, event: str) -> None:
        """Fire a trigger event."""

    def write_lines(self, bits: int, mask: int) -> None:
        """Write to the digital lines."""

    def log(self, text: str) -> None:
        """Put a message into the event log."""
