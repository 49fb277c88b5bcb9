"""The queue of plans as the session sees it; `gui.queue_model` is the one of the app. Knows no Qt."""

from pathlib import Path
from typing import Any, Protocol

from psygnal import SignalInstance

from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan


class QueueItem(Protocol):
    """One entry of the queue, as the session sees it."""

    @property
    def plan(self) -> Plan:
        """What to do."""

    @property
    def out(self) -> Path:
        """Where the run is written."""


class PlanQueue(Protocol):
    """The queue, as the session sees it."""

    @property
    def changed(self) -> SignalInstance:
        """Emitted after every change."""

    def next(self) -> Any:
        """Return the next item, marked as running; None when there is none or the queue is held."""

    def done(self, item: Any, outcome: Outcome) -> None:
        """Take how `item` ended; anything but finished holds the queue."""
