"""Where other threads leave what the window should know: bounded, coalescing, and never a wait for whoever posts.

A run may report faster than a screen can draw. Nothing is lost on disk by that: the engine stores every record before it
is posted here. What the screen has no time for is merged (progress, samples of one ramp, rows of one
table) or, when the mailbox is full, dropped oldest first and counted.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from nanoprobe.events import Progress, Recorded
from nanoprobe.records import FrameLine, RampDone, Samples, TableRows

MOST = 2048
"""Most entries that wait; a line of four channels of 1024 pixels takes 32 KB."""
_UNSEEN = frozenset({"results", "batch results", "status"})
"""Topics no view shows."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something to do in the window's own thread; never dropped."""

    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Skipped:
    """The screen fell behind: `count` records were not drawn (they are stored)."""

    count: int


class Mailbox:
    """A queue from any thread to the window's."""

    def __init__(self, most: int = MOST) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, list[object]] = OrderedDict()
        self._droppable: OrderedDict[Hashable, None] = OrderedDict()
        self._most = most
        self._serial = 0
        self._skipped = 0

    def post(self, event: object) -> None:
        """Leave `event`; from any thread, returns at once."""
        if isinstance(event, Recorded) and event.topic in _UNSEEN:
            return
        with self._lock:
            self._add(event)
            while len(self._droppable) > self._most:
                self._drop(self._droppable.popitem(last=False)[0])
                self._skipped += 1

    def call(self, do: Callable[[], None]) -> None:
        """Have `do` called in the window's thread."""
        self.post(Call(do))

    def take(self) -> object | None:
        """Return the oldest entry, or None when empty."""
        with self._lock:
            if self._skipped:
                count, self._skipped = self._skipped, 0
                return Skipped(count)
            if not self._entries:
                return None
            key, events = self._entries.popitem(last=False)
            self._droppable.pop(key, None)
        return _merged(events)

    def __len__(self) -> int:
        return len(self._entries)

    def _add(self, event: object) -> None:
        key = _key(event)
        if key is None:
            self._serial += 1
            key = self._serial
        if isinstance(event, Recorded):
            self._droppable.setdefault(key)
            if isinstance(event.record, RampDone):
                self._drop(("samples", event.record.point))  # the whole ramp is in the verdict
        if isinstance(event, Recorded) and isinstance(event.record, Samples | TableRows):
            self._entries.setdefault(key, []).append(event)
        else:
            self._entries[key] = [event]

    def _drop(self, key: Hashable) -> None:
        self._entries.pop(key, None)
        self._droppable.pop(key, None)


def _key(event: object) -> Hashable | None:
    """Return what a later event replaces or extends, None for events that stand alone."""
    if isinstance(event, Progress):
        return "progress"
    if isinstance(event, Recorded) and isinstance(event.record, Samples):
        return ("samples", event.record.point)
    if isinstance(event, Recorded) and isinstance(event.record, TableRows):
        return ("rows", event.record.table)
    if isinstance(event, Recorded) and isinstance(event.record, FrameLine):
        return ("line", event.record.frame, event.record.line.index)
    return None


def _merged(events: list[object]) -> object:
    if len(events) == 1:
        return events[0]
    records = [event.record for event in events if isinstance(event, Recorded)]
    rows = [record for record in records if isinstance(record, TableRows)]
    if rows:
        names = rows[0].values
        joined = {name: np.concatenate([part.values[name] for part in rows]) for name in names}
        return Recorded("rows", TableRows(table=rows[0].table, values=joined))
    parts = [record for record in records if isinstance(record, Samples)]
    return Recorded(
        "samples",
        Samples(
            point=parts[0].point,
            time=np.concatenate([part.time for part in parts]),
            bias=np.concatenate([part.bias for part in parts]),
            bias_source=np.concatenate([part.bias_source for part in parts]),
            current=np.concatenate([part.current for part in parts]),
        ),
    )
