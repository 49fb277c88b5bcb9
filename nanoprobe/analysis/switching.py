"""Where a filament switches on and off within one hysteresis loop: pure functions of bias and current.

Biases are those applied at the electrode, the drop over the series resistor included: it is they that a pulse sets.
"""

import math
from dataclasses import dataclass

import numpy as np

from nanoprobe.roles import Array

DROP = 0.5
"""A reset leaves less than this part of the current."""
JUMP = 3.0
"""A set multiplies the current by this much from one sample to the next: a conductor swept through the level does not."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A switching lies between the bias of the last sample before it and of the first one after it (V); NaN: none seen."""

    before: float
    after: float

    @property
    def seen(self) -> bool:
        """Whether there was one."""
        return not math.isnan(self.before)

    @property
    def middle(self) -> float:
        """Middle of the bracket (V)."""
        return (self.before + self.after) / 2


NONE = Bracket(math.nan, math.nan)


def find_set(bias: Array, current: Array, level: float) -> Bracket:
    """Return where |current| first jumps past `level` (A) on a leg from 0 to a negative bias; shape (n,) each.

    Where it passes the level without a jump it was on already: none is seen.

    >>> find_set(np.array([0.0, -1.0, -2.0]), np.array([0.0, -1e-12, -9e-8]), 1e-8)
    Bracket(before=-1.0, after=-2.0)
    """
    size = np.nan_to_num(np.abs(current), nan=np.inf)
    above = np.flatnonzero(size > level)
    if len(above) == 0 or above[0] == 0 or size[above[0]] < JUMP * size[above[0] - 1]:
        return NONE
    first = int(above[0])
    return Bracket(float(bias[first - 1]), float(bias[first]))


def find_reset(bias: Array, current: Array, floor: float) -> Bracket:
    """Return where the current falls to less than half from one sample to the next, on a leg from 0 to a positive bias.

    Only drops from more than `floor` (A) count; of several the largest.

    >>> find_reset(np.array([0.0, 0.4, 0.8]), np.array([0.0, 4e-8, 1e-12]), 1e-10)
    Bracket(before=0.4, after=0.8)
    """
    size = np.abs(np.nan_to_num(current))
    falls = (size[1:] < DROP * size[:-1]) & (size[:-1] > floor)
    if not falls.any():
        return NONE
    at = int(np.argmax(np.where(falls, size[:-1] - size[1:], 0.0)))
    return Bracket(float(bias[at]), float(bias[at + 1]))


def loop_area(bias: Array, current: Array) -> float:
    """Return the integral of current over bias around a loop (W); samples beyond the range count as none."""
    return float(np.trapezoid(np.nan_to_num(current), bias))
