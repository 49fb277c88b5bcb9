"""ContactCheck: is this tip still what it was? Force, adhesion, resistance, noise, held against the tip's history."""

import math
from typing import ClassVar

import numpy as np

from nanoprobe.errors import ContactLost
from nanoprobe.outlook import Outlook
from nanoprobe.records import CHECK_VALUES, CheckDone
from nanoprobe.wiring import Wiring
from procedures import check_inputs
from procedures.adhesion import PullOffMeter
from procedures.base import BenchProcedure
from procedures.checking import CheckPlan, as_tip_check, check_contact
from procedures.columns import columns, row
from procedures.inputs import number, switch


class ContactCheck(BenchProcedure):
    """Check tip and contact at one place; a failed check blocks the tip for every other procedure."""

    DATA_COLUMNS: ClassVar[list[str]] = [*columns(CHECK_VALUES), "passed"]

    x = number("x", "m", 0.0, -1e-3, 1e-3, "place", "scanner x of the check, or of the reference pad")
    y = number("y", "m", 0.0, -1e-3, 1e-3, "place", "scanner y of the check, or of the reference pad")
    bias = check_inputs.bias()
    dwell = check_inputs.dwell()
    compliance = check_inputs.compliance()
    reference_pad = check_inputs.reference_pad()
    pad_resistance = check_inputs.pad_resistance()
    new_history = switch("New history", False, "check", "forget this tip's earlier checks: it was cleaned or exchanged")

    blocked_by_tip = False

    def plan(self) -> CheckPlan:
        """Return the check these parameters describe."""
        return CheckPlan(
            x=self.x,
            y=self.y,
            bias=self.bias,
            compliance=self.compliance,
            dwell=self.dwell,
            largest_resistance=self.pad_resistance if self.reference_pad else math.inf,
        )

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure."""
        return Outlook(
            points=np.array([[self.x, self.y]]),
            duration=check_inputs.duration(self.plan()),
            bias_min=-self.bias,
            bias_max=self.bias,
            current=self.compliance,
            charge=check_inputs.charge(self.plan(), wiring.series_resistance),
            force=self.force,
            series_resistance=wiring.series_resistance,
        )

    def perform(self) -> None:
        """Check, report, and remember; raises ContactLost when the check failed."""
        if self.new_history:
            self.wear.forget_history()
        done = self._judged(check_contact(self.opened, self.contact(), self.plan(), self.watch, PullOffMeter()))
        self.wear.checked(as_tip_check(done), done.reason)
        self.emit("check", done)
        self.emit("results", {**row(CHECK_VALUES, done.values), "passed": float(done.passed)})
        self.progress(1, 1)
        if not done.passed:
            raise ContactLost(f"the contact check failed: {done.reason}; clean or exchange the tip, then check again")

    def _judged(self, measured: CheckDone) -> CheckDone:
        odd = self.wear.record.odd(as_tip_check(measured))
        reason = "; ".join(text for text in (measured.reason, odd) if text)
        return CheckDone(not reason, measured.values, reason)
