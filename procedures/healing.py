"""One healing: its samples as they come, stored, integrated and judged; what came back, and how well that is known."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nanoprobe.analysis.neck_leak import Leak, Stripping, neck_leak
from nanoprobe.records import ColumnInfo
from nanoprobe.roles import Array
from procedures.check_ramp import CHECK_TABLE, CHECKS, Checked
from procedures.growing import SERIES, STOP_LATENCY, STRAY, Zero
from procedures.grown_spot import GrownSpot
from procedures.reading import LEAST_BIAS
from procedures.spot import Integral

if TYPE_CHECKING:
    from nanoprobe.storage import Run

QUIET_TIME = 1.0
"""Healing is over when the means of the current over two such times (s) in a row are alike."""
FREE = 0.5
"""A current above this part of the compliance is held by it, and says nothing."""
BROKEN, CERTAIN = 0.5, 10.0
"""A neck has broken when the mean current is below this part of what it would carry, itself so many times the zero's error."""
LEAK_ERROR = 0.1
"""Relative uncertainty of what leaks through the healed spot, known from one check ramp."""


class Over(IntEnum):
    """Why healing ended."""

    TIME = 0
    CHARGE = 1
    CURRENT = 2


HEAL: Mapping[str, ColumnInfo] = {
    "plated": ColumnInfo("C", "charge the growth run has plated"),
    "plated_error": ColumnInfo("C", "its standard uncertainty"),
    "passed": ColumnInfo("C", "charge passed, the offset at 0 V taken off"),
    "leaked": ColumnInfo(
        "C", "charge that electrons carried: through the neck until it broke, then through the healed spot"
    ),
    "stripped": ColumnInfo("C", "charge stripped: what has passed without what has leaked"),
    "stripped_error": ColumnInfo("C", "its standard uncertainty: offset, leaks, stray capacitance, an interruption"),
    "efficiency": ColumnInfo("1", "coulombic efficiency: stripped over plated"),
    "efficiency_error": ColumnInfo("1", "its standard uncertainty"),
    "r_before": ColumnInfo("ohm", "resistance before healing; a lower bound where before_below"),
    "r_after": ColumnInfo("ohm", "resistance after healing; a lower bound where after_below"),
    "before_below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "after_below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "duration": ColumnInfo("s", "time of healing"),
    "ended": ColumnInfo("1", "0 time was over, 1 the plated charge was stripped, 2 the current had settled", "u1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealPlan:
    """What a healing is judged by. `most` C: over when so much is stripped; `check_bias` V; `rate` samples a second."""

    spot: GrownSpot
    most: float
    end_current: float
    compliance: float
    check_bias: float
    rate: float
    series_resistance: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an interrupted session has left: its check ramp before healing (rows of CHECKS), and its samples (of SERIES)."""

    checks: Mapping[str, Array]
    samples: Mapping[str, Array]

    @classmethod
    def of(cls, run: "Run") -> Self | None:
        """Return what the stored run holds; None where its check ramp was not whole: nothing was stripped then."""
        checks, samples = run.tables.get(CHECK_TABLE), run.tables.get("series")
        if checks is None or samples is None or not checks.sizes["reading"]:
            return None
        before = checks.isel(reading=checks["after"].values == 0)
        return cls(
            {name: np.asarray(before[name].values) for name in CHECKS},
            {name: np.asarray(samples[name].values) for name in SERIES},
        )

    @property
    def time(self) -> float:
        """Time of healing so far (s)."""
        return float(self.samples["time"][-1]) if len(self.samples["time"]) else 0.0

    @property
    def charge(self) -> float:
        """Charge that had passed (C)."""
        return float(self.samples["charge"][-1]) if len(self.samples["charge"]) else 0.0

    def lost(self, first: float) -> float:
        """Return the charge (C) that may have passed behind the last stored sample.

        `first`: what the next session passes up to its first samples (C): as much may have passed where none was stored.
        """
        return STOP_LATENCY * abs(float(self.samples["current"][-1])) if len(self.samples["current"]) else abs(first)


class Healing:
    """Takes samples; `neck` (ohm) is what the spot's neck conducts with, infinite where there is none."""

    def __init__(
        self,
        plan: HealPlan,
        zero: Zero,
        neck: float,
        earlier: Earlier | None,
        store: Callable[[Mapping[str, Array]], None],
    ) -> None:
        self._plan = plan
        self._zero = zero
        self._neck = neck
        self._earlier = earlier
        self._store = store
        self._start = 0.0 if earlier is None else earlier.time
        self._passed_before = 0.0 if earlier is None else earlier.charge
        self._integral = Integral(zero.offset)
        self._through = Integral(0.0)
        self._conducting = math.isfinite(neck)
        self._parts: list[tuple[Array, Array, Array]] = []
        self._begun = self.time = self._unseen = self._first = 0.0
        self._last = (0.0, 0.0, 0.0)
        self._held = False
        self._second: list[Array] = []
        self._last_mean = math.nan
        self.over = Over.TIME

    def begin(self, held: bool) -> None:
        """Go on with the next waveform; only where the bias is held can the current settle."""
        self._begun, self._held = self.time, held

    def take(self, time: Array, bias: Array, bias_source: Array, current: Array) -> bool:
        """Store new samples; say whether healing is over."""
        moment = time + self._begun
        charge = self._integrate(moment, bias, current) + self._passed_before
        values = {"time": moment + self._start, "bias": bias, "bias_source": bias_source, "current": current}
        self._store({**values, "charge": charge})
        self._first = float(charge[-1]) - self._passed_before if not self._parts else self._first
        self._parts.append((moment, bias, current))
        self.time = float(moment[-1])
        self._see_neck(moment, bias, current)
        if self._passed_before + self._integral.total - self._through.total >= self._plan.most:
            self.over = Over.CHARGE
        elif self._held and self._settled(current):
            self.over = Over.CURRENT
        return self.over is not Over.TIME

    def _integrate(self, moment: Array, bias: Array, current: Array) -> Array:
        """Return the charge passed up to each sample.

        A ramp is a staircase, each reading at the end of its step. A step begins with the conductance the one before has
        ended with: what flows then stands beside the readings, else a steep ramp would lose half a step of current all along.
        """
        times, values = np.repeat(moment, 2), np.repeat(current, 2)
        times[2::2] = moment[:-1]
        times[0] = self._last[0]
        before, true = np.append(self._last[1], bias[:-1]), np.append(self._last[2], current[:-1]) - self._zero.offset
        rise = np.divide(bias, before, out=np.zeros(len(bias)), where=before > LEAST_BIAS)
        values[0::2] = np.where(rise > 0.0, self._zero.offset + true * rise, current)
        between = np.abs(np.diff(current, prepend=self._last[2])) * np.diff(moment, prepend=times[0])
        self._unseen = max(self._unseen, float(np.nanmax(between)))
        self._last = (float(moment[-1]), float(bias[-1]), float(current[-1]))
        first = 1 if times[0] == 0.0 else 0  # what came before the first sample is the integral's own matter
        return self._integral.add(times[first:], values[first:])[1 - first :: 2]

    def _see_neck(self, moment: Array, bias: Array, current: Array) -> None:
        """Count what the neck carries while it may still be whole."""
        through = bias / self._neck
        carried, passed = float(np.mean(through)), float(np.nanmean(current)) - self._zero.offset
        if self._conducting and not (carried > CERTAIN * self._zero.error and passed < BROKEN * carried):
            self._through.add(moment, through)
        else:
            self._conducting = False

    def _settled(self, current: Array) -> bool:
        """Say whether the mean over QUIET_TIME is what it was over the one before."""
        self._second.append(current)
        found = np.concatenate(self._second)
        if len(found) < QUIET_TIME * self._plan.rate:
            return False
        mean, before = float(np.mean(found)), self._last_mean
        self._second, self._last_mean = [], mean
        free = abs(mean) < FREE * self._plan.compliance
        return bool(free and abs(mean - before) < self._plan.end_current)

    # --- what came of it

    def values(self, before: Checked, after: Checked) -> dict[str, Any]:
        """Return the columns of HEAL that the samples and the check ramps before and after decide."""
        plated, passed = self._plan.spot, self._passed_before + self._integral.total
        leak = self._leaked(before, after)
        stripped = passed - leak.charge
        lost = 0.0 if self._earlier is None else self._earlier.lost(self._first)
        offset, stray = self._zero.error * (self._start + self.time), STRAY * self._highest()
        # At which moment between two samples the current dropped most is not known.
        error = math.hypot(leak.error, offset, stray, self._integral.error, lost, self._unseen / math.sqrt(12))
        efficiency = stripped / plated.charge
        return {
            "plated": plated.charge,
            "plated_error": plated.error,
            "passed": passed,
            "leaked": leak.charge,
            "stripped": stripped,
            "stripped_error": error,
            "efficiency": efficiency,
            "efficiency_error": math.hypot(error, efficiency * plated.error) / plated.charge,
            "r_before": before.ohm,
            "r_after": after.ohm,
            "before_below": int(before.below),
            "after_below": int(after.below),
            "duration": self._start + self.time,
            "ended": int(self.over),
        }

    def _highest(self) -> float:
        return max((float(bias.max()) for _, bias, _ in self._parts), default=0.0)

    def _leaked(self, before: Checked, after: Checked) -> Leak:
        """Return what electrons carried: through the neck, and through what is healed (at most, where only bounded)."""
        time, bias, current = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        necks = [self._neck_leak(time, bias, current, self._neck)]
        drive = float(np.sum(np.diff(time, prepend=0.0) * bias))
        if self._earlier is not None:
            time, bias, current = (self._earlier.samples[name] for name in ("time", "bias", "current"))
            necks.append(self._neck_leak(time, bias, current, conducting(before)))
            drive += float(np.sum(np.diff(time, prepend=0.0) * bias))
        spot = drive / after.ohm
        healed = Leak(0.0, spot) if after.below else Leak(spot, LEAK_ERROR * spot)
        parts = [*necks, healed]
        return Leak(sum(part.charge for part in parts), math.hypot(*(part.error for part in parts)))

    def _neck_leak(self, time: Array, bias: Array, current: Array, neck: float) -> Leak:
        true = np.nan_to_num(current - self._zero.offset)
        applied = bias + true * self._plan.series_resistance
        stripping = Stripping(time, bias, applied, true, self._plan.compliance)
        return neck_leak(stripping, neck, abs(self._plan.check_bias))


def conducting(checked: Checked) -> float:
    """Return the resistance (ohm) of the neck that a check ramp has seen, infinite where it saw none."""
    return math.inf if checked.below else checked.ohm
