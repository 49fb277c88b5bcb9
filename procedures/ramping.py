"""A ramp at one place: its inputs, the plan they make, what it can do at most, and how it is run and judged."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from nanoprobe.bench import Bench
from nanoprobe.biasing import BiasRamp
from nanoprobe.errors import BadInput
from nanoprobe.records import PointBegin, RampDone, Samples
from nanoprobe.roles import Array, OnTrip, RampPlan, TripWay
from nanoprobe.units import si
from procedures.contact import Contact
from procedures.imaging import Emit
from procedures.inputs import choice, number, values_of, whole
from procedures.ramp_watch import RampWatch
from procedures.verdict import TriggerTest, judge

AUTO = "auto"
END_HOLD = 0.1
"""Time at the last level (s): a surge takes up to 90 ms from its trigger to the trip level."""

LANDING = 2.0
"""Time from one point to the next without the ramp (s), for the estimate: lift, move, land, settle."""

TRIP_LATENCY = 0.1
"""Longest time (s) the current is taken to flow on after it passed the trip level, for the bound on charge."""


class RampInputs:
    """The parameters of a trigger ramp, shared by TriggerRamp and TriggerMap."""

    stop_bias = number("Stop bias", "V", -6.0, -10.0, 10.0, "ramp", "bias at the end of the ramp; plating is negative")
    rate = number("Ramp rate", "V/s", 0.5, 0.01, 10.0, "ramp", "how fast the bias changes")
    sample_rate = number(
        "Sample rate", "Hz", 50.0, 1.0, 1700.0, "ramp", "samples a second; rate/sample_rate is the bracket"
    )
    trip_current = number("Trip current", "A", 1e-9, 10e-12, 100e-9, "ramp", "|current| at which the ramp ends")
    compliance = number("Compliance", "A", 10e-9, 10e-12, 1e-6, "ramp", "largest |current| the source lets through")
    on_trip = choice("On trip", values_of(OnTrip), OnTrip.OFF, "ramp", "output off, or back to 0 V under compliance")
    return_rate = number("Return rate", "V/s", 10.0, 10.0, 100.0, "ramp", "how fast the bias returns after a trip")
    trip_way = choice("Trip way", [AUTO, *values_of(TripWay)], AUTO, "ramp", "who compares; auto: the best there is")
    slope_sigmas = number("Slope test", "1", 5.0, 0.1, 100.0, "trigger", "noise sigmas |current| must rise by")
    slope_samples = whole("Slope samples", "", 2, 1, 100, "trigger", "samples in a row the slope test must hold for")

    def ramp_plan(self) -> RampPlan:
        """Return the ramp these inputs make. Raises BadInput for a ramp that could not trip or does not move."""
        if self.trip_current >= self.compliance:
            raise BadInput(
                f"trip_current {si(self.trip_current, 'A')} must lie below compliance {si(self.compliance, 'A')}: the "
                f"source would hold the current before it trips; lower the trip level or raise the compliance"
            )
        if abs(self.stop_bias) < self.rate / self.sample_rate:
            raise BadInput(
                f"stop_bias {si(self.stop_bias, 'V')} is less than one step of the ramp "
                f"({si(self.rate / self.sample_rate, 'V')}): choose a larger bias or a higher sample_rate"
            )
        return RampPlan(
            start=0.0,
            stop=self.stop_bias,
            rate=self.rate,
            sample_interval=1.0 / self.sample_rate,
            trip_current=self.trip_current,
            compliance=self.compliance,
            hold=END_HOLD,
            on_trip=OnTrip(self.on_trip),
            return_rate=self.return_rate,
        )

    def steepest(self) -> float:
        """Return the fastest change of bias (V/s), the way back included where there is one."""
        return float(max(self.rate, self.return_rate) if self.on_trip == OnTrip.RETURN else self.rate)

    def trip_choice(self) -> TripWay | None:
        """Return the way to trip that was asked for, None for the best there is."""
        return None if self.trip_way == AUTO else TripWay(self.trip_way)

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for a way to trip or a trip level the opened `lab` does not have; nothing is touched."""
        lab.source.choose(self.trip_choice())
        lab.source.check(self.ramp_plan())

    def trigger_test(self) -> TriggerTest:
        """Return how the samples of a ramp are judged."""
        return TriggerTest(self.trip_current, self.slope_sigmas, self.slope_samples)


def charge_bound(plan: RampPlan) -> float:
    """Return the most charge (C) a ramp can pass: just below the trip level all the way, then the compliance.

    Trip current times duration, plus compliance times the trip's latency and, where it returns, the way back.
    """
    back = abs(plan.stop - plan.start) / plan.return_rate if plan.on_trip is OnTrip.RETURN else 0.0
    return plan.trip_current * plan.duration + plan.compliance * (TRIP_LATENCY + plan.sample_interval + back)


def longest(plan: RampPlan) -> int:
    """Return the most samples a ramp can have, the way back included."""
    back = (
        abs(plan.stop - plan.start) / (plan.return_rate * plan.sample_interval) if plan.on_trip is OnTrip.RETURN else 0
    )
    return len(plan.levels()) + math.ceil(back)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramper:
    """Runs one and the same ramp at place after place of a bench."""

    lab: Bench
    contact: Contact
    emit: Emit
    watch: Callable[[], None]
    plan: RampPlan
    way: TripWay
    test: TriggerTest

    def prepare(self) -> None:
        """Load the ramp; cheap when it is there already. Raises BadInput for a trip level that cannot be judged."""
        self.lab.source.prepare(self.plan, self.way)

    def ramp(self, begin: PointBegin, force: float) -> RampDone:
        """Ramp where the tip stands (landed at `force` N) and return the judged ramp; reports begin and samples."""
        looking = RampWatch(self.lab, self.contact, self.watch, self.way)
        height = looking.rest()
        self.emit("point", begin)

        def pass_on(time: Array, bias: Array, bias_source: Array, current: Array) -> None:
            part = Samples(point=begin.index, time=time, bias=bias, bias_source=bias_source, current=current)
            self.emit("samples", part)

        ramp = self.lab.source.ramp(self.plan, self.way, looking, pass_on)
        after = looking.rest()
        values = {
            **judge(ramp, self.test.settings(self.lab.source.series_resistance)),
            "height_change": after - height,
            "force": force,
            "preamp_current": looking.peak_current,
            **_of_visit(begin),
        }
        return _done(begin.index, ramp, values)


def _of_visit(begin: PointBegin) -> dict[str, float]:
    return {
        "attempt": float(begin.attempt),
        "drift_x": begin.drift_x,
        "drift_y": begin.drift_y,
        "drift_confidence": begin.drift_confidence,
    }


def _done(index: int, ramp: BiasRamp, values: dict[str, float]) -> RampDone:
    return RampDone(
        point=index,
        time=ramp.time,
        bias=ramp.bias,
        bias_source=ramp.bias_source,
        current=ramp.current,
        values=values,
        way=ramp.way.value,
    )
