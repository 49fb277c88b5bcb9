"""The wired bias source as procedures see it: bias and electrode current, checked against limits and interlock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from nanoprobe.errors import BadInput, LinkLost, SourceFault
from nanoprobe.interlock import Interlock
from nanoprobe.limits import Limits
from nanoprobe.roles import Array, BiasSource, OnTrip, RampPlan, RampRecord, Reading, TripWay, Watch
from nanoprobe.stepping import step_through
from nanoprobe.units import si
from nanoprobe.waveform import LoggedSource, RunBy, Runner, Waveform, WaveformEnd, WaveformSource
from nanoprobe.wiring import Wiring

T = TypeVar("T")

OnBias = Callable[[Array, Array, Array, Array], None]
"""Takes new samples of a ramp: time (s), bias (V), bias_source (V), current (A), shape (n,) each."""

OnBiasReadings = Callable[[Array, Array, Array, Array], bool]
"""Takes new readings of a waveform as `OnBias` does samples; True ends the waveform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasRamp:
    """A ramp in stored signs; see `RampRecord`. `bias_source` is the raw source value (V)."""

    time: Array = field(repr=False)
    bias: Array = field(repr=False)
    bias_source: Array = field(repr=False)
    current: Array = field(repr=False)
    way: TripWay
    tripped: bool
    trip_latency: float
    in_compliance: bool
    return_from: int | None


class Biasing:
    """The one way a procedure reaches the wired source. Every call passes the interlock and the bench's limits."""

    def __init__(self, source: BiasSource, wiring: Wiring, limits: Limits, interlock: Interlock) -> None:
        self._source = source
        self._wiring = wiring
        self._limits = limits
        self._interlock = interlock
        self.held = 0.0
        """The bias (V) that was asked to be held, 0 with the output off; known without asking the instrument."""

    @property
    def ways(self) -> tuple[TripWay, ...]:
        """Ways to trip that this wiring has, best first."""
        return self._source.ways

    @property
    def series_resistance(self) -> float:
        """Resistance between source and electrode (ohm)."""
        return self._wiring.series_resistance

    def choose(self, way: TripWay | None) -> TripWay:
        """Return `way`, or the best one there is for None. Raises BadInput where the wiring does not have it."""
        if way is None:
            return self.ways[0]
        if way not in self.ways:
            raise BadInput(
                f"trip by '{way}' is not possible: the bias comes from the {self._wiring.bias_source.value}, which "
                f"trips by {' or '.join(self.ways)}"
            )
        return way

    def check(self, plan: RampPlan) -> None:
        """Raise LimitExceeded or BadInput for a ramp the bench does not allow or the instrument cannot trip."""
        limits = self._limits
        for bias in (plan.start, plan.stop):
            limits.check_bias(bias, "ramp bias")
        limits.check_slew(plan.rate, "ramp rate")
        if plan.on_trip is OnTrip.RETURN:
            limits.check_slew(plan.return_rate, "return rate")
        limits.check_current(plan.trip_current, "trip current")
        limits.check_current(plan.compliance, "compliance")
        limits.check_charge(plan.trip_current * plan.duration, "charge of a ramp that just does not trip")
        if plan.trip_current > plan.compliance:
            raise BadInput(
                f"trip current {si(plan.trip_current, 'A')} lies above the compliance {si(plan.compliance, 'A')}: "
                f"the ramp could never trip; raise the compliance"
            )
        self._check_trip_level(plan.trip_current)

    def _check_trip_level(self, level: float) -> None:
        floor, ceiling = self._source.current_floor, self._source.current_ceiling
        if not floor <= level <= ceiling:
            raise BadInput(
                f"trip current {si(level, 'A')} cannot be judged by the {self._wiring.bias_source.value}: it reads "
                f"from {si(floor, 'A')} (its floor) to {si(ceiling, 'A')} (95 % of its range); choose a level between"
            )

    def prepare(self, plan: RampPlan, way: TripWay) -> None:
        """Check `plan` (in bias) and load it; the output stays off."""
        self._interlock.check()
        self.check(plan)
        self._command(lambda: self._source.prepare(self._wiring.source_plan(plan), self.choose(way)))

    def ramp(self, plan: RampPlan, way: TripWay, watch: Watch, on_samples: OnBias) -> BiasRamp:
        """Run a prepared ramp given in bias; latches the interlock when the hard current or charge limit was passed."""
        self._interlock.check()
        self.check(plan)

        def guarded_watch() -> None:
            self._interlock.check()
            watch()

        def convert(time: Array, volts: Array, amperes: Array) -> None:
            on_samples(time, self._wiring.biases(volts, amperes), volts, self._wiring.currents(amperes))

        record = self._command(
            lambda: self._source.ramp(self._wiring.source_plan(plan), self.choose(way), guarded_watch, convert)
        )
        self._check_aftermath(record)
        return self._in_bias(record)

    def _in_bias(self, record: RampRecord) -> BiasRamp:
        return BiasRamp(
            time=record.time,
            bias=self._wiring.biases(record.voltage, record.current),
            bias_source=record.voltage,
            current=self._wiring.currents(record.current),
            way=record.way,
            tripped=record.tripped,
            trip_latency=record.trip_latency,
            in_compliance=record.in_compliance,
            return_from=record.return_from,
        )

    def _check_aftermath(self, record: RampRecord) -> None:
        readable = record.current[np.isfinite(record.current)]
        peak = float(np.max(np.abs(readable), initial=0.0))
        if peak > self._limits.current:
            self._interlock.latch(f"current of {si(peak, 'A')} in a ramp, hard limit {si(self._limits.current, 'A')}")
        charge = (
            float(np.trapezoid(np.abs(np.nan_to_num(record.current)), record.time)) if len(record.time) > 1 else 0.0
        )
        if charge > self._limits.charge:
            self._interlock.latch(
                f"charge of {si(charge, 'C')} at one point, hard limit {si(self._limits.charge, 'C')}"
            )

    # --- waveforms

    def check_waveform(self, plan: Waveform) -> None:
        """Raise LimitExceeded or BadInput for a waveform (in bias) the bench does not allow or the source cannot run."""
        for step in plan.steps:
            self._limits.check_bias(step.level, "waveform bias")
        if plan.forced_current:
            self._limits.check_bias(plan.voltage_limit, "voltage limit")
            self._check_forced(abs(plan.forced_current))
        for current in (plan.compliance, plan.forced_current, plan.stop_current or 0.0):
            self._limits.check_current(current, "waveform current")
        if plan.stop_current is not None:
            self._check_trip_level(plan.stop_current)

    def _check_forced(self, current: float) -> None:
        source = self._source
        if not isinstance(source, WaveformSource):
            raise BadInput(
                f"the {self._wiring.bias_source.value} cannot hold a current: wire a source-meter, or hold a bias instead"
            )
        if current < source.forced_current_floor:
            raise BadInput(
                f"a current of {si(current, 'A')} cannot be held by the {self._wiring.bias_source.value}: its own offset is "
                f"as large; from {si(source.forced_current_floor, 'A')} on it can"
            )

    def run_by(self, plan: Waveform) -> RunBy:
        """Say who will run a waveform given in bias, and get that ready; the output stays off."""
        source = self._source
        if isinstance(source, WaveformSource):
            return RunBy(Runner.INSTRUMENT)
        if not isinstance(source, LoggedSource):
            return RunBy(Runner.HOST)
        self._interlock.check()
        hindrance = self._command(lambda: source.log_hindrance(plan.signed(self._wiring.sign)))
        return RunBy(Runner.HOST, hindrance) if hindrance else RunBy(Runner.LOGGER)

    def reading_floor(self, compliance: float) -> float:
        """Return the smallest |current| (A) that the source's reading under `compliance` (A) tells from none."""
        source = self._source
        return source.reading_floor(compliance) if isinstance(source, WaveformSource) else source.current_floor

    def waveform(
        self, plan: Waveform, wait: Callable[[float], None], watch: Watch, on_readings: OnBiasReadings
    ) -> WaveformEnd:
        """Run a waveform given in bias; by the source where it can, else by its logger, else by stepping, `wait` between.

        Latches the interlock, and raises, as soon as a reading passes the hard current limit.
        """
        self._interlock.check()
        self.check_waveform(plan)

        def guarded_watch() -> None:
            self._interlock.check()
            watch()

        def convert(time: Array, volts: Array, amperes: Array) -> bool:
            self._check_peak(amperes, "a waveform")
            return on_readings(time, self._wiring.biases(volts, amperes), volts, self._wiring.currents(amperes))

        source, signed = self._source, plan.signed(self._wiring.sign)
        if isinstance(source, WaveformSource):
            return self._command(lambda: source.waveform(signed, guarded_watch, convert))
        if isinstance(source, LoggedSource) and self.run_by(plan).runner is Runner.LOGGER:
            return self._command(lambda: source.log(signed, guarded_watch, convert))
        return self._command(lambda: step_through(source, signed, wait, guarded_watch, convert))

    def _check_peak(self, amperes: Array, where: str) -> None:
        readable = amperes[np.isfinite(amperes)]
        peak = float(np.max(np.abs(readable), initial=0.0))
        if peak > self._limits.current:
            self._interlock.latch(f"current of {si(peak, 'A')} in {where}, hard limit {si(self._limits.current, 'A')}")
            self._interlock.check()

    # --- by hand

    def hold(self, bias: float, compliance: float) -> None:
        """Switch on at `bias` (V), |current| limited to `compliance` (A)."""
        self._interlock.check()
        self._limits.check_bias(bias, "bias")
        self._limits.check_current(compliance, "compliance")
        self._command(lambda: self._source.hold(self._wiring.source_voltage(bias), compliance))
        self.held = bias

    def step(self, bias: float, dwell: float) -> tuple[float, float, float]:
        """With the output on: go to `bias` (V), let `dwell` (s) pass, read the source's clock (s), bias (V), current (A).

        Latches the interlock, and raises, when the current is beyond the hard limit.
        """
        self._interlock.check()
        self._limits.check_bias(bias, "bias")
        moment, volts, amperes = self._command(lambda: self._source.step(self._wiring.source_voltage(bias), dwell))
        self._check_peak(np.array([amperes]), "a pulse")
        return moment, self._wiring.bias(volts, amperes), self._wiring.current(amperes)

    def read(self) -> tuple[float, float]:
        """Read bias (V) and electrode current (A) once."""
        self._interlock.check()
        return self._convert(self._command(self._source.read))

    def read_many(self, count: int) -> tuple[Array, Array]:
        """Read `count` times: bias (V) and electrode current (A), shape (count,) each."""
        self._interlock.check()
        pairs = [self._convert(reading) for reading in self._command(lambda: self._source.read_many(count))]
        values = np.array(pairs, dtype=np.float64).reshape(-1, 2)
        return values[:, 0], values[:, 1]

    def _convert(self, reading: Reading) -> tuple[float, float]:
        return self._wiring.bias(reading.voltage, reading.current), self._wiring.current(reading.current)

    def in_compliance(self) -> bool:
        """Say whether the current limit holds the source now."""
        return self._command(self._source.in_compliance)

    def off(self) -> None:
        """Output off. Always allowed, whatever the interlock says."""
        self.held = 0.0
        self._source.off()

    def _command(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except LinkLost as error:
            self._interlock.latch(str(error))
            raise
        except SourceFault as error:
            self._interlock.latch(str(error))
            self._interlock.check()
            raise
