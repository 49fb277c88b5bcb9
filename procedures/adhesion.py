"""Pull-off force: how hard the surface holds the tip, read from slow retractions."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nanoprobe.roles import Array, Probe, RetractCurve

FIRST_HEIGHT = 100e-9
"""First retraction (m): clears the surface with soft and with stiff levers alike."""

STEPS = 60
TRIES = 5
_FREE = 0.25
"""Last part of a curve that must be free of the surface (1)."""

_FLAT = 0.1
"""Change over the free part relative to the whole curve's (1) from which on the tip is taken to be held still."""

_WELL_PLACED = (0.45, 0.75)
"""Where in a curve (1) the tip should come off: earlier and its steps are too coarse, later and too little is free."""

_MARGIN = 1.6
"""Height of the next retraction over the height at which the tip came off: puts the pull-off at 0.63 of the curve."""

_WIDER = 4.0
"""Factor on the height where the tip did not come off at all."""


@dataclass(frozen=True, slots=True)
class PullOff:
    """`adhesion` N (positive, 0 where nothing pulled) give or take `uncertainty` N; `height` m where it came off.

    `place`: how far along the curve that was (1).
    """

    adhesion: float
    uncertainty: float
    height: float
    place: float


def evaluate(curve: RetractCurve) -> PullOff:
    """Return the pull-off of a retraction.

    A straight line through the last third of the part in contact (a contact grows softer as it is unloaded), carried half
    a step beyond its last sample, against the mean of the free part: the least single reading would take noise for
    adhesion. Contact ends at the lowest force: beyond it the surface still attracts the tip. The uncertainty is that of
    the break's place (one step, evenly spread) and of the reading's noise.

    >>> z = np.linspace(0, 100e-9, 101)
    >>> force = np.where(z < 29.5e-9, 50e-9 - 2.5 * z, 0.0)
    >>> f"{evaluate(RetractCurve(z, force)).adhesion:.1e}"
    '2.4e-08'
    """
    count = len(curve.force)
    tail = slice(-max(3, round(_FREE * count)), None)
    free = curve.force[tail]
    if abs(_line(curve.z[tail], free)[0] * np.ptp(curve.z[tail])) > _FLAT * np.ptp(curve.force):
        return PullOff(0.0, math.inf, float(curve.z[-1]), 1.0)
    rest, noise = float(free.mean()), float(free.std())
    last = _last_in_contact(curve.force, rest, noise)
    height, place = float(curve.z[last]), last / (count - 1)
    if last < 2:
        return PullOff(0.0, math.inf, height, place)
    part = slice(last + 1 - max(3, (last + 1) // 3), last + 1)
    slope, force = _line(curve.z[part], curve.force[part])
    step = float(curve.z[last + 1] - curve.z[last]) if last + 1 < count else 0.0
    uncertainty = math.hypot(
        slope * step / math.sqrt(12), 2 * noise / math.sqrt(part.stop - part.start), noise / math.sqrt(len(free))
    )
    return PullOff(max(0.0, rest - (force + slope * step / 2)), uncertainty, height, place)


def _last_in_contact(force: Array, rest: float, noise: float) -> int:
    """Return the last sample of a curve's part in contact: its lowest force, or where nothing pulls its last one above."""
    threshold = max(5 * noise, 1e-3 * float(np.ptp(force)))
    if rest - force.min() > threshold:
        return int(force.argmin())
    held = np.flatnonzero(np.abs(force - rest) > threshold)
    return int(held[-1]) if len(held) else 0


def _line(z: Array, force: Array) -> tuple[float, float]:
    """Return slope (N/m) and force at the last z (N) of a straight line through a curve (least squares)."""
    away = z - z.mean()
    slope = float((away * force).sum() / (away**2).sum())
    return slope, float(force.mean() + slope * away[-1])


class PullOffMeter:
    """Measures pull-off; finds the height that shows it well and keeps it for the next time."""

    def __init__(self) -> None:
        self._height = FIRST_HEIGHT

    def measure(self, probe: Probe, land: Callable[[], object]) -> PullOff:
        """Retract from contact and return the pull-off; `land` brings the tip back in between. The tip stays lifted."""
        found = evaluate(probe.retract_curve(self._height, STEPS))
        for _ in range(TRIES - 1):
            if _WELL_PLACED[0] <= found.place <= _WELL_PLACED[1]:
                break
            self._height = self._better(found)
            land()
            found = evaluate(probe.retract_curve(self._height, STEPS))
        return found

    def _better(self, found: PullOff) -> float:
        if found.place > _WELL_PLACED[1]:
            return self._height * _WIDER
        return _MARGIN * (found.height + self._height / (STEPS - 1))
