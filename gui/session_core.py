"""What the session is made of: its state, its threads, and the way of news into the window's thread. Knows no Qt."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from psygnal import Signal

from gui.mailbox import Call, Mailbox, Skipped
from gui.session_state import Level, Message, SessionState
from gui.worker import Worker
from nanoprobe.events import Event, Events

_log = logging.getLogger(__name__)

T = TypeVar("T")


def nothing(result: Any) -> None:
    """Take a result nobody wants."""


class SessionCore:
    """See `gui.session`."""

    state_changed = Signal(SessionState)
    told = Signal(Message)

    def __init__(self, mailbox: Mailbox) -> None:
        self.state = SessionState()
        self.events = Events()
        self.mailbox = mailbox
        self._worker = Worker("nanoprobe-bench")
        self._reader = Worker("nanoprobe-reader")
        self._maker = Worker("nanoprobe-maker")
        self._waiter = Worker("nanoprobe-waiter")

    # --- work for other threads

    @property
    def idle(self) -> bool:
        """Whether nothing is under way on the bench."""
        return self._worker.idle

    def read(
        self,
        do: Callable[[], T],
        then: Callable[[T], None] = nothing,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Have `do()` done in the reading thread: disk, or anything slow that needs no bench."""
        self._reader.submit(do, self._later(then), self._later(failed or (lambda text: self.tell(text, "error"))))

    def work(
        self,
        do: Callable[[], T],
        then: Callable[[T], None] = nothing,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Like `read`, for what takes long (exports, figures), so that reading does not wait for it."""
        self._maker.submit(do, self._later(then), self._later(failed or (lambda text: self.tell(text, "error"))))

    def wait(
        self,
        do: Callable[[], T],
        then: Callable[[T], None] = nothing,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Like `work`, for what only waits for another process, so that exports and figures do not wait for it."""
        self._waiter.submit(do, self._later(then), self._later(failed or (lambda text: self.tell(text, "error"))))

    def _submit(self, do: Callable[[], T], then: Callable[[T], None], failed: Callable[[str], None]) -> None:
        self._worker.submit(do, self._later(then), self._later(failed))

    def _later(self, take: Callable[[T], None]) -> Callable[[T], None]:
        return lambda result: self.mailbox.call(lambda: take(result))

    def end_threads(self) -> None:
        """Finish what was submitted and end the threads."""
        for worker in (self._worker, self._reader, self._maker, self._waiter):
            worker.end()

    # --- news

    def deliver(self, budget: float = float("inf")) -> None:
        """In the window's thread: hand on what the other threads posted, for at most `budget` seconds."""
        until = time.monotonic() + budget
        while (event := self.mailbox.take()) is not None:
            self._hand_on(event)
            if time.monotonic() >= until:
                return

    def _hand_on(self, event: object) -> None:
        try:
            if isinstance(event, Call):
                event.do()
            elif isinstance(event, Skipped):
                self.tell(f"the screen fell behind: {event.count} records were stored but not drawn", "warning")
            elif isinstance(event, Event):
                self._follow(event)
                self.events.event.emit(event)
        except Exception as error:
            _log.exception("a part of the window failed at %s", type(event).__name__)
            self.tell(f"a part of the window failed ({error}); the run goes on and is stored", "error")

    def _follow(self, event: Event) -> None:
        """Take what an event of the run says of the session's own state, before others hear of it."""

    def tell(self, text: str, level: Level = "info") -> None:
        """Say something to the operator."""
        self.told.emit(Message(level, text, time.time()))

    # --- state

    def _set(self, **changes: Any) -> None:
        new = replace(self.state, **changes)
        if new != self.state:
            self.state = new
            self.state_changed.emit(new)


def threads() -> list[threading.Thread]:
    """Return the session threads alive in this process (for checks of leaks)."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("nanoprobe-")]
