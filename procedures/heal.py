"""Heal: strip what an earlier run has plated, and say how much of it came back."""

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.limits import Limits
from nanoprobe.outlook import Outlook
from nanoprobe.records import ColumnInfo
from nanoprobe.roles import Array
from nanoprobe.waveform import Step, Waveform
from nanoprobe.wiring import Wiring
from procedures.columns import columns, row
from procedures.growing import SERIES, STOP_LATENCY, STRAY, Zero, read_zero
from procedures.grown_spot import GrownSpot, read_grown_spot
from procedures.inputs import choice, number, text
from procedures.ramping import LANDING
from procedures.reading import ReadPlan, Resistance, ResistanceReader
from procedures.spot import Integral, SpotProcedure

ALL_BUT = 0.98
"""Healing is over when this part of the plated charge is stripped."""
QUIET_TIME = 1.0
"""Healing is over when the means of the current over two such times (s) in a row are alike."""
FREE = 0.5
"""A current above this part of the compliance is held by it, and says nothing."""
LEAK_ERROR = 0.1
"""Relative uncertainty of what leaks through the healed spot, known from one reading."""
RAMP, HOLD = "ramp", "hold"


class Over(IntEnum):
    """Why healing ended."""

    TIME = 0
    CHARGE = 1
    CURRENT = 2


HEAL: Mapping[str, ColumnInfo] = {
    "plated": ColumnInfo("C", "charge the growth run has plated"),
    "plated_error": ColumnInfo("C", "its standard uncertainty"),
    "passed": ColumnInfo("C", "charge passed, the offset at 0 V taken off"),
    "stripped": ColumnInfo("C", "charge stripped: what has passed without what leaks through the healed spot"),
    "stripped_error": ColumnInfo("C", "its standard uncertainty: offset, leak, and the stray capacitance"),
    "efficiency": ColumnInfo("1", "coulombic efficiency: stripped over plated"),
    "efficiency_error": ColumnInfo("1", "its standard uncertainty"),
    "r_before": ColumnInfo("ohm", "resistance before healing; a lower bound where before_below"),
    "r_after": ColumnInfo("ohm", "resistance after healing; a lower bound where after_below"),
    "before_below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "after_below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "duration": ColumnInfo("s", "time of healing"),
    "ended": ColumnInfo("1", "0 time was over, 1 the plated charge was stripped, 2 the current had settled", "u1"),
}


class Heal(SpotProcedure):
    """Strip at reverse bias at the spot of an earlier growth run, which says where and how much. Never beyond 3 V."""

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
        x, y = self.place() if self.growth_run else (self.x, self.y)
        return Outlook(
            points=np.array([[x, y]]),
            duration=self.longest() + 4 * self.check_settle + LANDING,
            bias_min=min(0.0, self.check_bias),
            bias_max=self.bias,
            slew_rate=self.rate if self.mode == RAMP else 0.0,
            current=self.compliance,
            charge=min(self.longest() * self.compliance, self.most_charge() + self.compliance * STOP_LATENCY),
            force=self.force,
            series_resistance=wiring.series_resistance,
        )

    def most_charge(self) -> float:
        """Return the charge (C) at which healing is over."""
        return ALL_BUT * self.spot.charge

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for what the opened `lab` cannot drive; nothing is touched."""
        for plan in self.waveforms():
            lab.source.check_waveform(plan)

    def perform(self) -> None:
        """Stay or land at the spot, check, strip, check again, report."""
        force = self.touch()
        self.begin_table("series", "sample", SERIES, "samples of the healing")
        self.begin_table("heal", "spot", HEAL, "what was healed")
        begin = self.begin_spot()
        source, probe = self.opened.source, self.opened.probe
        before = self.check()
        zero = read_zero(self, self.compliance)
        self.note(f"the {source.runner().value} runs the healing")
        healing = Healing(self, zero)
        for plan in self.waveforms():
            healing.begin(plan)
            source.waveform(plan, probe.wait, self.looking(), healing.take)
        after = self.check()
        values = {**healing.values(before, after), **_checks(before, after)}
        self.add_rows("heal", values)
        self.emit("results", row(HEAL, values))
        self.end_spot(begin, {"charge": values["stripped"], "force": force}, source.runner())
        self.progress(1, 1)

    def check(self) -> Resistance:
        """Read the resistance at the check bias; the output is off afterwards."""
        reader = ResistanceReader(self.opened, ReadPlan(self.check_bias, self.check_settle, 10), self.compliance)
        source = self.opened.source
        source.hold(0.0, self.compliance)
        try:
            reader.zero()
            return reader.read()
        finally:
            source.off()


def _checks(before: Resistance, after: Resistance) -> dict[str, Any]:
    return {
        "r_before": before.ohm,
        "r_after": after.ohm,
        "before_below": int(before.below),
        "after_below": int(after.below),
    }


class Healing:
    """The samples of one healing as they come: stored, integrated, and judged."""

    def __init__(self, procedure: Heal, zero: Zero) -> None:
        self._procedure = procedure
        self._zero = zero
        self._integral = Integral(zero.offset)
        self._drive = Integral(0.0)
        self._before = self._time = self._risen = 0.0
        self._held = False
        self._second: list[Array] = []
        self._last_mean = math.nan
        self._over = Over.TIME

    def begin(self, plan: Waveform) -> None:
        """Go on with the next part; only where the bias is held can the current settle."""
        self._before, self._held = self._time, len(plan.steps) == 1

    def take(self, time: Array, bias: Array, bias_source: Array, current: Array) -> bool:
        """Store new samples; say whether healing is over."""
        procedure, moment = self._procedure, time + self._before
        charge = self._integral.add(moment, current)
        self._drive.add(moment, bias)
        samples = {"time": moment, "bias": bias, "bias_source": bias_source, "current": current, "charge": charge}
        procedure.add_rows("series", samples)
        self._time = float(moment[-1])
        procedure.progress(min(self._time, procedure.longest()), procedure.longest())
        if not self._held:
            self._risen = self._drive.total
        elif self._integral.total >= procedure.most_charge():
            self._over = Over.CHARGE
        elif self._settled(current):
            self._over = Over.CURRENT
        return self._over is not Over.TIME

    def _settled(self, current: Array) -> bool:
        """Say whether the mean over QUIET_TIME is what it was over the one before."""
        self._second.append(current)
        found = np.concatenate(self._second)
        if len(found) < QUIET_TIME * self._procedure.sample_rate:
            return False
        mean, before = float(np.mean(found)), self._last_mean
        self._second, self._last_mean = [], mean
        free = abs(mean) < FREE * self._procedure.compliance
        return bool(free and abs(mean - before) < self._procedure.end_current)

    def values(self, before: Resistance, after: Resistance) -> dict[str, Any]:
        """Return the columns of HEAL that the samples and the resistances before and after decide.

        While the bias rose, electrons may have passed the neck as they did before; how long it held is not known.
        """
        spot, passed = self._procedure.spot, self._integral.total
        leak = self._drive.total / after.ohm
        stripped = passed - (0.0 if after.below else leak)
        known = LEAK_ERROR * leak if not after.below else leak
        known += self._risen / before.ohm
        error = math.hypot(self._zero.error * self._time, STRAY * self._procedure.bias, known, self._integral.error)
        efficiency = stripped / spot.charge
        return {
            "plated": spot.charge,
            "plated_error": spot.error,
            "passed": passed,
            "stripped": stripped,
            "stripped_error": error,
            "efficiency": efficiency,
            "efficiency_error": math.hypot(error, efficiency * spot.error) / spot.charge,
            "duration": self._time,
            "ended": int(self._over),
        }
