"""The queue of plans: what waits, what runs, how each ended, and what the operator may do about it. No Qt."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from gui.run_names import RunNames
from gui.session_state import RunState, SessionState
from gui.stop import reason_of
from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan

if TYPE_CHECKING:
    from gui.session import Session


class ItemState(StrEnum):
    """How far an entry is; the words are what people read."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One entry. `key` stays the same for good; `reason` says why it did not finish; `duration` s at most, NaN unknown."""

    key: int
    plan: Plan
    out: Path
    state: ItemState = ItemState.WAITING
    reason: str = ""
    duration: float = math.nan


class QueueModel:
    """What the session runs one after the other. `changed` after every change; `run_changed` as the run goes on."""

    changed = Signal()
    run_changed = Signal(object)
    told = Signal(str)

    def __init__(self) -> None:
        self.items: tuple[QueueItem, ...] = ()
        self.held = ""
        self.names = RunNames()
        self._keys = itertools.count(1)
        self._session: Session | None = None

    # --- the session's side

    def attach(self, session: "Session") -> None:
        """Let the session that runs this queue be asked to pause, resume and abort, and show its run."""
        self._session = session
        session.state_changed.connect(self._follow)

    def _follow(self, state: SessionState) -> None:
        self.run_changed.emit(state.run)

    def next(self) -> QueueItem | None:
        """Return the first waiting item, marked as running; None when there is none or the queue is held."""
        waiting = self._first(ItemState.WAITING)
        if self.held or waiting is None:
            return None
        running = replace(waiting, state=ItemState.RUNNING, reason="")
        self._put(running)
        return running

    def done(self, item: QueueItem, outcome: Outcome) -> None:
        """Take how `item` ended; anything but finished holds the queue, so that nothing else starts unasked."""
        state = ItemState(outcome.status)
        reason = reason_of(outcome)
        if state is not ItemState.FINISHED and self._first(ItemState.WAITING) is not None:
            self.held = f"held: {item.out.name} {state}; look at it, then let the queue go on"
        self._put(replace(item, out=outcome.path, state=state, reason=reason))

    # --- what is in it

    @property
    def running(self) -> QueueItem | None:
        """The item that runs."""
        return self._first(ItemState.RUNNING)

    @property
    def run(self) -> RunState | None:
        """The run that goes on, whether it came from the queue or was resumed."""
        return None if self._session is None else self._session.state.run

    @property
    def waiting(self) -> tuple[QueueItem, ...]:
        """The items that wait, in their order."""
        return tuple(item for item in self.items if item.state is ItemState.WAITING)

    @property
    def time_left(self) -> float:
        """Time (s, wall clock) until the queue is through, waiting items at their longest; NaN where not known."""
        run, pace = self.run, self._pace
        lab = sum(item.duration for item in self.waiting)
        return (run.remaining if run is not None else 0.0) + (lab / pace if pace > 0 else math.nan)

    @property
    def _pace(self) -> float:
        """Seconds of the lab in a second of the wall clock: 1 but in a simulated lab."""
        pace = None if self._session is None else self._session.state.pace
        return 1.0 if pace is None else pace

    def item(self, key: int) -> QueueItem | None:
        """Return an item by its key."""
        return next((item for item in self.items if item.key == key), None)

    # --- the operator's side

    def add(self, plan: Plan, out: Path, duration: float = math.nan) -> QueueItem:
        """Put `plan` at the end; it starts at once on an open, idle bench unless the queue is held."""
        item = QueueItem(next(self._keys), plan, out, duration=duration)
        self.items = (*self.items, item)
        self.changed.emit()
        return item

    def repeat(self, key: int) -> None:
        """Put the plan of an item at the end once more, into a new run."""
        item, session = self.item(key), self._session
        if item is not None and session is not None:
            session.read(lambda: self.names.again(item.out), lambda out: self._repeated(item, out))

    def _repeated(self, item: QueueItem, out: Path) -> None:
        self.add(item.plan, out, item.duration)

    def remove(self, key: int) -> None:
        """Take an item out; not the one that runs."""
        item = self.item(key)
        if item is None or item.state is ItemState.RUNNING:
            return
        self.items = tuple(each for each in self.items if each.key != key)
        self.changed.emit()

    def move(self, key: int, by: int) -> None:
        """Move a waiting item `by` places among those that wait, as far as there are places."""
        waiting = list(self.waiting)
        place = next((index for index, item in enumerate(waiting) if item.key == key), None)
        if place is None:
            return
        target = max(0, min(len(waiting) - 1, place + by))
        waiting.insert(target, waiting.pop(place))
        others = tuple(item for item in self.items if item.state is not ItemState.WAITING)
        self.items = (*others, *waiting)
        self.changed.emit()

    def clear_ended(self) -> None:
        """Take out everything that has ended."""
        self.items = tuple(item for item in self.items if item.state in (ItemState.WAITING, ItemState.RUNNING))
        self.changed.emit()

    def hold(self) -> None:
        """Let nothing new start; what runs goes on."""
        self.held = "held by the operator"
        self.changed.emit()

    def release(self) -> None:
        """Let the queue go on."""
        self.held = ""
        self.changed.emit()

    def pause(self) -> None:
        """Hold the run before its next point or image."""
        self._ask(lambda session: session.pause())

    def resume(self) -> None:
        """Let the run go on."""
        self._ask(lambda session: session.resume())

    def abort(self) -> None:
        """End the run and make the bench safe."""
        self._ask(lambda session: session.abort())

    def _ask(self, do: "Callable[[Session], None]") -> None:
        if self._session is not None:
            do(self._session)

    def _first(self, state: ItemState) -> QueueItem | None:
        return next((item for item in self.items if item.state is state), None)

    def _put(self, item: QueueItem) -> None:
        self.items = tuple(item if each.key == item.key else each for each in self.items)
        self.changed.emit()
