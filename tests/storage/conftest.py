"""A small run and its records, the same in every test of storage."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanoprobe.geometry import Frame
from nanoprobe.records import ColumnInfo, FrameBegin, FrameLine, PointLayout, RampDone, TableBegin, TableRows
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunHeader


@pytest.fixture
def header() -> RunHeader:
    return RunHeader(
        procedure="trigger-map",
        parameters={"force": 5e-8},
        plan={"procedure": "trigger-map"},
        plan_sha256="0" * 64,
        bench={"bench": {"name": "demo"}},
        simulated=True,
        identities={"source_meter": "KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7.12b"},
        versions={"nanoprobe": "0.1.0"},
        sample="LLZO 7",
        operator="ada",
        tip={"id": "PtSi 3"},
        sign_convention="bias = tip - counter",
        started="2026-11-22T00:00:00+00:00",
    )


@pytest.fixture
def layout() -> PointLayout:
    return PointLayout(np.arange(6) * 1e-6, np.arange(6) * 2e-6, 8, (2, 3))


@pytest.fixture
def ramp() -> Callable[..., RampDone]:
    def make(point: int, samples: int = 8, **changes: object) -> RampDone:
        line = np.arange(samples, dtype=np.float64)
        series = {"time": line * 0.02, "bias": -line, "bias_source": line, "current": -(line + point) * 1e-12}
        values = {"triggered": 1.0, "trigger_last_below": -2.5, "trigger_first_above": -2.51, "charge": -1e-12}
        fields = {"point": point, **series, "values": values, "way": "source-meter", **changes}
        return RampDone(**fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def frame() -> Callable[..., FrameBegin]:
    def make(index: int = 0, lines: int = 4, pixels: int = 5, purpose: str = "map") -> FrameBegin:
        place = Frame(x=1e-6, y=2e-6, width=5e-6, height=4e-6, angle=0.1)
        plan = ScanPlan(frame=place, pixels=pixels, lines=lines, line_time=1.0)
        return FrameBegin(index, plan, {"height": "m", "current": "A"}, purpose)

    return make


@pytest.fixture
def line() -> Callable[..., FrameLine]:
    def make(frame: int, index: int, pixels: int = 5, scale: float = 1.0) -> FrameLine:
        values = np.arange(2 * pixels, dtype=np.float32).reshape(2, pixels) * np.float32(scale) + index
        return FrameLine(frame, ScanLine(index, {"height": values, "current": -values}))

    return make


@pytest.fixture
def spectra() -> TableBegin:
    """A table of 1024 rows a chunk: scalars of three kinds and a complex spectrum a row."""
    return TableBegin(
        name="spectra",
        dim="spectrum",
        columns={
            "time": ColumnInfo("s", "when it began"),
            "impedance": ColumnInfo("ohm", "what opposes the current", "c16", ("frequency",)),
            "cycle": ColumnInfo("1", "which cycle it belongs to", "i4"),
            "valid": ColumnInfo("1", "1 it passed its test", "u1"),
        },
        coords={"frequency": (np.geomspace(1e5, 1e-1, 64), "Hz", "of the excitation")},
        meaning="impedance along the run",
    )


@pytest.fixture
def spectra_rows() -> Callable[..., TableRows]:
    def make(first: int, count: int = 1) -> TableRows:
        rows = np.arange(first, first + count)
        impedance = (rows[:, None] + 1) * np.exp(1j * np.arange(64))
        return TableRows(
            table="spectra", values={"time": rows * 0.5, "impedance": impedance, "cycle": rows, "valid": rows % 2 == 0}
        )

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.zarr"
