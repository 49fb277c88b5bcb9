"""TriggerRamp: ramp the bias at one place until a dendrite shoots in, and stop at once."""

from typing import ClassVar

import numpy as np

from nanoprobe.outlook import Outlook
from nanoprobe.records import POINT_VALUES, PointBegin, PointLayout, RampDone
from nanoprobe.wiring import Wiring
from procedures.base import BenchProcedure
from procedures.columns import column, columns, row
from procedures.inputs import number
from procedures.ramping import LANDING, Ramper, RampInputs, charge_bound, longest

POINT_COLUMNS = ("point", column("x", "m"), column("y", "m"), "state", *columns(POINT_VALUES))
"""The columns of a point's row in PyMeasure's `results`; `state` as in `nanoprobe.records.PointState`."""


class TriggerRamp(RampInputs, BenchProcedure):
    """One ramp at one place: I-V curve, trigger bracket, charge. A point that was begun is never ramped again."""

    DATA_COLUMNS: ClassVar[list[str]] = list(POINT_COLUMNS)

    x = number("x", "m", 0.0, -1e-3, 1e-3, "place", "scanner x of the point")
    y = number("y", "m", 0.0, -1e-3, 1e-3, "place", "scanner y of the point")

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure."""
        plan = self.ramp_plan()
        return Outlook(
            points=np.array([[self.x, self.y]]),
            duration=longest(plan) * plan.sample_interval + LANDING,
            bias_min=min(0.0, plan.stop),
            bias_max=max(0.0, plan.stop),
            slew_rate=self.steepest(),
            current=plan.compliance,
            trip_current=plan.trip_current,
            charge=charge_bound(plan),
            force=self.force,
            ramps=1,
            samples=longest(plan),
            series_resistance=wiring.series_resistance,
        )

    def perform(self) -> None:
        """Land, ramp, report."""
        ramper = make_ramper(self)
        ramper.prepare()
        if 0 in self.done_points:
            return
        if self.laid_points is None:
            self.emit("layout", PointLayout(np.array([self.x]), np.array([self.y]), longest(ramper.plan)))
        force = self.contact().go(self.x, self.y)
        begin = PointBegin(index=0, x=self.x, y=self.y)
        report(self, begin, ramper.ramp(begin, force))
        self.progress(1, 1)


def make_ramper(procedure: "TriggerRamp | BenchProcedure") -> Ramper:
    """Return what ramps with the inputs of `procedure` (a RampInputs) on its bench. Raises BadInput for a bad way."""
    lab, plan = procedure.opened, procedure.ramp_plan()
    return Ramper(
        lab=lab,
        contact=procedure.contact(),
        emit=procedure.emit,
        watch=procedure.watch,
        plan=plan,
        way=lab.source.choose(procedure.trip_choice()),
        test=procedure.trigger_test(),
    )


def report(procedure: BenchProcedure, begin: PointBegin, done: RampDone) -> None:
    """Report a finished ramp: the record that commits it, its row, and what it did to the tip."""
    procedure.emit("ramp", done)
    procedure.emit("results", point_row(begin, done))
    procedure.wear.ramped(done.values["peak_current"], bool(done.values["triggered"]))


def point_row(begin: PointBegin, done: RampDone) -> dict[str, float]:
    """Return the row of a point."""
    head = (float(done.point), begin.x, begin.y, float(done.state))
    return dict(zip(POINT_COLUMNS[:4], head, strict=True)) | row(POINT_VALUES, done.values)
