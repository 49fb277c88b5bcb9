"""Records as bytes: every kind comes back equal, and no bytes at all do worse than StorageError."""

import contextlib
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nanoprobe.errors import StorageError
from nanoprobe.geometry import Frame
from nanoprobe.records import (
    CheckDone,
    FrameBegin,
    FrameLine,
    Note,
    PointBegin,
    PointLayout,
    PointState,
    RampDone,
    Samples,
)
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import Finished, Resumed
from nanoprobe.storage.codec import Parts, from_bytes, to_bytes
from nanoprobe.storage.kinds import decode, encode

line = np.array([0.0, -1.5, np.nan, np.inf])
scan = ScanPlan(frame=Frame(x=0.0, y=1e-6, width=1e-6, height=2e-6, angle=0.2), pixels=2, lines=3, line_time=0.5)
RECORDS = {
    "resumed": Resumed(),
    "finished": Finished("aborted", "by hand"),
    "note": Note("µm and \x00"),
    "layout": PointLayout(line, line, 7, (2, 2)),
    "list": PointLayout(line[:0], line[:0], 0),
    "frame": FrameBegin(3, scan, {"height": "m"}, "drift"),
    "line": FrameLine(3, ScanLine(1, {"height": np.ones((2, 2), np.float32)})),
    "point": PointBegin(index=2, x=1e-6, y=2e-6, attempt=2),
    "samples": Samples(point=1, time=line, bias=line, bias_source=line, current=line),
    "ramp": RampDone(
        point=1, time=line, bias=line, bias_source=line, current=line, values={"charge": float("nan"), "triggered": 1.0},
        way="host", state=PointState.FAILED, reason="no contact",
    ),
    "check": CheckDone(False, {"force": 5e-8, "snap_in": float("nan")}, "too soft"),
}  # fmt: skip


def plain(value):
    """Return a record as nested lists, so that NaN equals NaN."""
    if dataclasses.is_dataclass(value):
        return [type(value).__name__, *(plain(getattr(value, field.name)) for field in dataclasses.fields(value))]
    if isinstance(value, np.ndarray):
        return [value.dtype.str, repr(value.tolist())]
    if isinstance(value, dict) or hasattr(value, "items"):
        return [(name, plain(item)) for name, item in value.items()]
    return repr(value)


@pytest.mark.parametrize("name", RECORDS)
def test_every_kind_of_record_comes_back_equal(name):
    stamped = decode(encode(RECORDS[name], 12.5))
    assert stamped.at == 12.5
    assert plain(stamped.record) == plain(RECORDS[name])


@given(
    arrays.arrays(st.sampled_from(["<f8", "<f4"]), arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6))
)
def test_arrays_come_back_bit_by_bit(values):
    parts = from_bytes(to_bytes(Parts("x", 0.0, {}, {"values": values})))
    assert parts.arrays["values"].tobytes() == values.tobytes()
    assert parts.arrays["values"].shape == values.shape


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_a_changed_record_is_understood_or_refused(name, data):
    payload = bytearray(encode(RECORDS[name], 0.0))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    del payload[data.draw(st.integers(len(payload) // 2, len(payload))) :]
    with contextlib.suppress(StorageError):
        decode(bytes(payload))


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_understood_or_refused(payload):
    with pytest.raises(StorageError, match="of the journal cannot be understood"):
        decode(payload)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (Parts("teleport", 0.0, {}, {}), "unknown kind 'teleport': written by a newer version"),
        (Parts("note", 0.0, {"words": ""}, {}), "a note record of the journal is malformed"),
        (Parts("point", 0.0, {}, {}), "a point record of the journal is malformed"),
    ],
    ids=["kind", "field", "missing"],
)
def test_a_record_of_another_shape_is_refused(parts, message):
    with pytest.raises(StorageError, match=message):
        decode(to_bytes(parts))
