"""STOP: a thread of its own that makes the bench safe, so that it waits neither for the window nor for the run."""

import logging
import threading
from collections.abc import Callable

from nanoprobe.outcome import Outcome

_log = logging.getLogger(__name__)

STOPPED = "STOP was pressed"


def reason_of(outcome: Outcome) -> str:
    """Return why a run did not finish; after STOP just that: its latch is released by itself, nothing has to be reset."""
    error = "" if outcome.error is None else str(outcome.error)
    return STOPPED if outcome.status == "aborted" and STOPPED in error else error


class Stopper:
    """Calls `act(reason)` in its own thread for every press; presses during an act are answered by one more."""

    def __init__(self, act: Callable[[str], None]) -> None:
        self._act = act
        self._wake = threading.Event()
        self._reason = ""
        self._ending = False
        self._thread = threading.Thread(target=self._serve, name="nanoprobe-stop", daemon=True)
        self._thread.start()

    def press(self, reason: str) -> None:
        """Ask for the safe state; from any thread, returns at once."""
        self._reason = reason
        self._wake.set()

    def end(self) -> None:
        """End the thread once it has answered the presses so far."""
        self._ending = True
        self._wake.set()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            reason, self._reason = self._reason, ""
            if reason:
                self._answer(reason)
            if self._ending and not self._wake.is_set():
                return

    def _answer(self, reason: str) -> None:
        try:
            self._act(reason)
        except Exception:
            _log.critical("STOP failed; switch the instruments off by hand", exc_info=True)
