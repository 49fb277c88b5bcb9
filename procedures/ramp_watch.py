"""What is looked at while a ramp runs: the operator's wish, the force, and the current as the preamp sees it."""

import math
from collections.abc import Callable

from nanoprobe.bench import Bench
from nanoprobe.roles import TripWay
from nanoprobe.units import si
from procedures.contact import Contact

EVERY = 4
"""Polls between two looks at the probe: counted, not timed, so that a run at any pace looks at the same samples."""


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

    def _judge_current(self, current: float) -> None:
        self.peak_current = current if math.isnan(self.peak_current) else max(self.peak_current, current)
        if current > self._lab.limits.current:
            limit = si(self._lab.limits.current, "A")
            self._lab.interlock.latch(f"the preamp read {si(current, 'A')} in a ramp, hard limit {limit}")
            self._lab.interlock.check()
