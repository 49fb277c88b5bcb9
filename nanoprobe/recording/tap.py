"""The tap on a link: it hears every byte both ways, tells what time it is, and says how long a wait really lasts.

A recorder taps a link to write down what is said. A replay taps it too: there the clock is the recorded one, and a wait
is as long as it has to be. Drivers therefore take the time from their link and never from the computer.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Tap(Protocol):
    """Hears one session. Any thread may call; times are monotonic (s)."""

    def address(self, resource: str) -> str:
        """Return where the link is to go instead of `resource`."""

    def opening(self) -> None:
        """The session is about to be opened. Raises OSError where it cannot be, as it was recorded."""

    def opened(self) -> None:
        """The session was opened."""

    def closed(self) -> None:
        """The link gave the session back."""

    def sent(self, content: bytes) -> float:
        """`content` was sent; return when."""

    def received(self, content: bytes) -> float:
        """`content` has come; return when."""

    def patience(self, seconds: float) -> float:
        """Return how long (s) a wait of `seconds` for the next byte is to last."""

    def silent(self, seconds: float) -> float:
        """Nothing came within `seconds`, which was allowed; return the time."""

    def timed_out(self, seconds: float) -> None:
        """An answer did not come within `seconds`."""

    def failed(self, why: str) -> None:
        """The session could not be opened, or broke."""

    def rest(self, seconds: float) -> None:
        """Let `seconds` pass between two looks at an instrument."""


class Taps(Protocol):
    """Makes the tap of each link of one instrument."""

    def tap(self, name: str, resource: str) -> Tap:
        """Return the tap of a new link called `name` to `resource`."""


class BenchTaps(Protocol):
    """Makes what taps the links of each instrument of a bench."""

    def of(self, role: str, driver: str) -> Taps | None:
        """Return what taps the links of the instrument that has `role`; None: nobody."""


class Untapped:
    """The tap of a link nobody listens to."""

    def address(self, resource: str) -> str:
        """Go where it was asked to."""
        return resource

    def opening(self) -> None:
        """Nothing to do."""

    def opened(self) -> None:
        """Nothing to do."""

    def closed(self) -> None:
        """Nothing to do."""

    def sent(self, content: bytes) -> float:
        """Return the time."""
        return time.monotonic()

    def received(self, content: bytes) -> float:
        """Return the time."""
        return time.monotonic()

    def patience(self, seconds: float) -> float:
        """Wait as long as asked."""
        return seconds

    def silent(self, seconds: float) -> float:
        """Return the time."""
        return time.monotonic()

    def timed_out(self, seconds: float) -> None:
        """Nothing to do."""

    def failed(self, why: str) -> None:
        """Nothing to do."""

    def rest(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


_taps: ContextVar[Taps | None] = ContextVar("nanoprobe_taps", default=None)


@contextmanager
def tapped_by(taps: Taps | None) -> Iterator[None]:
    """Let `taps` hear every link that is made in the block; None: nobody does."""
    token = _taps.set(taps)
    try:
        yield
    finally:
        _taps.reset(token)


def the_tap(name: str, resource: str) -> Tap:
    """Return the tap of a link that is being made."""
    taps = _taps.get()
    return Untapped() if taps is None else taps.tap(name, resource)
