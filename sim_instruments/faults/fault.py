"""An injected fault: when it is there, and on how many commands it still acts."""

import math
from collections.abc import Callable
from random import Random

from sim_instruments.faults.kinds import EVER
from sim_instruments.faults.spec import FaultSpec
from sim_instruments.timeline import Timeline


class Fault:
    """The state of one fault."""

    def __init__(self, spec: FaultSpec) -> None:
        self.spec = spec
        self.random = Random(f"{spec.seed} {spec.instrument} {spec.kind}")
        """Belongs to this fault alone: the same spec and commands give the same bytes."""
        self.present = spec.command is None and spec.time is None and spec.match is None
        """Whether its moment has come."""
        self.broke = False
        """Whether it has broken connections."""
        self.actions = 0
        """On how many it has acted."""
        self.left = math.inf if spec.count == EVER else spec.count
        """On how many commands, or connections, it still acts."""

    @property
    def over(self) -> bool:
        """Whether it has acted as often as it should."""
        return self.left <= 0

    def sees(self, number: int, command: str) -> bool:
        """Take note of the instrument's command `number` (from 1); return whether the fault is to act on it."""
        spec = self.spec
        if not self.present and (
            (spec.command is not None and number >= spec.command)
            or (spec.match is not None and spec.match.lower() in command.lower())
        ):
            self.present = True
        return self.present and not self.over

    def acted(self) -> None:
        """Count one action."""
        self.left -= 1
        self.actions += 1


class Alarm:
    """An operation of the timeline that calls `act` once, at its time (s)."""

    def __init__(self, timeline: Timeline, due: float, act: Callable[[], None]) -> None:
        self._timeline = timeline
        self._act = act
        self.due = max(due, timeline.now)
        timeline.start(self)

    def step(self) -> None:
        """Ring."""
        self._timeline.stop(self)
        self.due = math.inf
        self._act()
