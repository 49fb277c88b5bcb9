"""Heal: strip what an earlier run has plated, and say how much of it came back."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.limits import Limits
from nanoprobe.outlook import Outlook
from nanoprobe.roles import Array
from nanoprobe.waveform import Runner, Step, Waveform
from nanoprobe.wiring import Wiring
from procedures.check_ramp import CHECK_TABLE, CHECKS, STEPS, Checked, check_ramp, rows, slope
from procedures.columns import columns, row
from procedures.growing import SERIES, STOP_LATENCY, read_zero
from procedures.grown_spot import GrownSpot, read_grown_spot
from procedures.healing import HEAL, Earlier, Healing, HealPlan, conducting
from procedures.inputs import choice, number, text
from procedures.ramping import LANDING
from procedures.reading import ReadPlan, check_bias
from procedures.spot import SpotProcedure
from procedures.switching import READ_TIME

if TYPE_CHECKING:
    from nanoprobe.storage import Run

ALL_BUT = 0.98
"""Healing is over when this part of the plated charge is stripped."""
READINGS = 10
"""Preamp readings averaged at each step of a check ramp."""
RAMP, HOLD = "ramp", "hold"


class Heal(SpotProcedure):
    """Strip at reverse bias at the spot of an earlier growth run, which says where and how much. Never beyond 3 V.

    Mode ramp raises the bias slowly, so that a neck breaks at as little bias as it takes, then holds. A check ramp before
    and after tells the resistance. A resumed run goes on with what is left: the neck was torn when the tip was lifted.
    """

    DATA_COLUMNS: ClassVar[list[str]] = columns(HEAL)

    growth_run = text("Growth run", "", "place", "run that has grown at the spot: it gives place and plated charge")
    bias = number("Bias", "V", 1.0, 0.01, 3.0, "healing", "bias of the stripping, positive")
    mode = choice("Mode", [RAMP, HOLD], HOLD, "healing", "hold the bias, or ramp up to it first")
    rate = number("Ramp rate", "V/s", 0.1, 0.01, 10.0, "healing", "how fast the bias rises in mode ramp")
    hold_time = number("Hold time", "s", 30.0, 1.0, 600.0, "healing", "longest time at the bias")
    sample_rate = number("Sample rate", "Hz", 200.0, 1.0, 1700.0, "healing", "samples a second")
    end_current = number(
        "End current", "A", 1e-12, 1e-13, 1e-9, "healing", "mean current of 1 s below which it is over"
    )
    compliance = number("Compliance", "A", 10e-9, 1e-9, 1e-6, "healing", "largest |current| the source lets through")
    check_bias = number("Check bias", "V", -0.1, -0.2, 0.2, "check", "bias of the resistance check before and after")
    check_settle = number("Check settle", "s", 1.0, 0.0, 10.0, "check", "wait at the check bias before it is read")

    _spot: GrownSpot | None = None
    _earlier: Earlier | None = None
    _runner = Runner.HOST

    @property
    def spot(self) -> GrownSpot:
        """What the growth run has left. Raises BadInput where it left nothing."""
        if self._spot is None:
            self._spot = read_grown_spot(self.growth_run)
        return self._spot

    def place(self) -> tuple[float, float]:
        """Return the spot of the growth run (m)."""
        return self.spot.x, self.spot.y

    def waveforms(self) -> tuple[Waveform, ...]:
        """Return the healing in bias: the ramp where there is one, then the hold."""
        interval = 1.0 / self.sample_rate
        held = max(1, round(self.hold_time * self.sample_rate))
        hold = Waveform(steps=(Step(self.bias, interval),), repeats=held, compliance=self.compliance)
        if self.mode == HOLD:
            return (hold,)
        rising = np.linspace(0.0, self.bias, max(2, round(self.bias / self.rate * self.sample_rate) + 1))
        steps = tuple(Step(float(level), interval) for level in rising)
        return Waveform(steps=steps, compliance=self.compliance), hold

    def longest(self) -> float:
        """Return the longest time healing takes (s)."""
        return sum(plan.duration for plan in self.waveforms())

    def outlook(self, limits: Limits, wiring: Wiring) -> Outlook:
        """See BenchProcedure. A growth run that grew nothing is refused here, before anything is touched."""
        _ = self.spot
        return super().outlook(limits, wiring)

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure."""
        check_bias(self.check_bias, "check_bias")
        x, y = self.place() if self.growth_run else (self.x, self.y)
        return Outlook(
            points=np.array([[x, y]]),
            duration=self.longest() + 2 * self._check_time() + LANDING,
            bias_min=min(0.0, self.check_bias),
            bias_max=self.bias,
            slew_rate=self.rate if self.mode == RAMP else 0.0,
            current=self.compliance,
            charge=min(self.longest() * self.compliance, self.most_charge() + self.compliance * STOP_LATENCY),
            force=self.force,
            series_resistance=wiring.series_resistance,
        )

    def _check_time(self) -> float:
        return float((STEPS + 1) * (self.check_settle + READINGS * READ_TIME))

    def most_charge(self) -> float:
        """Return the charge (C) at which healing is over."""
        return ALL_BUT * self.spot.charge

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for what the opened `lab` cannot drive; nothing is touched."""
        for plan in self.waveforms():
            lab.source.check_waveform(plan)

    def recall(self, run: "Run") -> None:
        """See Experiment."""
        self._earlier = Earlier.of(run)

    def perform(self) -> None:
        """Stay or land at the spot, check, strip, check again, report."""
        if self.done_rows.get("heal", 0):
            self.note("this spot was healed before the run was interrupted: nothing is left to do")
            return
        force = self.touch()
        self.begin_table(CHECK_TABLE, "reading", CHECKS, "check ramps before and after the healing")
        self.begin_table("series", "sample", SERIES, "samples of the healing")
        self.begin_table("heal", "spot", HEAL, "what was healed")
        begin = self.begin_spot()
        before = self._before()
        healing = self._strip(before)
        values = healing.values(before, self._check(after=True))
        self.add_rows("heal", values)
        self.emit("results", row(HEAL, values))
        self.end_spot(begin, {"charge": values["stripped"], "force": force}, self._runner)
        self.progress(1, 1)

    def _before(self) -> Checked:
        """Return the resistance before healing: now, or as the interrupted session has read it."""
        if self._earlier is None:
            return self._check(after=False)
        self.note("the tip was lifted since, which tears the neck: what is left is stripped, and counted with what was")
        return slope(self._earlier.checks, self.opened.source.series_resistance)

    def _check(self, after: bool) -> Checked:
        """Run a check ramp and store it; the output is off afterwards."""
        plan = ReadPlan(self.check_bias, self.check_settle, READINGS)
        found = rows(check_ramp(self.opened, plan, self.compliance, self.watch), after)
        self.add_rows(CHECK_TABLE, found)
        return slope(found, self.opened.source.series_resistance)

    def _strip(self, before: Checked) -> Healing:
        source, probe = self.opened.source, self.opened.probe
        zero = read_zero(self, self.compliance)
        held = source.run_by(self.waveforms()[-1])
        self.note(held.words("healing"))
        self._runner = held.runner
        neck = conducting(before) if self._earlier is None else math.inf
        healing = Healing(self.heal_plan(), zero, neck, self._earlier, self._store)
        for plan in self.waveforms():
            healing.begin(held=len(plan.steps) == 1)
            if source.waveform(plan, probe.wait, self.looking(source.run_by(plan).runner), healing.take).stopped:
                break
        return healing

    def heal_plan(self) -> HealPlan:
        """Return what the samples are judged by."""
        return HealPlan(
            spot=self.spot,
            most=self.most_charge(),
            end_current=self.end_current,
            compliance=self.compliance,
            check_bias=self.check_bias,
            rate=self.sample_rate,
            series_resistance=self.opened.source.series_resistance,
        )

    def _store(self, samples: Mapping[str, Array]) -> None:
        self.add_rows("series", samples)
        self.progress(min(float(samples["time"][-1]), self.longest()), self.longest())
