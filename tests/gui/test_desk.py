"""What passes between the models: picks into plans, stored runs onto the map and into the ramps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gui.desk import Desk
from gui.exporting import export_csv, export_picture
from gui.session_state import Phase
from nanoprobe.plan import Plan
from tests.gui.conftest import until


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
        "map_first": True, "map_pixels": 32, "map_line_rate": 20.0,
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


def test_points_and_ramps_are_exported_with_units_and_mark(measured: Path, tmp_path: Path) -> None:
    target = export_csv(measured, tmp_path)
    head, names, *rows = target.read_text(encoding="utf-8").splitlines()
    assert "simulated" in head
    assert "trigger_first_above (V)" in names
    assert len(rows) == 4
    ramps = (tmp_path / "a-ramps.csv").read_text(encoding="utf-8").splitlines()
    assert ramps[1] == "point,time (s),bias (V),current (A)"
    assert len(ramps) > 100


def test_the_figure_of_a_run_is_drawn(measured: Path, tmp_path: Path) -> None:
    assert export_picture(measured, tmp_path).read_bytes().startswith(b"\x89PNG")
