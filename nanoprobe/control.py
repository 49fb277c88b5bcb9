"""How a run is told to pause, go on or stop, from any thread and from signal handlers."""

import threading
from collections.abc import Callable

ABORT_LATENCY = 0.02
"""Longest time (s) between an abort and the first command of the safe state."""


class RunControl:
    """Pause, resume and abort of one run.

    `abort` only assigns plain attributes: a signal handler that took a lock could wait for the very code it interrupted.
    """

    def __init__(self, attended: bool = False) -> None:
        """`attended`: somebody is there who can look at what the run asks, and let it go on."""
        self.attended = attended
        self._running = threading.Event()
        self._running.set()
        self.aborts = 0
        self.reason = ""

    def abort(self, reason: str = "stopped by the operator") -> None:
        """Ask for the end; each further call makes the bench safe once more."""
        self.reason = self.reason or reason
        self.aborts += 1

    @property
    def aborted(self) -> bool:
        """Whether the end was asked for."""
        return self.aborts > 0

    def pause(self) -> None:
        """Hold before the next point or image."""
        self._running.clear()

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    @property
    def paused(self) -> bool:
        """Whether the run holds before its next point."""
        return not self._running.is_set()

    def wait_while_paused(self, lease: Callable[[], None] = lambda: None) -> None:
        """Return at once unless paused; then when resumed or aborted. `lease` is called again and again meanwhile."""
        while not self.aborted and not self._running.wait(ABORT_LATENCY):
            lease()

    def watch(self, worker: threading.Thread, on_abort: Callable[[], None]) -> None:
        """Return when `worker` has ended; call `on_abort` once for every abort asked for meanwhile."""
        handled = 0
        while worker.is_alive():
            worker.join(ABORT_LATENCY)
            if self.aborts > handled:
                handled = self.aborts
                on_abort()
