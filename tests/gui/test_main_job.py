"""The whole job by mouse alone and by keyboard alone: open, scan, pick, ramp, trigger, STOP, resume, report, look.

Only the file dialogs, which belong to the system, are answered for the hand.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QTabBar, QWidget

from gui.map_layers import UM
from gui.session_state import Phase
from gui.window import Window
from nanoprobe.plan import Plan
from nanoprobe.storage import open_run
from tests.gui.conftest import until as until_soon

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PLACES = ((-1.2e-6, 0.6e-6), (0.0, 0.6e-6), (1.2e-6, 0.6e-6), (1.2e-6, -0.6e-6), (0.0, -0.6e-6), (-1.2e-6, -0.6e-6))


def until(condition: Callable[[], Any], window: Window | None = None) -> None:
    """Wait, much longer than it takes: a real window on a busy machine is slow. A run of `window` must not fail meanwhile."""
    until_soon(lambda: condition() or _failed(window), deadline=150.0)
    assert condition(), window and window.message.text()


def _failed(window: Window | None) -> bool:
    state = None if window is None else window.desk.session.state
    return state is not None and state.run is None and state.last_status in ("failed", "refused")


class Hand(Protocol):
    """What an operator does, by one device alone."""

    def open_bench(self) -> None: ...
    def choose(self, procedure: str) -> None: ...
    def enqueue(self) -> None: ...
    def pick(self) -> None: ...
    def stop(self) -> None: ...
    def go_to_runs(self) -> None: ...
    def select_run(self, path: Path) -> None: ...
    def push(self, button: QAbstractButton) -> None: ...
    def look_at(self, point: int) -> None: ...


class Mouse:
    def __init__(self, window: Window) -> None:
        self.window = window

    def push(self, button: QAbstractButton) -> None:
        assert button.isVisible()
        QTest.mouseClick(button, LEFT, NONE, button.rect().center())

    def open_bench(self) -> None:
        self.push(self.window.start_page.file)

    def choose(self, procedure: str) -> None:
        box = self.window.form.chooser
        QTest.mouseClick(box, LEFT, NONE, box.rect().center())
        view = box.view()
        until(view.isVisible)
        place = view.visualRect(view.model().index(box.findText(procedure), 0)).center()
        QTest.mouseMove(view.viewport(), place)
        QTest.qWait(QApplication.doubleClickInterval() + 50)  # else Qt takes the press for the one that opened the list
        QTest.mouseClick(view.viewport(), LEFT, NONE, place)

    def enqueue(self) -> None:
        self.push(self.window.form.enqueue)

    def pick(self) -> None:
        bar, action = self.window.map_view.tools, self.window.map_view.tools.tools
        button = bar.widgetForAction(next(each for each in action.values() if each.text() == "Points"))
        assert isinstance(button, QAbstractButton)
        self.push(button)
        for place in PLACES:
            self._click_map(*place)

    def _click_map(self, x: float, y: float) -> None:
        canvas = self.window.map_view.canvas
        place = canvas.mapFromScene(canvas.box.mapViewToScene(QPointF(x * UM, y * UM)))
        QTest.mouseClick(canvas.viewport(), LEFT, NONE, QPoint(place))

    def stop(self) -> None:
        self.push(self.window.stop_button)

    def go_to_runs(self) -> None:
        for bar in self.window.findChildren(QTabBar):
            for index in range(bar.count()):
                if bar.tabText(index) == "Runs":
                    QTest.mouseClick(bar, LEFT, NONE, bar.tabRect(index).center())

    def select_run(self, path: Path) -> None:
        browser = self.window.browser
        rows = browser.runs.rows_of((path,))
        QTest.mouseClick(browser.list.viewport(), LEFT, NONE, browser.list.visualRect(rows[0]).center())

    def look_at(self, point: int) -> None:
        bar = self.window.map_view.tools
        button = bar.widgetForAction(next(each for each in bar.tools.values() if each.text() == "Look"))
        assert isinstance(button, QAbstractButton)
        self.push(button)
        self._click_map(*self.window.desk.map.points.places(True)[point])


class Keys:
    def __init__(self, window: Window) -> None:
        self.window = window

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        """Press a key where the keyboard is."""
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def tab_to(self, widget: QWidget) -> None:
        """Press Tab until `widget` has the keyboard."""
        for _ in range(80):
            if QApplication.focusWidget() is widget:
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not reach {widget.accessibleName()}")

    def push(self, button: QAbstractButton) -> None:
        self.tab_to(button)
        self.press(Qt.Key.Key_Space)

    def open_bench(self) -> None:
        self.press(Qt.Key.Key_O, CTRL)

    def choose(self, procedure: str) -> None:
        self.press(Qt.Key.Key_E, CTRL)
        self.press(Qt.Key.Key_Home)
        for _ in range(self.window.form.chooser.count()):
            if self.window.desk.experiment.draft.procedure == procedure:
                return
            self.press(Qt.Key.Key_Down)

    def enqueue(self) -> None:
        self.press(Qt.Key.Key_Return, CTRL)

    def pick(self) -> None:
        self.press(Qt.Key.Key_2, CTRL)
        for _ in PLACES:
            for _ in range(2):
                self.press(Qt.Key.Key_Right)
            self.press(Qt.Key.Key_Return)

    def stop(self) -> None:
        self.press(Qt.Key.Key_Escape)

    def go_to_runs(self) -> None:
        self.press(Qt.Key.Key_R, CTRL | SHIFT)

    def select_run(self, path: Path) -> None:
        self.tab_to(self.window.browser.list)
        count = len(self.window.desk.runs.entries)
        for key in (Qt.Key.Key_Down, *[Qt.Key.Key_Up] * count, *[Qt.Key.Key_Down] * count):
            if self.window.desk.runs.selection == (path,):
                return
            self.press(key)

    def look_at(self, point: int) -> None:
        self.press(Qt.Key.Key_1, CTRL)
        self.press(Qt.Key.Key_Return)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch, lab_starter: Callable[..., Any], tmp_path: Path) -> Path:
    """The system's file dialogs answer with the bench of a lab, and with the place of the report, which is returned."""
    bench, report = lab_starter().bench_file, tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(bench), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(report), ""))
    return report


@pytest.fixture
def left_as_it_was(window: Window) -> None:
    """The form as the last session left it: quick plans, the trigger map in front."""
    desk = window.desk
    desk.experiment.show_plan(Plan(procedure="current-map", parameters={"pixels": 32, "line_rate": 2.0}))
    desk.experiment.show_plan(Plan(procedure="trigger-map", parameters={"image_every": 0, "check_every": 0}))
    desk.experiment.choose("trigger-ramp")


def is_active(window: Window) -> bool:
    """Ask for the keyboard, as a window manager would give it to a new window; say whether it is there."""
    window.activateWindow()
    return window.isActiveWindow()


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("left_as_it_was")
@pytest.mark.parametrize("hand_of", [Mouse, Keys], ids=["mouse alone", "keyboard alone"])
def test_the_main_job(window: Window, answered: Path, hand_of: Callable[[Window], Hand]) -> None:
    desk, session, hand = window.desk, window.desk.session, hand_of(window)
    until(lambda: is_active(window))
    hand.open_bench()
    until(lambda: session.state.phase is Phase.OPEN)

    hand.choose("current-map")
    until(lambda: desk.experiment.draft.procedure == "current-map" and desk.experiment.ready)
    hand.enqueue()
    until(lambda: session.state.last_status == "finished", window)
    assert desk.map.frame is not None
    assert desk.map.frame.done.all()
    window.map_view.draw()

    hand.pick()
    assert len(desk.picks.now.points) == len(PLACES)
    hand.choose("trigger-map")
    until(lambda: desk.experiment.draft.procedure == "trigger-map" and desk.experiment.ready)
    hand.enqueue()
    until(lambda: desk.map.points.counts()["triggered"] >= 2, window)
    hand.stop()
    until(lambda: session.state.run is None and session.state.ready)
    stopped = session.state.last_run
    assert stopped is not None
    assert session.state.last_status == "aborted"

    hand.go_to_runs()
    until(lambda: (entry := desk.runs.entry(stopped)) is not None and entry.resumable)
    hand.select_run(stopped)
    until(lambda: len(desk.runs.details) == 1)
    hand.push(window.browser.buttons["Resume"])
    until(lambda: session.state.last_status == "finished", window)
    hand.push(window.browser.buttons["Report"])
    until(lambda: answered in desk.runs.made)
    assert "simulated" in answered.read_text(encoding="utf-8")

    with open_run(stopped) as run:
        assert run.status == "finished"
        assert run.points_committed + int((run.points["state"].values == 4).sum()) == len(PLACES)
    hand.look_at(1)
    until(lambda: desk.ramp.shown is not None)
