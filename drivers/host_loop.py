"""A ramp stepped by this computer: set, read, compare. For instruments that can do no better, and for return legs."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from drivers.ramp_health import check_followed, check_silent
from nanoprobe.errors import SourceFault
from nanoprobe.roles import Array, OnSamples, OnTrip, RampPlan, RampRecord, TripWay, Watch

HAND_ON_EVERY = 0.25
"""Wall time between two parts of a running ramp handed on (s)."""
COMPLIANCE_SEEN = 0.99
"""A current of this part of the compliance or more counts as limited: the limit and the reading differ by their errors."""

Sample = tuple[float, float, float]
"""Time on the instrument's clock (s), voltage (V), current (A; NaN beyond the range)."""


class Stepper(Protocol):
    """What a host loop needs of a source."""

    name: str
    """What errors call it."""

    def begin(self, level: float, compliance: float) -> None:
        """Output on at `level` (V), limited to `compliance` (A); the clock of the samples starts."""

    def step(self, level: float, delay: float) -> Sample:
        """Go to `level` (V), let `delay` (s) pass on the instrument's clock, read."""

    def off(self) -> None:
        """Output off, at once."""


@dataclass
class Trace:
    """Samples of a running ramp; hands new ones on about four times a second."""

    on_samples: OnSamples
    samples: list[Sample] = field(default_factory=list)
    _handed: int = 0
    _last: float = field(default_factory=time.monotonic)

    def add(self, sample: Sample) -> None:
        """Take a sample."""
        self.samples.append(sample)
        if time.monotonic() - self._last >= HAND_ON_EVERY:
            self.hand_on()

    def extend(self, times: Array, volts: Array, amperes: Array) -> None:
        """Take samples fetched together, and hand on all but the last two: those may yet turn out to be after the end."""
        self.samples.extend(zip(times.tolist(), volts.tolist(), amperes.tolist(), strict=True))
        self.hand_on(keep=2)

    def hand_on(self, keep: int = 0) -> None:
        """Hand on what is new, except the last `keep`."""
        end = len(self.samples) - keep
        if self._handed < end:
            self.on_samples(*self.arrays(self._handed, end))
            self._handed = end
        self._last = time.monotonic()

    def arrays(self, first: int = 0, end: int | None = None) -> tuple[Array, Array, Array]:
        """Return time from the first sample (s), voltage (V) and current (A) of the samples `first` up to `end`."""
        table = np.array(self.samples[first:end], dtype=np.float64).reshape(-1, 3)
        start = self.samples[0][0] if self.samples else 0.0
        return table[:, 0] - start, table[:, 1], table[:, 2]


def beyond(current: float, level: float) -> bool:
    """Say whether |current| is above `level` (A); a current beyond the range (NaN) is."""
    return not abs(current) <= level


def host_ramp(source: Stepper, plan: RampPlan, watch: Watch, on_samples: OnSamples) -> RampRecord:
    """Run `plan` by stepping; output off whichever way it ends."""
    trace = Trace(on_samples)
    levels = plan.levels()
    try:
        source.begin(float(levels[0]), plan.compliance)
        tripped = walk(source.step, levels, plan.sample_interval, plan.trip_current, watch, trace)
        forward = len(trace.samples)
        if tripped and plan.on_trip is OnTrip.RETURN:
            walk(source.step, *return_leg(plan, float(levels[forward - 1])), None, watch, trace)
        source.off()
        check_followed(source.name, levels[:forward], *trace.arrays(0, forward)[1:], plan.compliance)
        latency = _latency(source, trace, forward) if tripped else float("nan")
    except BaseException as error:
        source.off()
        if isinstance(error, SourceFault):
            trace.hand_on()  # kept with the point, now that the output is off
        raise
    return record(plan, TripWay.HOST, trace, tripped, forward, latency)


def walk(
    step: Callable[[float, float], Sample],
    levels: Array,
    interval: float,
    trip: float | None,
    watch: Watch,
    trace: Trace,
) -> bool:
    """Step through `levels` (V), one each `interval` (s, on the instrument's clock), until |current| > `trip` (A).

    None: to the end, whatever flows. Each delay is corrected by what the last steps took. Returns whether it tripped.
    """
    overhead, delay, before, start = 0.0, 0.0, 0.0, 0.0
    for index, level in enumerate(levels):
        watch()
        sample = step(float(level), delay)
        trace.add(sample)
        if trip is not None and beyond(sample[2], trip):
            return True
        start = sample[0] if index == 0 else start
        overhead = sample[0] - before - delay if index else 0.0
        before = sample[0]
        delay = max(0.0, start + (index + 1) * interval - before - overhead)
    return False


RETURN_STEP = 10e-3
"""Time a step of a return leg takes (s)."""


def return_leg(plan: RampPlan, level: float) -> tuple[Array, float]:
    """Return the levels (V) from `level` back to the plan's start at its return rate, and their interval (s)."""
    steps = max(1, round(abs(level - plan.start) / (plan.return_rate * RETURN_STEP)))
    return np.linspace(level, plan.start, steps + 1)[1:], RETURN_STEP


def _latency(source: Stepper, trace: Trace, forward: int) -> float:
    """Return the time from the sample that tripped to the first one that knows of it (s): off, or on the way back."""
    tripped_at = trace.samples[forward - 1][0]
    if len(trace.samples) > forward:
        return trace.samples[forward][0] - tripped_at
    moment, _, current = source.step(0.0, 0.0)
    check_silent(source.name, np.array([current]))
    return moment - tripped_at


def record(plan: RampPlan, way: TripWay, trace: Trace, tripped: bool, forward: int, latency: float) -> RampRecord:
    """Return the finished ramp; its first `forward` samples belong to the plan, the others to the way back."""
    trace.hand_on()
    times, volts, amperes = trace.arrays()
    return RampRecord(
        time=times,
        voltage=volts,
        current=amperes,
        way=way,
        tripped=tripped,
        trip_latency=latency,
        in_compliance=limited(amperes, plan.compliance),
        return_from=forward if len(times) > forward else None,
    )


def limited(amperes: Array, compliance: float) -> bool:
    """Say whether any current (A) came to the compliance (A) or beyond the range."""
    return bool(np.any(~(np.abs(amperes) < COMPLIANCE_SEEN * compliance)))
