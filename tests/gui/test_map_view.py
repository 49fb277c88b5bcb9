"""Mouse and keyboard on the map become picks, frames and profiles; what streams in is drawn."""

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, QRectF, Qt
from PyQt6.QtTest import QTest

from gui.map_canvas import view_rect
from gui.map_layers import UM
from gui.theme import ink
from gui.window import Window
from nanoprobe.events import Recorded, RunStarted
from nanoprobe.geometry import Frame
from nanoprobe.plan import Plan
from nanoprobe.records import FrameBegin, FrameLine, PointLayout
from nanoprobe.roles import ScanLine, ScanPlan
from tests.gui.conftest import until

PLACE = Frame(x=0.0, y=0.0, width=4e-6, height=4e-6)


@pytest.fixture
def shown(window: Window) -> Window:
    """A window with half a map."""
    window.show_map()
    plan = ScanPlan(frame=PLACE, pixels=32, lines=32, line_time=0.1)
    window.desk.map.take(RunStarted(Path("a.zarr"), "CurrentMap"))
    window.desk.map.take(Recorded("frame", FrameBegin(0, plan, {"current": "A"}, "map")))
    for index in range(16):
        values = np.tile(np.linspace(-1e-11, 0, 32, dtype=np.float32), (2, 1))
        window.desk.map.take(Recorded("line", FrameLine(0, ScanLine(index, {"current": values}))))
    window.map_view.draw()
    window.show_map()
    until(lambda: window.map_view.canvas.box.viewRect().width() > 3)
    return window


def at(window: Window, x: float, y: float) -> QPoint:
    """Where x, y (m) is drawn, in pixels of the canvas."""
    canvas = window.map_view.canvas
    scene = canvas.box.mapViewToScene(QPointF(x * UM, y * UM))
    return canvas.mapFromScene(scene)


def click(window: Window, x: float, y: float, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    view = window.map_view.canvas.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, modifier, at(window, x, y))


def test_only_measured_lines_are_drawn_and_the_scan_line_stands_above_them(shown: Window) -> None:
    canvas = shown.map_view.canvas
    assert (canvas.image.image > 0).any(axis=1).tolist() == [index < 16 for index in range(32)]
    assert canvas.scan_line.getData()[1][0] == pytest.approx(0.0)


def test_clicks_pick_points_and_shift_click_takes_the_nearest_away(shown: Window) -> None:
    shown.commands.tool_points()
    click(shown, 1e-6, 1e-6)
    click(shown, -1e-6, 0.5e-6)
    points = np.array(shown.desk.picks.now.points)
    assert np.allclose(points, [[1e-6, 1e-6], [-1e-6, 0.5e-6]], atol=2e-8)
    click(shown, 1e-6, 1e-6, Qt.KeyboardModifier.ShiftModifier)
    assert len(shown.desk.picks.now.points) == 1
    shown.commands.undo()
    assert len(shown.desk.picks.now.points) == 2


def test_picks_become_the_plan(shown: Window) -> None:
    shown.desk.experiment.choose("trigger-map")
    shown.commands.tool_points()
    click(shown, 1e-6, 1e-6)
    plan = shown.desk.experiment.plan().build()
    assert np.allclose(plan.points, [[1e-6, 1e-6]], atol=2e-8)
    assert plan.map_run.endswith("a.zarr")


def test_keys_do_what_the_mouse_does(shown: Window) -> None:
    shown.commands.tool_points()
    canvas = shown.map_view.canvas
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Space):
        QTest.keyClick(canvas, key)
    (first, second) = np.array(shown.desk.picks.now.points)
    assert first[0] > 0
    assert first[1] > 0
    assert second[0] == pytest.approx(2 * first[0])
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert len(shown.desk.picks.now.points) == 1


def test_a_line_by_keys_has_as_many_points_as_asked_for(shown: Window) -> None:
    shown.commands.tool_line()
    shown.map_view.tools.count.setValue(5)
    canvas = shown.map_view.canvas
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    for _ in range(4):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(shown.desk.picks.now.points) == 5


def test_the_frame_is_moved_and_turned_by_keys(shown: Window) -> None:
    shown.commands.tool_frame()
    shown.desk.picks.set_frame(PLACE)
    canvas = shown.map_view.canvas
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_BracketLeft)
    frame = shown.desk.picks.now.frame
    assert frame is not None
    assert frame.x > 0
    assert frame.angle == pytest.approx(np.deg2rad(5))


def test_the_dragged_frame_keeps_its_centre_when_it_is_turned(shown: Window) -> None:
    shown.commands.tool_frame()
    shown.desk.picks.set_frame(PLACE)
    shown.map_view.canvas.frame_roi.rotate(30, center=(0.5, 0.5))
    frame = shown.desk.picks.now.frame
    assert frame is not None
    assert (frame.x, frame.y) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert frame.angle == pytest.approx(np.deg2rad(30))
    assert frame.width == pytest.approx(PLACE.width)


def test_a_frame_is_drawn_by_dragging(shown: Window) -> None:
    shown.commands.tool_frame()
    canvas = shown.map_view.canvas
    canvas.drag(QPointF(-1, -1), QPointF(1, 0.5), True)
    frame = shown.desk.picks.now.frame
    assert frame is not None
    assert (frame.x, frame.y, frame.width) == pytest.approx((0.0, 0.0, 2e-6))


def test_the_value_under_the_cursor_is_said_with_its_unit(shown: Window) -> None:
    shown.map_view._hover(-1.99e-6, -1e-6)
    assert "current -10 pA" in shown.map_view.under_cursor.text()
    shown.map_view._hover(0.0, 1e-6)
    assert "current" not in shown.map_view.under_cursor.text()


def test_a_profile_shows_the_values_along_its_line(shown: Window) -> None:
    shown.commands.tool_profile()
    shown.map_view.canvas.drag(QPointF(-1.9, -1), QPointF(1.9, -1), True)
    distance, values = shown.map_view._profile_curve.getData()
    assert distance[-1] == pytest.approx(3.8e-6, rel=0.01)
    assert values[0] < -9e-12
    assert values[-1] > -1e-12


def test_clicking_a_point_asks_for_its_ramp(shown: Window) -> None:
    shown.desk.map.take(Recorded("layout", PointLayout(np.array([0.5e-6, -1e-6]), np.array([0.5e-6, 0.0]), 10)))
    shown.map_view.draw()
    shown.commands.tool_look()
    chosen: list[int] = []
    shown.desk.map.point_chosen.connect(chosen.append)
    click(shown, -1e-6, 0.0)
    assert chosen == [1]


@pytest.mark.parametrize(("log", "levelling"), [(True, "as measured"), (False, "plane"), (True, "line by line")])
def test_every_scale_draws(shown: Window, log: bool, levelling: str) -> None:
    shown.map_view.display.log.setChecked(log)
    shown.map_view.display.levelling.setCurrentText(levelling)
    shown.map_view.draw()
    assert (shown.map_view.canvas.image.image[:16] > 0).all()


def test_a_missing_pixel_is_transparent_and_every_colour_is_not(shown: Window) -> None:
    for colours in ("viridis", "cividis", "inferno", "magma", "CET-L1"):
        shown.map_view.display.colours.setCurrentText(colours)
        alpha = shown.map_view.canvas.image.lut[:, 3]
        assert alpha[0] == 0
        assert (alpha[1:] == 255).all()


DRIFT = Frame(x=4e-6, y=0.0, width=2e-6, height=2e-6)


def drift_image(window: Window) -> None:
    plan = ScanPlan(frame=DRIFT, pixels=16, lines=16, line_time=0.1)
    window.desk.map.take(Recorded("frame", FrameBegin(0, plan, {"height": "m"}, "drift")))


def points_in_view(window: Window) -> bool:
    window.map_view.draw()
    view, points = window.map_view.canvas.box.viewRect(), window.desk.map.points.places(without_drift=True) * UM
    return len(points) > 0 and all(view.contains(x, y) for x, y in points)


@pytest.mark.parametrize("first", ["points", "image"])
def test_a_drift_image_beside_the_points_leaves_them_in_view(window: Window, first: str) -> None:
    window.show_map()
    layout = Recorded("layout", PointLayout(np.array([-2e-6, 2e-6]), np.array([-2e-6, 2e-6]), 10))
    window.desk.map.take(RunStarted(Path("a.zarr"), "TriggerMap"))
    if first == "points":
        window.desk.map.take(layout)
    drift_image(window)
    window.map_view.draw()
    if first == "image":
        window.desk.map.take(layout)
    assert points_in_view(window)
    assert window.map_view.canvas.box.viewRect().contains(view_rect(DRIFT))


def test_points_come_into_a_view_that_was_somewhere_else_and_leave_one_that_has_them(shown: Window) -> None:
    box = shown.map_view.canvas.box
    shown.desk.map.take(Recorded("layout", PointLayout(np.array([6e-6]), np.array([0.0]), 10)))
    assert points_in_view(shown)
    box.setRange(QRectF(5, -1, 2, 2))
    zoomed = box.viewRect()
    shown.desk.map.take(Recorded("layout", PointLayout(np.array([6e-6]), np.array([0.5e-6]), 10)))
    assert points_in_view(shown)
    assert box.viewRect() == zoomed


def test_a_trigger_map_without_a_map_shows_its_points_live_and_when_it_is_opened(
    open_window: Window, tmp_path: Path
) -> None:
    desk, out = open_window.desk, tmp_path / "a.zarr"
    parameters = {"nx": 2, "ny": 2, "rate": 5.0, "check_every": 0, "image_pixels": 32, "image_line_rate": 8.0}
    desk.queue.add(Plan(procedure="trigger-map", parameters=parameters), out)
    until(lambda: desk.session.state.last_status == "finished")
    assert desk.map.frame is not None
    assert desk.map.frame.purpose == "drift"
    open_window.show_map()
    assert points_in_view(open_window)
    open_window.map_view.canvas.box.setRange(QRectF(90, 90, 1, 1))
    before = desk.map.points
    desk.open_run(out)
    until(lambda: desk.map.points is not before)
    assert points_in_view(open_window)


def test_images_of_runs_with_long_names_can_be_told_apart(window: Window) -> None:
    window.show_map()
    model, box = window.desk.map, window.map_view.display.frames
    plan = ScanPlan(frame=PLACE, pixels=8, lines=8, line_time=0.1)
    titles = [f"2026-11-26-current-map-a-sample-with-a-long-name-00{run}" for run in (1, 2)]
    shown = []
    for title in titles:
        model.take(RunStarted(Path(f"{title}.zarr"), "CurrentMap"))
        model.take(Recorded("frame", FrameBegin(0, plan, {"current": "A"}, "map")))
        box.resize(180, box.height())
        shown.append(box.shown_text())
        assert box.toolTip().startswith(f"{title} · map 0")
    assert [text[-11:] for text in shown] == ["001 · map 0", "002 · map 0"]
    assert all(text.startswith("…") for text in shown)


def test_points_to_come_and_their_path_show_on_the_bare_ground_and_over_a_map(window: Window) -> None:
    window.show_map()
    model, canvas = window.desk.map, window.map_view.canvas
    model.take(Recorded("layout", PointLayout(np.array([0.0]), np.array([0.0]), 10)))
    model.set_path(np.array([[0.0, 0.0], [1e-6, 0.0]]))
    window.map_view.draw()
    assert canvas.picks._path.opts["pen"].color().name() == ink().text.lower()
    assert canvas.points._items["planned"].opts["pen"].color().name() == ink().text.lower()
    plan = ScanPlan(frame=PLACE, pixels=8, lines=8, line_time=0.1)
    model.take(Recorded("frame", FrameBegin(0, plan, {"current": "A"}, "map")))
    window.map_view.draw()
    assert canvas.picks._path.opts["pen"].color().name() == "#ffffff"
    assert canvas.points._items["planned"].opts["pen"].color().name() == "#ffffff"
