"""The interlock: protection beyond a plan's own trips. It latches with its first cause until it is reset on purpose."""

import logging
import threading
import time
from dataclasses import dataclass

from nanoprobe.errors import Interlocked

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the interlock latched, and when (`time.time()`, s)."""

    text: str
    when: float


class Interlock:
    """A latch that every command of a bench passes. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cause: Cause | None = None

    @property
    def cause(self) -> Cause | None:
        """The first cause, None while the interlock is closed."""
        return self._cause

    def latch(self, text: str) -> None:
        """Latch with `text`; a later cause is logged but does not replace the first."""
        with self._lock:
            first = self._cause is None
            if first:
                self._cause = Cause(text, time.time())
        _log.error("interlock %s: %s", "latched" if first else "is latched already; also", text)

    def check(self) -> None:
        """Raise Interlocked, naming the first cause, when latched."""
        cause = self._cause
        if cause is not None:
            raise Interlocked(
                f"the interlock is latched: {cause.text}. Outputs are off; look at the sample and the tip, "
                f"then reset it on purpose"
            )

    def reset(self, operator: str) -> None:
        """Clear the latch; `operator` is logged."""
        with self._lock:
            cause, self._cause = self._cause, None
        _log.warning("interlock reset by %s; the cause had been: %s", operator, cause.text if cause else "none")
