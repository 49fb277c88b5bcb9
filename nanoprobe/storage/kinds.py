"""Each kind of record taken apart and put together: the one place that knows the fields of records on disk."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.geometry import Frame
from nanoprobe.records import (
    CheckDone,
    ColumnInfo,
    FrameBegin,
    FrameLine,
    Note,
    PointBegin,
    PointLayout,
    PointState,
    RampDone,
    Samples,
    TableBegin,
    TableRows,
)
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage.codec import Parts, from_bytes, to_bytes
from nanoprobe.storage.header import Finished, Resumed, RunHeader

Record = (
    RunHeader
    | Resumed
    | Finished
    | PointLayout
    | FrameBegin
    | FrameLine
    | PointBegin
    | Samples
    | RampDone
    | CheckDone
    | TableBegin
    | TableRows
    | Note
)
Fields = Mapping[str, Any]
Arrays = Mapping[str, NDArray[Any]]
SERIES = ("time", "bias", "bias_source", "current")
"""The arrays of a ramp, shape (n,) each."""


class Stamped(NamedTuple):
    """A record and when it was written (`at`, s since 1970 UTC)."""

    at: float
    record: Record


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    split: Callable[[Any], tuple[Fields, Arrays]]
    join: Callable[[Fields, Arrays], Record]


def encode(record: Record, at: float) -> bytes:
    """Return the journal's bytes of `record`, written at `at` (s since 1970). Raises BadInput for an unknown type."""
    kind = _BY_TYPE.get(type(record))
    if kind is None:
        raise BadInput(f"a run stores no {type(record).__name__}; it stores {', '.join(t.__name__ for t in _BY_TYPE)}")
    fields, arrays = kind.split(record)
    return to_bytes(Parts(kind.name, at, fields, arrays))


def decode(payload: bytes) -> Stamped:
    """Return the record of a payload. Raises StorageError when it is none."""
    parts = from_bytes(payload)
    kind = _BY_NAME.get(parts.kind)
    if kind is None:
        raise StorageError(f"the journal holds a record of unknown kind {parts.kind!r}: written by a newer version?")
    try:
        return Stamped(parts.at, kind.join(parts.fields, parts.arrays))
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"a {parts.kind} record of the journal is malformed ({error!r})") from None


def _plain(cls: type[Any]) -> Callable[[Fields, Arrays], Any]:
    return lambda fields, arrays: cls(**fields, **arrays)


def _split_layout(record: PointLayout) -> tuple[Fields, Arrays]:
    shape = None if record.shape is None else list(record.shape)
    return {"samples": record.samples, "shape": shape}, {"x": _float(record.x), "y": _float(record.y)}


def _join_layout(fields: Fields, arrays: Arrays) -> PointLayout:
    shape = fields["shape"]
    return PointLayout(
        arrays["x"], arrays["y"], int(fields["samples"]), None if shape is None else (shape[0], shape[1])
    )


def _split_frame(record: FrameBegin) -> tuple[Fields, Arrays]:
    plan = asdict(record.plan)
    return {"index": record.index, "plan": plan, "units": dict(record.units), "purpose": record.purpose}, {}


def _join_frame(fields: Fields, arrays: Arrays) -> FrameBegin:
    plan = dict(fields["plan"])
    frame, channels = Frame(**plan.pop("frame")), tuple(plan.pop("channels"))
    scan = ScanPlan(frame=frame, channels=channels, **plan)
    return FrameBegin(int(fields["index"]), scan, dict(fields["units"]), str(fields["purpose"]))


def _split_line(record: FrameLine) -> tuple[Fields, Arrays]:
    values = {name: np.asarray(line, dtype=np.float32) for name, line in record.line.values.items()}
    return {"frame": record.frame, "index": record.line.index}, values


def _join_line(fields: Fields, arrays: Arrays) -> FrameLine:
    return FrameLine(int(fields["frame"]), ScanLine(int(fields["index"]), arrays))


def _split_point(record: PointBegin) -> tuple[Fields, Arrays]:
    return asdict(record), {}


def _split_samples(record: Samples) -> tuple[Fields, Arrays]:
    return {"point": record.point}, {name: _float(getattr(record, name)) for name in SERIES}


def _split_ramp(record: RampDone) -> tuple[Fields, Arrays]:
    arrays = {name: _float(getattr(record, name)) for name in SERIES}
    arrays["values"] = np.array([float(value) for value in record.values.values()], dtype=np.float64)
    names = list(record.values)
    fields = {"point": record.point, "names": names, "way": record.way, "state": int(record.state)}
    return {**fields, "reason": record.reason}, arrays


def _join_ramp(fields: Fields, arrays: Arrays) -> RampDone:
    values = dict(zip(fields["names"], map(float, arrays["values"]), strict=True))
    series = {name: arrays[name] for name in SERIES}
    state, reason = PointState(fields["state"]), str(fields["reason"])
    return RampDone(point=int(fields["point"]), **series, values=values, way=fields["way"], state=state, reason=reason)


def _split_check(record: CheckDone) -> tuple[Fields, Arrays]:
    values = {name: float(value) for name, value in record.values.items()}
    return {"passed": bool(record.passed), "values": values, "reason": record.reason}, {}


def _split_table(record: TableBegin) -> tuple[Fields, Arrays]:
    columns = {name: asdict(info) for name, info in record.columns.items()}
    axes = {dim: [unit, meaning] for dim, (_, unit, meaning) in record.coords.items()}
    fields = {"name": record.name, "dim": record.dim, "columns": columns, "axes": axes, "meaning": record.meaning}
    return fields, {dim: _float(values) for dim, (values, _, _) in record.coords.items()}


def _join_table(fields: Fields, arrays: Arrays) -> TableBegin:
    columns = {
        name: ColumnInfo(**{**info, "dims": tuple(info["dims"])}) for name, info in dict(fields["columns"]).items()
    }
    coords = {dim: (arrays[dim], str(unit), str(meaning)) for dim, (unit, meaning) in dict(fields["axes"]).items()}
    return TableBegin(
        name=str(fields["name"]), dim=str(fields["dim"]), columns=columns, coords=coords, meaning=str(fields["meaning"])
    )


def _split_rows(record: TableRows) -> tuple[Fields, Arrays]:
    return {"table": record.table}, {name: _stored(np.asarray(values)) for name, values in record.values.items()}


def _join_rows(fields: Fields, arrays: Arrays) -> TableRows:
    return TableRows(table=str(fields["table"]), values=arrays)


def _stored(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array of a type the journal knows: double, complex or 32-bit whole numbers (the ledger saw they fit)."""
    return values.astype({"f": "f8", "c": "c16"}.get(values.dtype.kind, "i4"), copy=False)


def _float(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


_BY_TYPE: Mapping[type[Any], _Kind] = {
    RunHeader: _Kind("run", lambda record: (asdict(record), {}), _plain(RunHeader)),
    Resumed: _Kind("resumed", lambda record: ({}, {}), _plain(Resumed)),
    Finished: _Kind("finished", lambda record: (asdict(record), {}), _plain(Finished)),
    PointLayout: _Kind("layout", _split_layout, _join_layout),
    FrameBegin: _Kind("frame", _split_frame, _join_frame),
    FrameLine: _Kind("line", _split_line, _join_line),
    PointBegin: _Kind("point", _split_point, _plain(PointBegin)),
    Samples: _Kind("samples", _split_samples, _plain(Samples)),
    RampDone: _Kind("ramp", _split_ramp, _join_ramp),
    CheckDone: _Kind("check", _split_check, _plain(CheckDone)),
    TableBegin: _Kind("table", _split_table, _join_table),
    TableRows: _Kind("rows", _split_rows, _join_rows),
    Note: _Kind("note", lambda record: ({"text": record.text}, {}), _plain(Note)),
}
_BY_NAME = {kind.name: kind for kind in _BY_TYPE.values()}
