"""The walk of a trigger map from point to point: checks, images, landings, ramps, in their order."""

from typing import TYPE_CHECKING

import numpy as np

from nanoprobe.errors import ContactLost
from nanoprobe.records import PointBegin, PointLayout, PointState, RampDone
from nanoprobe.roles import Array
from procedures.adhesion import PullOffMeter
from procedures.checking import check_contact
from procedures.drift_images import DriftImages
from procedures.drift_watch import Correction, DriftWatch
from procedures.ramping import LANDING, longest
from procedures.reference import FailedContacts, Reference
from procedures.site_aim import lay_out
from procedures.stopwatch import Stopwatch
from procedures.trigger_ramp import make_ramper, point_row, report

if TYPE_CHECKING:
    from procedures.trigger_map import TriggerMap


class MapWalk:
    """One execution of a TriggerMap."""

    def __init__(self, procedure: "TriggerMap") -> None:
        self.procedure = procedure
        self.lab = procedure.opened
        self.contact = procedure.contact()
        self.clock = Stopwatch()
        self.images = DriftImages(procedure, procedure.image_plan, self.clock)
        self._ramper = make_ramper(procedure)
        self._reference = Reference(procedure.reference_pad, procedure.max_reference_drift)
        self._failed = FailedContacts(procedure.max_failed_contacts)
        self._meter = PullOffMeter()
        self._drift: DriftWatch | None = None
        self._base = Correction()

    def go(self) -> None:
        """Walk."""
        self._ramper.prepare()
        planned = lay_out(self)
        self._announce(planned)
        todo = [index for index in self.procedure.visits() if index not in self.procedure.done_points]
        for count, index in enumerate(todo):
            self.procedure.between()
            self._look_after(count)
            self._visit(index, planned[index])
            self.procedure.progress(len(planned) - len(todo) + count + 1, len(planned))

    # --- for laying out

    def start_drift(self, base: Correction) -> None:
        """Take the first drift image, `base` (known so far) included in every correction from now on."""
        self._base = base
        procedure = self.procedure
        if procedure.image_every:
            self._drift = DriftWatch(
                self.images.drift,
                procedure.image_frame(),
                lambda: self.clock.passed,
                procedure.min_confidence,
                procedure.ask_operator,
                base,
            )
            self._drift.begin()

    def update_drift(self) -> None:
        """Measure the drift anew, where it is measured at all."""
        if self._drift is not None:
            self._drift.update()

    def correction(self, when: float | None = None) -> Correction:
        """Return the correction for the time `when` (s on `clock`), None for now."""
        return self._base if self._drift is None else self._drift.correction(when)

    # --- from point to point

    def _announce(self, planned: Array) -> None:
        samples = longest(self._ramper.plan)
        self.procedure.emit("layout", PointLayout(planned[:, 0], planned[:, 1], samples, self.procedure.shape()))

    def _look_after(self, count: int) -> None:
        """Before every so many points: a contact check (the first one is the reference), a drift image."""
        procedure = self.procedure
        if procedure.check_every and count % procedure.check_every == 0:
            self._check()
        if procedure.image_every and count and count % procedure.image_every == 0:
            self.update_drift()

    def _check(self) -> None:
        plan = self.procedure.check_plan()
        done = self._reference.judge(check_contact(self.lab, self.contact, plan, self.procedure.watch, self._meter))
        self.clock.add(2 * plan.dwell + LANDING)
        self.procedure.emit("check", done)
        if not done.passed:
            raise ContactLost(f"a contact check of the map failed: {done.reason}; clean or exchange the tip")
        # The sweep stays loaded through a check on most sources; where it does not, this loads it again.
        self._ramper.prepare()

    def _visit(self, index: int, place: Array) -> None:
        landed = self._land(index, place)
        if landed is None:
            return
        begin, force = landed
        done = self._ramper.ramp(begin, force)
        self.clock.add(LANDING + (float(done.time[-1]) if len(done.time) else 0.0))
        report(self.procedure, begin, done)

    def _land(self, index: int, place: Array) -> tuple[PointBegin, float] | None:
        """Bring the tip down at a point; None when no attempt succeeded and the point was reported as failed."""
        for attempt in range(1, self.procedure.landing_attempts + 1):
            begin = self._begin(index, place, attempt)
            try:
                return begin, self.contact.go(begin.x, begin.y)
            except ContactLost as problem:
                self.procedure.note(f"point {index}, attempt {attempt}: {problem}")
                self._failed.add(problem)
                last = str(problem)
        self._report_failed(begin, last)
        return None

    def _begin(self, index: int, place: Array, attempt: int) -> PointBegin:
        now = self.correction()
        return PointBegin(
            index=index,
            x=float(place[0]) + now.x,
            y=float(place[1]) + now.y,
            attempt=attempt,
            drift_x=now.x,
            drift_y=now.y,
            drift_confidence=now.confidence,
        )

    def _report_failed(self, begin: PointBegin, reason: str) -> None:
        none = np.empty(0)
        values = {"attempt": float(begin.attempt), "drift_x": begin.drift_x, "drift_y": begin.drift_y}
        done = RampDone(
            point=begin.index,
            time=none,
            bias=none,
            bias_source=none,
            current=none,
            values={**values, "drift_confidence": begin.drift_confidence},
            way="",
            state=PointState.FAILED,
            reason=reason,
        )
        self.procedure.emit("ramp", done)
        self.procedure.emit("results", point_row(begin, done))
