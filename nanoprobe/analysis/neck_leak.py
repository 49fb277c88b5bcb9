"""What electrons carry through a filament's neck while its lithium is stripped, until the neck breaks.

A neck conducts as its check ramp has shown. It breaks at some moment of the stripping, and the current drops by just what it
carried; the stripping itself changes the current smoothly.
"""

import math
from dataclasses import dataclass

import numpy as np

from nanoprobe.roles import Array

VISIBLE = 10.0
"""A neck's current of so many times the noise of a drop is seen to go."""
LIKE = 0.3
"""A drop this close (1) to the neck's current is the neck's."""
RESISTANCE_ERROR = 0.1
"""Relative uncertainty of a neck's resistance while it is stripped, known from one check ramp before."""
HELD = 0.95
"""From this part of the compliance on the source holds the current, and a drop does not show."""
WING = 3
"""Samples on either side of a drop that show what the current does without it."""


@dataclass(frozen=True, slots=True)
class Leak:
    """`charge` (C) that electrons carried, and its standard uncertainty `error` (C)."""

    charge: float
    error: float


@dataclass(frozen=True, slots=True)
class Stripping:
    """Samples of a stripping, shape (n,) each: `time` s, `bias` V behind the series resistor, `applied` V, `current` A.

    Bias and current are positive, the current without its offset; `compliance` A.
    """

    time: Array
    bias: Array
    applied: Array
    current: Array
    compliance: float


def neck_leak(samples: Stripping, resistance: float, checked: float) -> Leak:
    """Return what electrons carried through a neck of `resistance` (ohm), infinite where there was none.

    Up to the applied bias `checked` (V) a check ramp has shown that they alone pass. Beyond it lithium may dissolve through the
    neck as well: anything between none and all of its current is taken to be as likely. So it is for a neck whose break is not
    seen, up to where it would have been. A spread of w has a standard uncertainty of w / sqrt(12).
    """
    through = np.clip(samples.bias, 0.0, None) / resistance
    end, seen = _until(samples.current, through, HELD * samples.compliance)
    charge = np.append(0.0, np.diff(samples.time, prepend=0.0) * through)[: end + 1]
    known = float(np.sum(charge[1:][samples.applied[:end] <= checked]))
    most = float(np.sum(charge))
    least = known if seen else 0.0
    return Leak((least + most) / 2, math.hypot((most - least) / math.sqrt(12), RESISTANCE_ERROR * known))


def _until(current: Array, through: Array, held: float) -> tuple[int, bool]:
    """Return how many samples the neck lasted, and whether it was seen to break; else the number is an upper bound.

    Where the current has fallen below the neck's without a drop that was seen, the neck broke before drops could be seen.
    """
    if len(current) <= 2 * WING:
        return len(current), False
    drop = _drops(current)
    noise = 1.4826 * float(np.median(np.abs(drop)))
    inner, shown = through[WING:-WING], current[WING:-WING]
    clear = (inner > VISIBLE * noise) & (shown < held)
    if not clear.any():
        return len(current), False
    gone = np.flatnonzero(shown < (1 - LIKE) * inner - VISIBLE * noise)
    last = int(gone[0]) if len(gone) else len(inner)
    broke = np.flatnonzero((clear & (np.abs(drop - inner) < LIKE * inner))[: last + 1])
    if len(broke):
        return int(broke[0]) + WING + 1, True
    return (int(np.argmax(clear)) + WING if len(gone) else len(current)), False


def _drops(current: Array) -> Array:
    """Return by how much the current drops around each inner sample, beyond its trend on both sides (A, shape (n - 6,))."""
    before, after = current[WING - 1 : -WING - 1], current[WING + 1 : len(current) - WING + 1]
    trend = (current[: -2 * WING] - before + after - current[2 * WING :]) / 2
    return np.asarray(before - after - trend)
