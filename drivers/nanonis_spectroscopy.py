"""The controller's own bias as a source. It trips by bias spectroscopy with a safe condition, or stepped by the host."""

import math
from dataclasses import replace

import numpy as np

from drivers.host_loop import Sample, Trace, host_ramp, record
from drivers.nanonis_logged import LoggedLevel
from drivers.nanonis_session import NanonisSession
from drivers.nanonis_signals import Signals
from drivers.nanonis_tcp_log import TcpLogger
from nanoprobe.errors import BadInput, InstrumentError
from nanoprobe.roles import Array, OnSamples, OnTrip, RampPlan, RampRecord, Reading, TripWay, Watch
from nanoprobe.units import si
from nanoprobe.waveform import OnReadings, Waveform, WaveformEnd

FLOOR_OF_RANGE = 1e-3
"""Smallest trip level as a part of the preamp's range: thirty steps of its 16-bit converter."""
CEILING_OF_RANGE = 0.95
OVERLOAD_OF_RANGE = 0.99
"""A current from this part of the preamp's range on may be any larger one."""
SETTLED_PART = 0.2
"""Part of a sample interval spent settling; the rest is averaged over."""
SLEW = 1e3
"""Rate between two levels and on the way back to 0 V (V/s)."""
OFF_BELOW = 5e-3
"""A bias that reads less counts as off (V)."""
OFF_READS = 50
SLACK_FACTOR, SLACK = 2.0, 30.0
"""A sweep may take so many times its planned duration, and so much more (s)."""
DRAIN_TIMEOUT = 5.0
STOP_CONDITION, OR, HIGHER, LOWER = 3, 1, 0, 1
ONCE, OFF, ON = 1, 2, 1
DATA = 1
THRESHOLD_TOLERANCE = 1e-3


class ControllerBias:
    """Fulfils `BiasSource` with the controller's bias output, read by its preamp.

    It has no current limit of its own: during a ramp the trip stands in for it, and what the preamp cannot show is NaN.
    """

    name = "Nanonis"

    def __init__(
        self, work: NanonisSession, abort: NanonisSession, signals: Signals, logger: TcpLogger, pause: float
    ) -> None:
        self._logged = LoggedLevel(self, work, signals, logger, pause)
        self._work = work
        self._abort = abort
        self._signals = signals
        self._loaded: RampPlan | None = None
        self._clock = self._wall = 0.0
        self._full = math.inf

    # --- what it can do

    @property
    def ways(self) -> tuple[TripWay, ...]:
        """The controller's safe condition first."""
        return (TripWay.CONTROLLER, TripWay.HOST)

    @property
    def current_floor(self) -> float:
        """Smallest trip level (A) at the preamp's present gain."""
        return FLOOR_OF_RANGE * self._signals.current_range()

    @property
    def current_ceiling(self) -> float:
        """Largest trip level (A) at the preamp's present gain."""
        return CEILING_OF_RANGE * self._signals.current_range()

    # --- by hand

    def hold(self, voltage: float, compliance: float) -> None:
        """Set the bias (V). The preamp's own limit stands in for `compliance`, which the controller does not have."""
        self._work.call("Bias.Set", "f", voltage)

    def read(self) -> Reading:
        """Read bias and current of one publication."""
        values = self._signals.read("bias", "current")
        return Reading(values["bias"], values["current"])

    def read_many(self, count: int) -> list[Reading]:
        """Read `count` publications."""
        return [self.read() for _ in range(count)]

    def in_compliance(self) -> bool:
        """Say whether the preamp is at its limit."""
        return abs(self.read().current) >= OVERLOAD_OF_RANGE * self._signals.current_range()

    def off(self) -> None:
        """Bias to 0 V over the abort session, which nothing blocks; then stop a sweep that could raise it again."""
        self._abort.revive()
        self._abort.call("Bias.Set", "f", 0.0)
        self._abort.call("BiasSpectr.Stop")
        self._abort.call("Bias.Set", "f", 0.0)

    # --- one level, densely

    def log_hindrance(self, plan: Waveform) -> str:
        """Get the TCP logger ready for `plan`; say why it cannot serve it, "" where it can."""
        return self._logged.hindrance(plan)

    def log(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        """Hold the level of `plan` while the TCP logger streams; the bias is 0 when it returns or raises."""
        return self._logged.run(plan, watch, on_readings)

    # --- ramps

    def prepare(self, plan: RampPlan, way: TripWay) -> None:
        """Load `plan`; the bias stays where it is."""
        if way is TripWay.HOST:
            return
        if plan.on_trip is OnTrip.RETURN:
            raise BadInput(
                "Nanonis: a sweep that trips on the controller can stop, not return under way; choose on_trip 'off', or "
                "trip by the host"
            )
        if plan != self._loaded:
            self._loaded = None
            self._load(plan)
            self._loaded = plan

    def _load(self, plan: RampPlan) -> None:
        channels = [self._signals.signal(name).index for name in ("current", "bias")]
        self._work.call("BiasSpectr.Open")
        self._work.call("BiasSpectr.ChsSet", "ai", channels)
        self._load_levels(plan)
        points = len(plan.levels())
        self._work.call("BiasSpectr.PropsSet", "H i H i f H H", OFF, ONCE, OFF, points, 0.0, OFF, OFF)
        self._work.call(
            "BiasSpectr.AdvPropsSet", "H H H H", ON, OFF, OFF, OFF
        )  # bias back at the end, feedback stays on
        self._load_trip(plan, channels[0])

    def _load_levels(self, plan: RampPlan) -> None:
        """Two straight pieces: the ramp, and the hold at its end."""
        levels = plan.levels()
        held = round(plan.hold / plan.sample_interval)
        pieces = [(plan.start, plan.stop, len(levels) - held), (plan.stop, plan.stop, held)][: 2 if held else 1]
        settling = SETTLED_PART * plan.sample_interval
        integration = plan.sample_interval - settling
        starts, stops, steps = (np.array(column) for column in zip(*pieces, strict=True))
        count, zero = len(pieces), np.zeros(len(pieces))
        self._work.call("BiasSpectr.TimingSet", "f f f f f f f f", 0, 0, 0, SLEW, settling, integration, 0, 0)
        self._work.call("BiasSpectr.MLSModeSet", "s", "MLS")
        self._work.call(
            "BiasSpectr.MLSValsSet", "i *f *f *f *f *f *i *I",
            count, starts, stops, zero, zero + settling, zero + integration, steps, zero,
        )  # fmt: skip

    def _load_trip(self, plan: RampPlan, signal: int) -> None:
        trip = plan.trip_current
        self._work.call("BiasSpectr.SafeCond1Set", "H f i H", STOP_CONDITION, trip, signal, HIGHER)
        self._work.call("BiasSpectr.SafeCond2Set", "i f i H", OR, -trip, signal, LOWER)
        action, threshold, taken, _ = self._work.call("BiasSpectr.SafeCond1Get", returns="H f i H")
        if (action, taken) != (STOP_CONDITION - 1, signal) or abs(threshold - trip) > THRESHOLD_TOLERANCE * trip:
            raise InstrumentError(
                f"Nanonis: the safe condition reads action {action}, {si(threshold, 'A')} on signal {taken} after "
                f"{si(trip, 'A')} on signal {signal} was set"
            )

    def ramp(self, plan: RampPlan, way: TripWay, watch: Watch, on_samples: OnSamples) -> RampRecord:
        """Run `plan` as prepared; the bias is 0 when it returns or raises."""
        if way is TripWay.HOST:
            return host_ramp(self, self._as_published(plan), watch, on_samples)
        if plan != self._loaded:
            raise BadInput("Nanonis: this ramp was not prepared")
        return self._sweep(plan, watch, on_samples)

    def _sweep(self, plan: RampPlan, watch: Watch, on_samples: OnSamples) -> RampRecord:
        try:
            names, table, _ = self._work.call_watched(
                "BiasSpectr.Start", "I s", DATA, "", returns="as 2f af", watch=watch,
                timeout=SLACK_FACTOR * plan.duration + SLACK,
            )  # fmt: skip
        except BaseException:
            self.off()
            self._work.drain("BiasSpectr.Start", DRAIN_TIMEOUT)
            raise
        self._abort.call("Bias.Set", "f", 0.0)
        trace = Trace(on_samples)
        volts, amperes = self._rows(names, table)
        trace.extend(np.arange(len(volts), dtype=np.float64) * plan.sample_interval, volts, amperes)
        tripped = len(volts) < len(plan.levels()) or not abs(float(amperes[-1])) <= plan.trip_current
        latency = plan.sample_interval + self._until_off() if tripped else math.nan
        return record(plan, TripWay.CONTROLLER, trace, tripped, len(volts), latency)

    def _rows(self, names: list[str], table: Array) -> tuple[Array, Array]:
        """Return bias (V) and current (A) of the points that were reached; newer releases fill up with NaN."""
        wanted = [self._signals.signal(name).name for name in ("bias", "current")]
        if not set(wanted) <= set(names):
            raise InstrumentError(f"Nanonis recorded {', '.join(names)}; {' and '.join(wanted)} are needed")
        volts, amperes = (table[names.index(name)].astype(np.float64) for name in wanted)
        reached = np.isfinite(volts)
        if not reached.any():
            raise InstrumentError("Nanonis: the sweep was stopped before its first point")
        return volts[reached], self._readable(amperes[reached])

    def _readable(self, amperes: Array) -> Array:
        return np.where(np.abs(amperes) < OVERLOAD_OF_RANGE * self._signals.current_range(), amperes, np.nan)

    def _until_off(self) -> float:
        """Return an upper bound of the time until the bias is read as 0 (s): two publications a read."""
        for count in range(1, OFF_READS + 1):
            if abs(self._signals.read("bias")["bias"]) <= OFF_BELOW:
                return 2 * count * self._signals.period
        raise InstrumentError("Nanonis: the bias did not go to 0 V after the trip; look at the bias module")

    # --- stepped by the host

    def _as_published(self, plan: RampPlan) -> RampPlan:
        """Return `plan` with samples as often as the controller publishes them; the rate stays."""
        step = 2 * self._signals.period
        return replace(plan, sample_interval=step * max(1, round(plan.sample_interval / step)))

    def begin(self, level: float, compliance: float) -> None:
        """Set the first level (V); the clock of the samples starts."""
        self._clock, self._wall = 0.0, self._work.moment()
        self._full = OVERLOAD_OF_RANGE * self._signals.current_range()
        self._work.call("Bias.Set", "f", level)

    def step(self, level: float, delay: float) -> Sample:
        """Go to `level` (V), wait `delay` (s), read. Each read of the newest value takes two publications."""
        self._work.call("Bias.Set", "f", level)
        step = 2 * self._signals.period
        reads = max(1, round(delay / step))
        for _ in range(reads):
            values = self._signals.read("bias", "current")
        self._clock = max(self._clock + reads * step, self._work.moment() - self._wall)
        current = values["current"] if abs(values["current"]) < self._full else math.nan
        return self._clock, values["bias"], current
