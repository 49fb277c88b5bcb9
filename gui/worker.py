"""A thread that does one job after the other and says how each ended."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from nanoprobe.errors import NanoprobeError

_log = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[], None]


class Worker:
    """Jobs go in from any thread. `then` and `failed` are called in the worker's thread."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pending = 0
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether no job waits or is being done."""
        return self._pending == 0

    def submit(self, do: Callable[[], T], then: Callable[[T], None], failed: Callable[[str], None]) -> None:
        """Have `do` done; then `then(result)`, or `failed(text)` with what a person should read."""
        with self._lock:
            self._pending += 1
        self._jobs.put(lambda: _perform(do, then, failed))

    def end(self) -> None:
        """Finish what was submitted and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._pending -= 1


def _perform(do: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[str], None]) -> None:
    try:
        result = do()
    except Exception as error:
        failed(explain(error))
    else:
        then(result)


def explain(error: Exception) -> str:
    """Return what a person should read; an error the app did not raise on purpose goes to the log with its traceback."""
    if isinstance(error, NanoprobeError):
        return str(error)
    _log.error("unexpected %s", type(error).__name__, exc_info=error)
    return f"{type(error).__name__}: {error}"
