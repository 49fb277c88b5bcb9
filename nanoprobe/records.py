"""What a procedure reports while it runs, besides PyMeasure's `results` rows: one frozen record a topic.

Topics (first argument of `emit`): `layout`, `frame`, `line`, `point`, `samples`, `ramp`, `check`, `table`, `rows`, `note`.
PyMeasure's own worker ignores them; our engine stores them and hands them to every subscriber. Signs here are the stored
ones (bias, electrode current), never an instrument's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

from numpy.typing import NDArray

from nanoprobe.roles import Array, ScanLine, ScanPlan


class PointState(IntEnum):
    """How far a point is. Integers, since a missing value must differ from a measured NaN."""

    PLANNED = 0
    BEGUN = 1
    DONE = 2
    FAILED = 3
    INTERRUPTED = 4


@dataclass(frozen=True, slots=True)
class PointLayout:
    """Topic `layout`: the points to come. `x`, `y` m (as planned), shape (points,); `samples`: longest ramp."""

    x: Array
    y: Array
    samples: int
    shape: tuple[int, int] | None = None
    """(ny, nx) where the points fill a grid, row by row."""


@dataclass(frozen=True, slots=True)
class FrameBegin:
    """Topic `frame`: image `index` begins. `units[channel]` is its SI unit; `purpose` is "map", "drift" or "patch"."""

    index: int
    plan: ScanPlan
    units: Mapping[str, str]
    purpose: str = "map"


@dataclass(frozen=True, slots=True)
class FrameLine:
    """Topic `line`: one line of image `frame`, current channels already as electrode current."""

    frame: int
    line: ScanLine


@dataclass(frozen=True, slots=True, kw_only=True)
class PointBegin:
    """Topic `point`: the bias is about to rise at point `index`; kept for good before it does.

    `x`, `y` m as corrected for drift; `attempt` counts from 1; `drift_x`, `drift_y` m and `drift_confidence` 0..1
    (NaN where drift was never measured) say which correction was used.
    """

    index: int
    x: float
    y: float
    attempt: int = 1
    drift_x: float = 0.0
    drift_y: float = 0.0
    drift_confidence: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Topic `samples`: part of a running ramp as fetched; `bias` V, `bias_source` V, `current` A, `time` s, shape (n,)."""

    point: int
    time: Array = field(repr=False)
    bias: Array = field(repr=False)
    bias_source: Array = field(repr=False)
    current: Array = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RampDone:
    """Topic `ramp`: the whole ramp of a point and its verdict; this commits the point.

    `values` are the point's scalars by their stored names (`triggered`, `trigger_last_below`, ... see
    `nanoprobe.records.POINT_VALUES`).
    """

    point: int
    time: Array = field(repr=False)
    bias: Array = field(repr=False)
    bias_source: Array = field(repr=False)
    current: Array = field(repr=False)
    values: Mapping[str, float]
    way: str
    state: PointState = PointState.DONE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckDone:
    """Topic `check`: the scalars of one contact check (see CHECK_VALUES) and whether it passed."""

    passed: bool
    values: Mapping[str, float]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of a table: SI `unit` ("1" for none), meaning, type of its numbers, and its inner dimensions, if any."""

    unit: str
    meaning: str
    kind: Literal["f8", "c16", "i4", "u1"] = "f8"
    dims: tuple[str, ...] = ()


InnerAxis = tuple[Array, str, str]
"""An inner dimension's coordinate: values (shape (n,)), SI unit, meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBegin:
    """Topic `table`: a table of unplanned length begins (a cycle, a sample, a spectrum a row).

    `name` and the names of columns and dimensions are letters, digits and underscores; `dim` names the rows. `coords`
    has an axis for every inner dimension of the columns. Said again in the same words, as a resumed procedure does,
    it changes nothing.
    """

    name: str
    dim: str
    columns: Mapping[str, ColumnInfo]
    coords: Mapping[str, InnerAxis] = field(default_factory=dict)
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """Topic `rows`: further rows of `table`, committed together. `values[column]` has shape (n, *inner dimensions)."""

    table: str
    values: Mapping[str, NDArray[Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Topic `note`: something that belongs into the run's log."""

    text: str


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """What a stored scalar is: SI `unit` ("1" for none) and meaning."""

    unit: str
    meaning: str


POINT_VALUES: Mapping[str, ValueInfo] = {
    "triggered": ValueInfo("1", "1 a dendrite triggered, 0 censored at the end of the ramp"),
    "trigger_last_below": ValueInfo("V", "bias of the last sample before the trigger; NaN when censored"),
    "trigger_first_above": ValueInfo("V", "bias of the first sample of the trigger; NaN when censored"),
    "censored_at": ValueInfo("V", "largest bias reached without a trigger; NaN when triggered"),
    "charge": ValueInfo("C", "integral of the current over the ramp"),
    "charge_after_trigger": ValueInfo("C", "charge passed from the trigger to output off"),
    "peak_current": ValueInfo("A", "largest |current| of the ramp"),
    "overshoot": ValueInfo("A", "largest |current| beyond the trip level"),
    "tripped": ValueInfo("1", "1 the instrument's own comparison ended the ramp"),
    "trip_latency": ValueInfo("s", "from the sample that tripped to the first reading with output off"),
    "in_compliance": ValueInfo("1", "1 the source reached its current limit"),
    "height_change": ValueInfo("m", "Z after the ramp minus Z before it"),
    "force": ValueInfo("N", "force after landing"),
    "preamp_current": ValueInfo("A", "largest |current| seen by the preamp between polls; NaN where it is not read"),
    "baseline_ratio": ValueInfo("1", "|current| at the trigger over the exponential fit of the preceding 0.5 V"),
    "hysteresis_area": ValueInfo("W", "integral of current over bias, return leg included; NaN without one"),
    "attempt": ValueInfo("1", "how many times this point was tried"),
    "drift_x": ValueInfo("m", "drift correction in x that was applied"),
    "drift_y": ValueInfo("m", "drift correction in y that was applied"),
    "drift_confidence": ValueInfo("1", "score 0..1 of the image match behind the correction; NaN if none"),
}

CHECK_VALUES: Mapping[str, ValueInfo] = {
    "x": ValueInfo("m", "scanner x of the check"),
    "y": ValueInfo("m", "scanner y of the check"),
    "force": ValueInfo("N", "force at the setpoint"),
    "snap_in": ValueInfo("N", "force at which the tip jumped into contact, negative; NaN where not seen"),
    "adhesion": ValueInfo("N", "pull-off force, positive"),
    "adhesion_uncertainty": ValueInfo("N", "standard uncertainty of the pull-off force; infinite where none was seen"),
    "contact_resistance": ValueInfo("ohm", "resistance of the contact behind the series resistor"),
    "current_noise": ValueInfo("A", "rms of the current at the test bias"),
    "open_circuit_voltage": ValueInfo("V", "bias at which no current flows; NaN where below the floor"),
}
