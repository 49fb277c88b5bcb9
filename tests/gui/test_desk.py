"""What passes between the models: picks into plans, stored runs onto the map and into the ramps."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gui.desk import Desk
from gui.exporting import FORMATS, export_as
from gui.reporting import write_report_of
from gui.session_state import Phase
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.plan import Plan
from nanoprobe.records import FrameBegin, FrameLine
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunWriter
from tests.gui.conftest import empty_header, until


@pytest.fixture
def planning(desk: Desk) -> Desk:
    desk.start()
    until(lambda: desk.experiment.experiments, desk.session)
    return desk


def places(desk: Desk) -> Any:
    return desk.experiment.plan().build().points


def test_picks_go_over_to_the_procedure_that_is_chosen_after_them(planning: Desk) -> None:
    planning.experiment.choose("current-map")
    planning.picks.add_point(1e-6, 2e-6)
    planning.experiment.choose("trigger-map")
    assert places(planning) == [[1e-6, 2e-6]]


def test_a_plan_with_places_of_its_own_keeps_them(planning: Desk) -> None:
    planning.picks.add_point(1e-6, 2e-6)
    planning.experiment.choose("current-map")
    planning.experiment.show_plan(Plan(procedure="trigger-map", parameters={"points": [[3e-6, 0.0]]}))
    assert places(planning) == [[3e-6, 0.0]]


def test_undone_picks_leave_the_plan_again(planning: Desk) -> None:
    planning.experiment.choose("trigger-map")
    planning.picks.add_point(1e-6, 2e-6)
    planning.picks.undo()
    assert places(planning) == []


@pytest.fixture
def measured(desk: Desk, lab_starter: Callable[..., Any], tmp_path: Path) -> Path:
    """A finished trigger map with a current map before it."""
    desk.session.open(str(lab_starter().bench_file))
    until(lambda: desk.session.state.phase is Phase.OPEN, desk.session)
    parameters = {
        "nx": 2, "ny": 2, "rate": 5.0, "image_every": 0, "check_every": 0, "pitch": 0.5e-6,
        "map_first": True, "map_pixels": 32, "map_line_rate": 2.0,
    }  # fmt: skip
    desk.queue.add(Plan(procedure="trigger-map", parameters=parameters), tmp_path / "a.zarr")
    until(lambda: desk.session.state.last_status == "finished", desk.session)
    return tmp_path / "a.zarr"


def test_a_stored_run_looks_like_the_live_one_did(desk: Desk, measured: Path) -> None:
    live = desk.map.points
    live_frame = desk.map.frame
    assert live_frame is not None
    desk.runs.open(measured)
    until(lambda: desk.map.points is not live, desk.session)
    stored, frame = desk.map.points, desk.map.frame
    assert frame is not None
    assert frame is not live_frame
    assert np.array_equal(frame.values["current"], live_frame.values["current"])
    assert frame.frame == live_frame.frame
    for name in ("x", "y", "voltage", "state", "triggered"):
        assert np.allclose(getattr(stored, name), getattr(live, name), equal_nan=True), name


def test_another_channel_of_a_stored_run_is_read_when_it_is_chosen(desk: Desk, measured: Path) -> None:
    live = desk.map.points
    desk.runs.open(measured)
    until(lambda: desk.map.points is not live, desk.session)
    frame = desk.map.frame
    assert frame is not None
    assert set(frame.values) == {"current"}
    desk.map.show(channel="height")
    until(lambda: "height" in frame.values, desk.session)
    pixels = desk.map.pixels()
    assert pixels is not None
    assert pixels.update()
    assert (pixels.bytes > 0).all()


def test_a_ramp_of_a_stored_run_is_the_one_that_was_seen(desk: Desk, measured: Path) -> None:
    desk.ramp.look_at(2)
    seen = desk.ramp.shown
    assert seen is not None
    desk.ramp.clear(measured)
    desk.ramp.look_at(2)
    until(lambda: desk.ramp.shown is not None, desk.session)
    read = desk.ramp.shown
    assert read is not None
    assert np.array_equal(read.current, seen.current)
    assert read.bracket == seen.bracket
    assert read.verdict() == seen.verdict()


@pytest.mark.parametrize("kind", sorted(FORMATS.values()))
def test_a_run_is_exported_in_every_format_offered(measured: Path, tmp_path: Path, kind: str) -> None:
    files = export_as(kind, {measured: tmp_path / "b"})
    assert files
    assert all(file.stat().st_size > 100 for file in files)


def test_an_export_that_cannot_be_written_says_where_and_why(measured: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere.b\.csv: its folder does not exist"):
        export_as("csv", {measured: tmp_path / "nowhere" / "b"})


def test_the_report_on_a_run_is_one_html_file(measured: Path, tmp_path: Path) -> None:
    text = write_report_of([measured], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "simulated" in text
    assert "<svg" in text or "data:image" in text


def test_points_of_another_run_are_laid_over_the_open_one(desk: Desk, measured: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zarr"
    shutil.copytree(measured, other)
    live = desk.map.points
    desk.runs.open(measured)
    until(lambda: desk.map.points is not live, desk.session)
    drawn = desk.map.points
    desk.runs.select((other,))
    desk.runs.overlay()
    until(lambda: desk.map.overlays, desk.session)
    assert [overlay.name for overlay in desk.map.overlays] == ["other"]
    assert desk.map.points is drawn
    assert np.array_equal(desk.map.overlays[0].points.voltage, drawn.voltage)
    desk.runs.open(other)
    until(lambda: not desk.map.overlays, desk.session)


def test_a_stored_run_looked_at_during_a_run_takes_nothing_from_it(desk: Desk, measured: Path, tmp_path: Path) -> None:
    plan = Plan(procedure="current-map", parameters={"pixels": 32, "line_rate": 2.0})
    desk.queue.add(plan, tmp_path / "live.zarr")
    until(lambda: desk.map.frame is not None and desk.map.frame.run == tmp_path / "live.zarr", desk.session)
    live = desk.map.frames[-1]
    desk.runs.open(measured)
    until(lambda: desk.session.state.last_run == tmp_path / "live.zarr", desk.session)
    assert live.done.all()
    assert len(desk.map.points) == 4


def test_a_run_of_another_process_grows_on_the_map_without_moving_the_view(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.zarr"
    with growing(path) as add:
        add(4)
        desk.runs.open(path)
        until(lambda: desk.map.frame is not None, desk.session)
        frame = desk.map.frame
        assert frame is not None
        assert frame.done.sum() == 4
        until(lambda: desk.runs.watched == (path,), desk.session)
        add(3)
        desk.runs.tick()
        until(lambda: frame.done.sum() == 7, desk.session)
        assert desk.map.frame is frame


@contextmanager
def growing(path: Path) -> Iterator[Callable[[int], None]]:
    """A run of 8 lines that somebody writes; call for so many more lines."""
    writer = RunWriter.create(path, empty_header())
    place = Frame(x=0.0, y=0.0, width=1e-6, height=1e-6)
    plan = ScanPlan(frame=place, pixels=8, lines=8, line_time=0.1, channels=("current",))
    writer.record(FrameBegin(0, plan, {"current": "A"}))
    lines = itertools.count()

    def add(count: int) -> None:
        for index in itertools.islice(lines, count):
            writer.record(FrameLine(0, ScanLine(index, {"current": np.full((2, 8), float(index), dtype=np.float32)})))

    yield add
    writer.close()
