"""Something that runs by itself, written down as a generator: it yields how long to wait (s) before it goes on."""

import math
from collections.abc import Generator

from sim_instruments.timeline import Timeline

Steps = Generator[float, None, None]
"""What a routine's generator yields: waiting times (s)."""


class Interrupted(Exception):
    """Raised inside a routine's generator when somebody stops it; it may tidy up, which again takes time."""


class Routine:
    """An operation of the timeline that follows a generator. It starts at once, in the caller's time."""

    def __init__(self, timeline: Timeline, steps: Steps) -> None:
        self._timeline = timeline
        self._steps = steps
        self._interrupted = False
        self.done = False
        self.due = timeline.now
        timeline.start(self)
        self.step()

    def step(self) -> None:
        """Go on to the next wait."""
        self._wait(next(self._steps, None))

    def wake(self) -> None:
        """End the present wait now (a wait may be endless)."""
        if not self.done:
            self.due = self._timeline.now

    def interrupt(self) -> None:
        """Make the routine end now; what it does to tidy up still takes its time. A second call changes nothing."""
        if self.done or self._interrupted:
            return
        self._interrupted = True
        self.due = self._timeline.now
        try:
            self._wait(self._steps.throw(Interrupted()))
        except (Interrupted, StopIteration):
            self._wait(None)

    def _wait(self, delay: float | None) -> None:
        if delay is None:
            self.done = True
            self.due = math.inf
            self._timeline.stop(self)
        else:
            self.due += delay
