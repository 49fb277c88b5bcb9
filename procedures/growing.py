"""Growth at one spot: what chrono- and galvano-growth share. Samples stream into table `series`, the verdict into `growth`."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.outlook import Outlook
from nanoprobe.physics.constants import FARADAY, LITHIUM_MOLAR_VOLUME
from nanoprobe.records import ColumnInfo
from nanoprobe.roles import Array
from nanoprobe.waveform import Step, Waveform, WaveformEnd
from nanoprobe.wiring import Wiring
from procedures.columns import columns, row
from procedures.inputs import number
from procedures.ramping import LANDING
from procedures.spot import Integral, SpotProcedure

ZERO_TIME, ZERO_RATE = 1.0, 50.0
"""Time (s) and samples a second for which the current is read at 0 V beforehand: what flows then is the reading's offset."""

STOP_LATENCY = 1.0
"""Longest time (s) from the sample that reaches the charge stop to output off: readings are fetched four times a second."""

SERIES: Mapping[str, ColumnInfo] = {
    "time": ColumnInfo("s", "time on the instrument's clock since the first sample"),
    "bias": ColumnInfo("V", "tip minus counter electrode, behind the series resistor; plating is negative"),
    "bias_source": ColumnInfo("V", "voltage at the source, its own sign"),
    "current": ColumnInfo("A", "electrode current; cathodic is negative"),
    "charge": ColumnInfo("C", "charge passed so far, the offset at 0 V taken off"),
}


class Ended(IntEnum):
    """Why growth ended."""

    TIME = 0
    CURRENT = 1
    CHARGE = 2
    VOLTAGE = 3
    INTERRUPTED = 4


GROWTH: Mapping[str, ColumnInfo] = {
    "charge": ColumnInfo("C", "charge passed, the offset at 0 V taken off; plating is negative"),
    "charge_error": ColumnInfo(
        "C", "standard uncertainty of the charge: offset, stray capacitance, what passed where no sample was taken"
    ),
    "radius": ColumnInfo("m", "radius of the hemisphere of lithium that this charge makes"),
    "duration": ColumnInfo("s", "time of growth"),
    "peak_current": ColumnInfo("A", "largest |current|"),
    "offset": ColumnInfo("A", "what the reading showed at 0 V; NaN where a current is forced"),
    "offset_error": ColumnInfo("A", "standard error of the offset"),
    "height_change": ColumnInfo("m", "Z after growth minus Z before it"),
    "force": ColumnInfo("N", "force before growth"),
    "ended": ColumnInfo("1", "0 time was over, 1 stop current, 2 charge stop, 3 voltage limit, 4 interrupted", "u1"),
}

STRAY = 1e-12
"""Stray capacitance (F) whose charge is counted as uncertain."""


def equivalent_radius(charge: float) -> float:
    """Return the radius (m) of the lithium hemisphere of a charge (C): (3 |Q| Vm / 2 pi F)^(1/3) (Faraday)."""
    return float(np.cbrt(3.0 * abs(charge) * LITHIUM_MOLAR_VOLUME / (2.0 * math.pi * FARADAY)))


@dataclass(frozen=True, slots=True)
class Zero:
    """What a source shows at 0 V: `offset` and its standard `error` (A)."""

    offset: float
    error: float


class GrowthProcedure(SpotProcedure):
    """Grow at one spot until time, charge or a limit ends it. A spot that was begun is never grown at again."""

    DATA_COLUMNS: ClassVar[list[str]] = columns(GROWTH)

    duration = number("Duration", "s", 60.0, 0.1, 3600.0, "growth", "longest time of growth")
    sample_rate = number("Sample rate", "Hz", 200.0, 0.1, 1700.0, "growth", "samples a second")
    charge_stop = number(
        "Charge stop", "C", 1e-9, 1e-12, 100e-9, "growth", "charge that ends growth; 1 nC is a hemisphere of 400 nm"
    )

    _grown: "Grown | None" = None
    """The growth whose result is not stored yet."""

    @abstractmethod
    def waveform(self) -> Waveform:
        """Return what is put on the electrode (in bias)."""

    def reaches(self, bias: Array) -> bool:
        """Say whether new samples of the bias (V) end the growth."""
        return False

    def constant(self, level: float) -> tuple[tuple[Step, ...], int]:
        """Return the one step of a constant level (V), and how often it is repeated."""
        return (Step(level, 1.0 / self.sample_rate),), max(1, round(self.duration * self.sample_rate))

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure."""
        plan, (x, y) = self.waveform(), self.place()
        current = max(plan.compliance, abs(plan.forced_current))
        biases = [0.0, plan.steps[0].level, math.copysign(plan.voltage_limit, plan.forced_current)]
        most = min(current * self.duration, self.charge_stop + current * STOP_LATENCY)
        return Outlook(
            points=np.array([[x, y]]),
            duration=self.duration + ZERO_TIME + LANDING,
            bias_min=min(biases),
            bias_max=max(biases),
            current=current,
            charge=most,
            force=self.force,
            series_resistance=wiring.series_resistance,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for growth the opened `lab` cannot drive; nothing is touched."""
        lab.source.check_waveform(self.waveform())

    def perform(self) -> None:
        """Land, read the offset, grow, report."""
        if 0 in self.done_points:
            self.note("growth at this spot had begun before: it is not grown at again")
            return
        force = self.touch()
        self.begin_table("series", "sample", SERIES, "samples of the growth")
        self.begin_table("growth", "spot", GROWTH, "what has grown")
        zero = self.zero()
        begin, height = self.begin_spot(), self.height()
        by = self.opened.source.run_by(self.waveform())
        self.note(by.words("growth"))
        grown = self._grown = Grown(self, zero, force)
        end = self.opened.source.waveform(self.waveform(), self.opened.probe.wait, self.looking(by.runner), grown.take)
        grown.end(end)
        values = self._report(grown, self.height() - height)
        kept = {name: values[name] for name in ("charge", "peak_current", "height_change", "force")}
        self.end_spot(begin, {**kept, "tripped": float(values["ended"] == Ended.CURRENT)}, end.runner)
        self.progress(1, 1)

    def keep(self) -> None:
        """See Experiment: what has grown until it was interrupted is kept as well, or it could not be healed."""
        try:
            if self._grown is not None and self._grown.seen:
                self._report(self._grown, math.nan)
        finally:
            super().keep()

    def _report(self, grown: "Grown", height_change: float) -> dict[str, Any]:
        """Store what has grown and return it; with the output off."""
        self._grown, values = None, {**grown.values(), "height_change": height_change}
        self.wear.ramped(values["peak_current"], abs(values["charge"]) > 0.0)
        self.add_rows("growth", values)
        self.emit("results", row(GROWTH, values))
        return values

    def zero(self) -> Zero:
        """Read the current at 0 V and return what it is."""
        return read_zero(self, self.waveform().compliance)

    def height(self) -> float:
        """Read Z (m); NaN where it cannot be read."""
        probe = self.opened.probe
        return probe.read("height")["height"] if "height" in probe.channels else math.nan


def read_zero(procedure: SpotProcedure, compliance: float) -> Zero:
    """Read the current at 0 V, limited to `compliance` (A); the output is off afterwards."""
    parts: list[Array] = []

    def take(time: Array, bias: Array, bias_source: Array, current: Array) -> bool:
        parts.append(current)
        return False

    still = Waveform(steps=(Step(0.0, 1.0 / ZERO_RATE),), repeats=round(ZERO_TIME * ZERO_RATE), compliance=compliance)
    lab = procedure.opened
    lab.source.waveform(still, lab.probe.wait, procedure.watch, take)
    current = np.concatenate(parts)
    return Zero(float(np.mean(current)), float(np.std(current, ddof=1) / math.sqrt(len(current))))


class Grown:
    """The samples of one growth as they come: stored, integrated, and judged. `force` (N) on the tip before it."""

    def __init__(self, procedure: GrowthProcedure, zero: Zero, force: float) -> None:
        self._procedure = procedure
        self._zero = zero
        self._force = force
        self._integral = Integral(zero.offset)
        self._time = self._peak = self._bias = self._last = self._overloaded = self._most = 0.0
        self._ended = Ended.INTERRUPTED

    @property
    def seen(self) -> bool:
        """Whether any sample has come."""
        return self._time > 0.0

    def take(self, time: Array, bias: Array, bias_source: Array, current: Array) -> bool:
        """Store new samples; say whether growth is to end."""
        procedure = self._procedure
        charge = self._integral.add(time, current)
        readable = np.isfinite(current)
        if not readable.all():
            self._overloaded += float(np.diff(time, prepend=self._time)[~readable].sum())
            self._most = float(np.abs(bias_source).max())
        self._time, self._last = float(time[-1]), float(np.nan_to_num(current[-1]))
        self._bias = float(bias[readable][-1]) if readable.any() else self._bias
        self._peak = max(self._peak, float(np.abs(current[readable]).max(initial=0.0)))
        samples = {"time": time, "bias": bias, "bias_source": bias_source, "current": current, "charge": charge}
        procedure.add_rows("series", samples)
        procedure.progress(min(self._time, procedure.duration), procedure.duration)
        if abs(self._integral.total) >= procedure.charge_stop:
            self._ended = Ended.CHARGE
        elif procedure.reaches(bias):
            self._ended = Ended.VOLTAGE
        return self._ended is not Ended.INTERRUPTED

    def _unread(self) -> float:
        """Return the standard uncertainty (C) of what was beyond the reading's range: the series resistor bounds it."""
        if not self._overloaded:
            return 0.0
        series = self._procedure.opened.source.series_resistance
        return self._overloaded * self._most / series / math.sqrt(3.0) if series else math.inf

    def end(self, end: WaveformEnd) -> None:
        """Say that it has ended as planned."""
        if self._ended is Ended.INTERRUPTED:
            self._ended = Ended.CURRENT if end.stopped else Ended.TIME

    def values(self) -> dict[str, Any]:
        """Return the columns of GROWTH, without the change of height."""
        # Between the last sample and output off, anything up to STOP_LATENCY may have passed: its root mean square.
        lost = STOP_LATENCY / math.sqrt(3.0) if self._ended is Ended.INTERRUPTED else 0.0
        unseen = math.hypot(lost * (self._last - self._zero.offset), self._unread())
        charge, error = (
            self._integral.total,
            math.hypot(self._zero.error * self._time, STRAY * self._bias, self._integral.error, unseen),
        )
        return {
            "charge": charge,
            "charge_error": error,
            "radius": equivalent_radius(charge),
            "duration": self._time,
            "peak_current": self._peak,
            "offset": self._zero.offset,
            "offset_error": self._zero.error,
            "force": self._force,
            "ended": int(self._ended),
        }
