"""The check ramp before and after a heal: steps of bias too small to move lithium; their slope is the resistance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.records import ColumnInfo
from procedures.reading import ReadPlan, Resistance, ResistanceReader

STEPS = 5
CHECK_TABLE = "check_ramps"

CHECKS: Mapping[str, ColumnInfo] = {
    "after": ColumnInfo("1", "0 before healing, 1 after it", "u1"),
    "bias": ColumnInfo("V", "applied, the series resistor included"),
    "current": ColumnInfo("A", "current read, offset taken off"),
    "floor": ColumnInfo("A", "smallest |current| that counts with what read it"),
    "by": ColumnInfo("1", "0 read by the preamp, 1 by the source", "u1"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """Resistance (`ohm`) behind the series resistor by the slope of a check ramp; a lower bound where `below` the floor."""

    ohm: float
    below: bool


def check_ramp(lab: Bench, plan: ReadPlan, compliance: float, watch: Callable[[], None]) -> list[Resistance]:
    """Step to the plan's bias, reading at each step; the output is off afterwards."""
    reader = ResistanceReader(lab, plan, compliance)
    found = []
    lab.source.hold(0.0, compliance)
    try:
        reader.zero()
        for bias in np.linspace(0.0, plan.bias, STEPS + 1)[1:].tolist():
            watch()
            found.append(reader.read_at(bias))
    finally:
        lab.source.off()
    return found


def rows(readings: Sequence[Resistance], after: bool) -> dict[str, Any]:
    """Return the readings as rows of CHECKS."""
    return {
        "after": np.full(len(readings), after, dtype=np.uint8),
        "bias": np.array([one.applied for one in readings]),
        "current": np.array([one.current for one in readings]),
        "floor": np.array([one.floor for one in readings]),
        "by": np.array([one.by for one in readings], dtype=np.uint8),
    }


def slope(checks: Mapping[str, Any], series: float) -> Checked:
    """Return the resistance that rows of CHECKS show behind `series` (ohm).

    Least squares through the origin, each reading weighted by its floor: reading ranges of very different noise meet here.
    """
    bias, current, floor = (np.asarray(checks[name], dtype=np.float64) for name in ("bias", "current", "floor"))
    read = np.isfinite(current)
    weight = np.where(read, floor**-2.0, 0.0)
    total = float(np.sum(weight * bias**2))
    conductance, least = float(np.sum(weight * bias * np.where(read, current, 0.0))) / total, total**-0.5
    below = not conductance >= least
    return Checked(1.0 / (least if below else conductance) - series, below)
