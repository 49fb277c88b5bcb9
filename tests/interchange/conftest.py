"""A small run with everything a run can hold, written as a run is."""

import numpy as np
import pytest

from nanoprobe.geometry import Frame
from nanoprobe.records import (
    CheckDone,
    ColumnInfo,
    FrameBegin,
    FrameLine,
    PointBegin,
    PointLayout,
    RampDone,
    TableBegin,
    TableRows,
)
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunHeader, RunWriter

FRAME = Frame(x=2e-6, y=-1e-6, width=4e-6, height=3e-6, angle=0.2)
LINES, PIXELS = 6, 8
HEIGHT = np.add.outer(np.arange(LINES) * 1e-9, np.arange(PIXELS) * 1e-10)


def header(procedure="trigger-map", simulated=True):
    empty = {name: {} for name in ("parameters", "plan", "bench", "identities", "versions", "tip")}
    texts = dict.fromkeys(("plan_sha256", "operator"), "")
    return RunHeader(
        procedure=procedure, simulated=simulated, sample="LLZO", sign_convention="plating negative",
        started="2026-01-02T03:04:05+00:00", **empty, **texts,
    )  # fmt: skip


def write_frame(writer, index=0, purpose="map", lines=LINES - 1):
    """The last line was never scanned."""
    plan = ScanPlan(frame=FRAME, pixels=PIXELS, lines=LINES, line_time=1.0, channels=("height", "current"))
    writer.record(FrameBegin(index, plan, {"height": "m", "current": "A"}, purpose))
    for line in range(lines):
        height = np.stack([HEIGHT[line], HEIGHT[line] + 1e-12]).astype(np.float32)
        writer.record(FrameLine(index, ScanLine(line, {"height": height, "current": -height * 1e-3})))


def write_points(writer):
    writer.record(PointLayout(np.array([2e-6, 3e-6]), np.array([-1e-6, -1e-6]), samples=5))
    time = np.arange(4) * 0.1
    for point in range(2):
        writer.record(PointBegin(index=point, x=2e-6 + point * 1e-6, y=-1e-6))
        values = {"triggered": 1.0, "trigger_last_below": -2.0, "trigger_first_above": -2.1, "charge": -1e-12}
        series = {"time": time, "bias": -time, "bias_source": -time, "current": -time * 1e-9}
        writer.record(RampDone(point=point, way="host", values=values, **series))
    writer.record(CheckDone(passed=True, values={"force": 5e-9, "contact_resistance": 1e9}))


def write_table(writer):
    columns = {"charge": ColumnInfo("C", "passed"), "z": ColumnInfo("ohm", "impedance", "c16", ("frequency",))}
    axis = (np.array([1.0, 10.0, 100.0]), "Hz", "frequency of the excitation")
    writer.record(TableBegin(name="spectra", dim="spectrum", columns=columns, coords={"frequency": axis}))
    z = np.array([[1 + 1j, 2 + 2j, 3 + 3j]])
    writer.record(TableRows(table="spectra", values={"charge": np.array([1e-3]), "z": z}))


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.zarr"
    with RunWriter.create(path, header()) as writer:
        write_frame(writer, purpose="drift", lines=LINES)
        write_frame(writer, 1)
        write_points(writer)
        write_table(writer)
        writer.finish("finished")
    return path
