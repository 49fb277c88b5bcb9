"""The main job with the keyboard alone, on the demo bench in its own process: map, pick, ramp, look, STOP."""

from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from gui.session_state import Phase
from gui.window import Window
from tests.gui.conftest import until

CTRL = Qt.KeyboardModifier.ControlModifier


def press(window: Window, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key where the keyboard is."""
    focus: QWidget = QApplication.focusWidget() or window
    QTest.keyClick(focus, key, modifier)


def choose_procedure(window: Window, name: str) -> None:
    """Take the keyboard to the form's list of procedures and go down until `name` is chosen."""
    press(window, Qt.Key.Key_E, CTRL)
    press(window, Qt.Key.Key_Home)
    for _ in range(8):
        if window.desk.experiment.draft.procedure == name:
            return
        press(window, Qt.Key.Key_Down)
    assert window.desk.experiment.draft.procedure == name


def test_a_map_picks_ramps_and_stop_by_keys_alone(window: Window) -> None:
    desk, session = window.desk, window.desk.session
    window.activateWindow()
    press(window, Qt.Key.Key_D, CTRL)
    until(lambda: session.state.phase is Phase.OPEN)
    choose_procedure(window, "current-map")
    for name, value in {"pixels": 32, "line_rate": 20.0}.items():
        desk.experiment.set_value(name, value)
    until(lambda: desk.experiment.ready)
    press(window, Qt.Key.Key_Return, CTRL)
    until(lambda: session.state.last_status == "finished")
    assert desk.map.frame is not None
    assert desk.map.frame.done.all()

    press(window, Qt.Key.Key_2, CTRL)
    for _ in range(3):
        for _ in range(4):
            press(window, Qt.Key.Key_Right)
        press(window, Qt.Key.Key_Return)
    assert len(desk.picks.now.points) == 3

    choose_procedure(window, "trigger-map")
    for name, value in {"rate": 2.0, "image_every": 0, "check_every": 0, "map_run": ""}.items():
        desk.experiment.set_value(name, value)
    until(lambda: desk.experiment.ready)
    assert len(desk.experiment.plan().build().points) == 3
    press(window, Qt.Key.Key_Return, CTRL)
    until(lambda: desk.map.points.counts()["triggered"] >= 1)
    press(window, Qt.Key.Key_Escape)
    until(lambda: session.state.run is None)
    assert session.state.last_status in ("aborted", "finished")
    assert desk.ramp.shown is not None
    until(lambda: session.idle and not session.state.interlock)
