"""Simulated time: one clock for the whole lab, and the operations that run in it.

The lab is a discrete-event simulation in one asyncio thread. An instrument that does something by itself
(a sweep, a scan, a move) registers an `Operation`; `Timeline.advance` runs all operations in time order and carries
the world along, so instruments feel each other at the right moments whatever order their commands come in.

Pace 0: time moves only when a session that owns an instrument spends it (see `Station`), so the same commands give the
same bytes. Pace P > 0: time follows the wall clock, P times as fast.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol

YIELD_EVERY = 8
"""Events run between two looks at the sockets, so that an abort gets in at pace 0."""


class Operation(Protocol):
    """Something an instrument does by itself as time passes."""

    @property
    def due(self) -> float:
        """Simulated time of the next step (s); `math.inf` when there is none."""

    def step(self) -> None:
        """Do what is due; the world stands at `due`."""


class Steppable(Protocol):
    """The world: physics that is carried to a given time."""

    def advance(self, until: float) -> None:
        """Carry the physics to simulated time `until` (s)."""


class Timeline:
    """The lab's clock (s since the lab was switched on)."""

    def __init__(self, world: Steppable, pace: float = 0.0) -> None:
        if not (math.isfinite(pace) and pace >= 0):
            raise ValueError(f"pace must be 0 or more, not {pace}")
        self.pace = pace
        self.now = 0.0
        self._world = world
        self._operations: list[Operation] = []
        self._wall_origin = time.monotonic()

    def start(self, operation: Operation) -> None:
        """Let `operation` run from now on."""
        if operation not in self._operations:
            self._operations.append(operation)

    def stop(self, operation: Operation) -> None:
        """Forget `operation`; no step of it runs any more."""
        if operation in self._operations:
            self._operations.remove(operation)

    def next_due(self) -> float:
        """Return the time of the earliest step of any operation (s), `math.inf` where nothing runs."""
        return self._earliest()[0]

    def _earliest(self) -> tuple[float, Operation | None]:
        """Return the earliest step's time (s) and its operation. A plain loop: this runs several times a sample."""
        first, found = math.inf, None
        for operation in self._operations:
            due = operation.due
            if due < first:
                first, found = due, operation
        return first, found

    def advance(self, until: float) -> float:
        """Run every step due up to `until` in time order, then carry the world there. Earlier times do nothing.

        Returns when the next step is due (s).
        """
        while True:
            due, operation = self._earliest()
            if operation is None or due > until:
                break
            self._carry(due)
            operation.step()
        self._carry(until)
        return due

    def _carry(self, until: float) -> None:
        if until > self.now:
            self._world.advance(until)
            self.now = until

    def catch_up(self) -> None:
        """Bring simulated time up to the wall clock; nothing at pace 0."""
        if self.pace > 0:
            self.advance((time.monotonic() - self._wall_origin) * self.pace)

    async def spend(self, seconds: float) -> None:
        """Let `seconds` of simulated time pass."""
        await self.until(lambda: False, self.now + seconds)

    async def until(self, done: Callable[[], bool], deadline: float) -> bool:
        """Let time pass until `done()` or simulated `deadline` (s); say whether it is done.

        At pace 0 time jumps from event to event. With nothing left to happen and no deadline, it returns at once.
        """
        if self.pace > 0:
            return await self._wait_wall(done, deadline)
        due = self.next_due()
        for count in range(1, 1 << 62):
            if done():
                return True
            if due >= deadline:
                return self._end_of_wait(done, deadline)
            due = self.advance(due)
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
                due = self.next_due()
        return False

    def _end_of_wait(self, done: Callable[[], bool], deadline: float) -> bool:
        if not math.isfinite(deadline):
            return False
        self.advance(deadline)
        return done()

    async def _wait_wall(self, done: Callable[[], bool], deadline: float) -> bool:
        while True:
            self.catch_up()
            if done():
                return True
            if self.now >= deadline:
                return False
            target = min(self.next_due(), deadline, self.now + 0.05 * self.pace)
            await asyncio.sleep(max(0.0, (target - self.now) / self.pace))


class Session:
    """One client's connection to one instrument."""

    def __init__(self, station: "Station") -> None:
        self._station = station
        self.has_commanded = False

    def command(self) -> None:
        """Note that this session changed the instrument's state: from now on its commands cost time."""
        self.has_commanded = True

    @property
    def owns(self) -> bool:
        """Whether this session's commands cost simulated time at pace 0."""
        return self._station.owned_by(self)

    async def spend(self, seconds: float) -> None:
        """Pay a command's modelled time (s); free at pace 0 for a session that only looks on."""
        if self._station.timeline.pace > 0 or self.owns:
            await self._station.timeline.spend(seconds)

    async def until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Wait up to `timeout` (s, simulated) for `done()`; a session that only looks on does not wait at pace 0."""
        timeline = self._station.timeline
        if timeline.pace > 0 or self.owns:
            return await timeline.until(done, timeline.now + timeout)
        return done()


class Station:
    """The sessions of one instrument.

    A session owns time once it has changed the instrument's state; as long as none has, the one that connected first
    does. So a second client that only reads costs nothing and changes no data.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._sessions: list[Session] = []

    def connect(self) -> Session:
        """Return the session of a client that has just connected."""
        session = Session(self)
        self._sessions.append(session)
        return session

    def disconnect(self, session: Session) -> None:
        """Forget a client that has gone."""
        self._sessions.remove(session)

    def owned_by(self, session: Session) -> bool:
        """Say whether `session`'s commands cost time."""
        if any(other.has_commanded for other in self._sessions):
            return session.has_commanded
        return bool(self._sessions) and self._sessions[0] is session
