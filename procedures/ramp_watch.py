"""What is looked at while a ramp runs: the operator's wish, the force, and the current as the preamp sees it."""

import math
from collections.abc import Callable

from nanoprobe.bench import Bench
from nanoprobe.roles import TripWay
from nanoprobe.units import si
from procedures.contact import Contact

EVERY = 2
"""Polls between two looks at the probe: counted, not timed, so that a run at any pace looks at the same samples."""


REST_CURRENT = 0.5e-9
"""Most |current| (A) a preamp may show with the source off: beyond any offset, below full scale at any usual gain."""


class RampWatch:
    """Called between two polls of a running ramp; raises to end it.

    The probe is looked at only while the source-meter runs the ramp by itself: the controller's own sweep occupies
    it, and a host loop must not be held up between two comparisons.
    """

    def __init__(self, lab: Bench, contact: Contact, watch: Callable[[], None], way: TripWay) -> None:
        self._lab = lab
        self._contact = contact
        self._watch = watch
        self._looks = way is TripWay.SOURCE_METER
        self._polls = 0
        self.peak_current = math.nan
        """Largest |current| (A) the preamp showed; NaN before the first look."""

    def __call__(self) -> None:
        """Raise Aborted when the operator wants the end, Interlocked when force or current went out of bounds."""
        self._watch()
        self._polls += 1
        if self._looks and self._polls % EVERY == 0:
            force, current = self._lab.force_and_current()
            self._contact.judge_force(force)
            self._judge_current(abs(current))

    def rest(self) -> float:
        """Read, the source off, the height (m; NaN where the probe has none), and judge the preamp's zero by the way.

        Raises Interlocked where the preamp reads a current that cannot be: it is saturated, and sees no ramp.
        """
        names = [name for name in ("height", "current") if name in self._lab.probe.channels]
        values = self._lab.probe.read(*names)
        if (current := abs(values.get("current", 0.0))) > REST_CURRENT:
            self._lab.interlock.latch(
                f"the preamp reads {si(current, 'A')} with the source off, {si(REST_CURRENT, 'A')} at most is right: it is "
                f"saturated or its offset is wrong, and what it shows of a ramp is worth nothing"
            )
        self._lab.interlock.check()
        return values.get("height", math.nan)

    def _judge_current(self, current: float) -> None:
        self.peak_current = current if math.isnan(self.peak_current) else max(self.peak_current, current)
        if current > self._lab.limits.current:
            limit = si(self._lab.limits.current, "A")
            self._lab.interlock.latch(f"the preamp read {si(current, 'A')} in a ramp, hard limit {limit}")
            self._lab.interlock.check()
