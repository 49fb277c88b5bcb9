"""Layout "nanoprobe-run/1": which groups and arrays a run has, with dimensions, types, units and chunks."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanoprobe.records import CHECK_VALUES, POINT_VALUES, FrameBegin, PointLayout, PointState, TableBegin
from nanoprobe.roles import TripWay

SCHEMA = "nanoprobe-run/1"
WAYS = ("none", *(way.value for way in TripWay))
"""Meaning of the codes of `points/way`."""

Kind = Literal["f8", "f4", "c16", "i4", "u1", "str"]
_CHUNK_BYTES = 1 << 19
_MOST_ROWS = 64
_MOST_SAMPLES = 1 << 16
_TABLE_ROWS = 1024
SEGMENT_CHUNKS = 16
"""Chunks along the rows of a full segment of a table."""
_CF_TIME = {"units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian"}


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One array: `dims`, `kind` of its numbers, `chunks`, attributes (units among them)."""

    name: str
    dims: tuple[str, ...]
    kind: Kind
    chunks: tuple[int, ...]
    attrs: Mapping[str, Any]

    @property
    def fill(self) -> Any:
        """What stands where nothing was stored: NaN (both parts of a complex number), 0 or an empty text."""
        return {"f": np.nan, "c": complex(np.nan, np.nan), "s": ""}.get(self.kind[0], 0)

    @property
    def dtype(self) -> Any:
        """Type of the array in memory."""
        return np.dtypes.StringDType() if self.kind == "str" else np.dtype(self.kind)

    def blank(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return an array of `shape` with nothing stored yet."""
        return np.full(shape, self.fill, dtype=self.dtype)


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """One group: length of each dimension, its arrays, attributes; `coordinates` names the arrays that are such."""

    name: str
    sizes: Mapping[str, int]
    arrays: tuple[ArraySpec, ...]
    attrs: Mapping[str, Any]

    def shape(self, array: ArraySpec) -> tuple[int, ...]:
        """Return the shape of one of its arrays."""
        return tuple(self.sizes[dim] for dim in array.dims)

    def blank(self) -> dict[str, NDArray[Any]]:
        """Return every array with nothing stored yet."""
        return {array.name: array.blank(self.shape(array)) for array in self.arrays}


def points_group(layout: PointLayout | None) -> GroupSpec:
    """Group `points` (dim `point`): where, how far, and the scalars of each point. `None`: a run without points."""
    count = 0 if layout is None else len(layout.x)
    arrays = [_column("point", name, "f8", **attrs) for name, attrs in _POSITIONS.items()]
    arrays += [_column("point", "state", "u1", long_name="how far the point is", **_flags(PointState))]
    arrays += [_column("point", "way", "u1", long_name="who compared the current with the trip level", **_ways())]
    arrays += [_column("point", name, "f8", units=i.unit, long_name=i.meaning) for name, i in POINT_VALUES.items()]
    arrays += [_column("point", "reason", "str", long_name="why the point failed; empty where it did not")]
    grid = {} if layout is None or layout.shape is None else {"grid_shape": list(layout.shape)}
    return GroupSpec("points", {"point": count}, tuple(arrays), {"coordinates": "x y", **grid})


def ramps_group(layout: PointLayout | None, samples: int | None = None) -> GroupSpec:
    """Group `ramps` (dims `point`, `sample`): the samples of each point, NaN past its `n_samples`.

    `samples`: longest ramp, where one came out longer than the layout said.
    """
    count = 0 if layout is None else len(layout.x)
    planned = 1 if layout is None else max(1, layout.samples)
    rows = ramp_rows(planned)
    series = [
        ArraySpec(name, ("point", "sample"), "f8", (rows, min(planned, _MOST_SAMPLES)), attrs)
        for name, attrs in _SERIES.items()
    ]
    lengths = _column("point", "n_samples", "i4", units="1", long_name="number of samples of the ramp")
    sizes = {"point": count, "sample": 0 if layout is None else max(layout.samples, samples or 0)}
    return GroupSpec("ramps", sizes, (*series, lengths), {})


def ramp_rows(samples: int) -> int:
    """Return how many ramps share a chunk."""
    return max(1, min(_MOST_ROWS, _CHUNK_BYTES // (8 * max(1, samples))))


def frame_group(begin: FrameBegin) -> GroupSpec:
    """Group `frames/N` (dims `direction`, `y`, `x`): one image, a variable per channel, and `line_state`."""
    plan, dims = begin.plan, ("direction", "y", "x")
    chunks = (2, frame_rows(begin), plan.pixels)
    channels = [ArraySpec(n, dims, "f4", chunks, {"units": begin.units.get(n, "1")}) for n in plan.channels]
    place = {"units": "m", "long_name": "pixel centre along the frame's own axis, as if it were not turned"}
    axes = [ArraySpec(name, (name,), "f8", (size,), place) for name, size in (("y", plan.lines), ("x", plan.pixels))]
    direction = ArraySpec("direction", ("direction",), "str", (2,), {"long_name": "fast-axis direction of the scan"})
    state = {
        "units": "1",
        "long_name": "0 line not measured, n measured in the n-th scan of this frame (1 unless it was taken up again)",
    }
    lines = ArraySpec("line_state", ("y",), "u1", (plan.lines,), state)
    sizes = {"direction": 2, "y": plan.lines, "x": plan.pixels}
    return GroupSpec(f"frames/{begin.index}", sizes, (*channels, lines, *axes, direction), _frame_attrs(begin))


def frame_rows(begin: FrameBegin) -> int:
    """Return how many lines of an image share a chunk."""
    return max(1, min(begin.plan.lines, _CHUNK_BYTES // (8 * begin.plan.pixels)))


def checks_group(count: int) -> GroupSpec:
    """Group `checks` (dim `check`): the scalars of each contact check in the order they were made."""
    arrays = [_column("check", name, "f8", units=i.unit, long_name=i.meaning) for name, i in CHECK_VALUES.items()]
    arrays += [_column("check", "passed", "u1", units="1", long_name="1 the check passed")]
    arrays += [_column("check", "time", "f8", long_name="when the check ended, UTC", **_CF_TIME)]
    arrays += [_column("check", "reason", "str", long_name="why the check failed; empty where it did not")]
    return GroupSpec("checks", {"check": count}, tuple(arrays), {})


def events_group(count: int) -> GroupSpec:
    """Group `events` (dim `event`): the run's log."""
    arrays = (_column("event", "time", "f8", long_name="UTC", **_CF_TIME), _column("event", "text", "str"))
    return GroupSpec("events", {"event": count}, arrays, {})


def table_segment(begin: TableBegin, index: int, rows: int) -> GroupSpec:
    """Group `NAME/index`: `rows` rows of a table behind those of the segments before it, inner axes beside them."""
    lengths = {dim: len(values) for dim, (values, _, _) in begin.coords.items()}
    most = table_chunk(begin)
    columns = [
        ArraySpec(
            name,
            (begin.dim, *info.dims),
            info.kind,
            (most, *(lengths[dim] for dim in info.dims)),
            {"units": info.unit, "long_name": info.meaning},
        )
        for name, info in begin.columns.items()
    ]
    axes = [
        ArraySpec(dim, (dim,), "f8", (lengths[dim],), {"units": unit, "long_name": meaning})
        for dim, (_, unit, meaning) in begin.coords.items()
    ]
    attrs = {"table": begin.name, "dim": begin.dim, "meaning": begin.meaning, "first_row": index * table_rows(begin)}
    return GroupSpec(f"{begin.name}/{index}", {begin.dim: rows, **lengths}, (*columns, *axes), attrs)


def table_chunk(begin: TableBegin) -> int:
    """Return how many rows of a table share a chunk."""
    sizes = [math.prod(len(begin.coords[dim][0]) for dim in info.dims) for info in begin.columns.values()]
    return max(1, min(_MOST_SAMPLES, _CHUNK_BYTES // (8 * max(1, *sizes, 1))))


def table_rows(begin: TableBegin) -> int:
    """Return how many rows a full segment of a table has."""
    return SEGMENT_CHUNKS * table_chunk(begin)


def _column(dim: str, name: str, kind: Kind, **attrs: Any) -> ArraySpec:
    return ArraySpec(name, (dim,), kind, (_TABLE_ROWS,), attrs)


def _flags(states: type[PointState]) -> dict[str, Any]:
    return {"flag_values": [int(s) for s in states], "flag_meanings": " ".join(s.name.lower() for s in states)}


def _ways() -> dict[str, Any]:
    return {"flag_values": list(range(len(WAYS))), "flag_meanings": " ".join(WAYS)}


def _frame_attrs(begin: FrameBegin) -> dict[str, Any]:
    plan, frame = begin.plan, begin.plan.frame
    place = {"centre_x": frame.x, "centre_y": frame.y, "width": frame.width, "height_of_frame": frame.height}
    note = {"units_of_attributes": "m, rad, s"}
    return {"purpose": begin.purpose, "angle": frame.angle, "line_time": plan.line_time, **place, **note}


def frame_axes(begin: FrameBegin) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the coordinates of an image: `x` and `y` (m) and the names of the two directions."""
    x, y = begin.plan.frame.pixel_axes(begin.plan.pixels, begin.plan.lines)
    yield "x", x
    yield "y", y
    yield "direction", np.array(["trace", "retrace"], dtype=np.dtypes.StringDType())


_POSITIONS = {
    "x": {"units": "m", "long_name": "scanner x, corrected for drift once the point was begun"},
    "y": {"units": "m", "long_name": "scanner y, corrected for drift once the point was begun"},
    "x_planned": {"units": "m", "long_name": "scanner x as planned"},
    "y_planned": {"units": "m", "long_name": "scanner y as planned"},
}
_SERIES = {
    "time": {"units": "s", "long_name": "time on the instrument's clock"},
    "bias": {"units": "V", "long_name": "tip minus counter electrode, behind the series resistor; plating is negative"},
    "bias_source": {"units": "V", "long_name": "voltage at the source, its own sign"},
    "current": {"units": "A", "long_name": "electrode current; cathodic is negative"},
}
