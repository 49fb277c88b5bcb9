"""The safe conditions of a bias sweep: one or two signals against thresholds, and what to do when they are met."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum


class SafeAction(IntEnum):
    """What the sweep does when the conditions are met."""

    OFF = 0
    REVERSE = 1
    STOP = 2


class Logic(IntEnum):
    """How the second condition joins the first."""

    OFF = 0
    OR = 1
    AND = 2
    THEN = 3
    """The second counts once the first has been met, at the same point or earlier."""


@dataclass(frozen=True)
class Threshold:
    """Met when the signal lies strictly beyond `level` (the signal's unit)."""

    level: float = 0.0
    signal: int = 0
    below: bool = False

    def met(self, read: Callable[[int], float]) -> bool:
        """Say whether the signal, read by its index, is beyond the level."""
        value = read(self.signal)
        return value < self.level if self.below else value > self.level

    def changed(self, level: float, signal: int, comparison: int) -> "Threshold":
        """Return this threshold after a Set command: NaN, a negative signal and comparison 2 change nothing."""
        return replace(
            self,
            level=self.level if math.isnan(level) else level,
            signal=self.signal if signal < 0 else signal,
            below=self.below if comparison == 2 else comparison == 1,
        )


@dataclass(frozen=True)
class SafeConditions:
    """The two conditions as they are set up."""

    action: SafeAction = SafeAction.OFF
    first: Threshold = Threshold()
    logic: Logic = Logic.OFF
    second: Threshold = Threshold()

    @property
    def signals(self) -> tuple[int, ...]:
        """Return the signals that have to be read at every point."""
        if self.action is SafeAction.OFF:
            return ()
        return (self.first.signal,) if self.logic is Logic.OFF else (self.first.signal, self.second.signal)


class SafeGuard:
    """Watches one sweep: looked at once for every measured point, with the point's own values."""

    def __init__(self, conditions: SafeConditions) -> None:
        self._conditions = conditions
        self._first_seen = False

    def verdict(self, read: Callable[[int], float]) -> SafeAction:
        """Return what to do after a point whose signals `read` gives."""
        action = self._conditions.action
        return action if action is not SafeAction.OFF and self._met(read) else SafeAction.OFF

    def _met(self, read: Callable[[int], float]) -> bool:
        conditions = self._conditions
        first = conditions.first.met(read)
        self._first_seen |= first
        if conditions.logic is Logic.OFF:
            return first
        second = conditions.second.met(read)
        if conditions.logic is Logic.OR:
            return first or second
        return second and (first if conditions.logic is Logic.AND else self._first_seen)
