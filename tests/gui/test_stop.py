"""STOP reaches the instrument within 100 ms of the key press, while the window draws and the run is in a command."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QWidget

from gui.session_state import Phase
from gui.stop import Stopper
from gui.window import Window
from nanoprobe.plan import Plan
from sim_instruments.nanonis.controller import ControllerSettings
from tests.gui.conftest import until

WITHIN = 0.1
NEAR = ControllerSettings(coarse_gap=2e-6)
"""The sample is within reach of the piezo: no long approach at pace 1."""


def press_esc(widget: QWidget) -> None:
    """Leave the key in the app's event queue, as the window system does."""
    QCoreApplication.postEvent(
        widget, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    )


def test_a_press_during_an_act_is_answered_by_one_more() -> None:
    acts: list[str] = []

    def act(reason: str) -> None:
        acts.append(reason)
        if len(acts) == 1:
            stopper.press("second")
            stopper.press("third")

    stopper = Stopper(act)
    stopper.press("first")
    stopper.end()
    assert acts == ["first", "third"]


def test_a_stop_that_fails_does_not_end_the_thread() -> None:
    acts, acted = list[str](), Event()

    def act(reason: str) -> None:
        acts.append(reason)
        acted.set()
        raise OSError("the link is gone")

    stopper = Stopper(act)
    stopper.press("first")
    assert acted.wait(10)
    stopper.press("second")
    stopper.end()
    assert acts == ["first", "second"]


IMAGE = Plan(procedure="current-map", parameters={"pixels": 32, "line_rate": 2.0})
RAMP = Plan(procedure="trigger-ramp", parameters={"rate": 0.2, "stop_bias": -2.0})


@pytest.mark.parametrize("busy", [0.0, 0.05], ids=["idle window", "window draws 50 ms at a time"])
@pytest.mark.parametrize("plan", [IMAGE, RAMP], ids=["image", "ramp"])
def test_esc_switches_the_output_off_at_once_whatever_runs(
    window: Window, lab_starter: Callable[..., Any], tmp_path: Path, plan: Plan, busy: float
) -> None:
    lab = lab_starter(pace=1.0, controller=NEAR)
    session = window.desk.session
    session.open(str(lab.bench_file))
    until(lambda: session.state.phase is Phase.OPEN)
    source = lab.lab.source_meter.instrument.source
    window.desk.queue.add(plan, tmp_path / "a.zarr")
    until(lambda: _has_begun(window, plan))
    assert lab.call(lambda: source.on)
    switched = _note_switching(lab, source)
    drawing = QTimer()
    drawing.timeout.connect(lambda: _draw(window, busy))
    if busy:
        drawing.start(1)
        until(lambda: _frames(window) > 3)
    pressed = time.monotonic()
    press_esc(window)
    until(lambda: switched)
    drawing.stop()
    assert switched[0] - pressed < WITHIN
    until(lambda: session.state.run is None)
    assert session.state.last_status == "aborted"


def _has_begun(window: Window, plan: Plan) -> bool:
    frame, ramp = window.desk.map.frame, window.desk.ramp.shown
    return bool(frame is not None and frame.newest) if plan is IMAGE else ramp is not None and len(ramp.time) > 5


def _note_switching(lab: Any, source: Any) -> list[float]:
    """Return a list that gets the time whenever the output goes off."""
    switched: list[float] = []
    note = source.on_switch

    def on_switch(on: bool) -> None:
        note(on)
        if not on:
            switched.append(time.monotonic())

    lab.call(lambda: setattr(source, "on_switch", on_switch))
    return switched


def _draw(window: Window, seconds: float) -> None:
    """Keep the window's thread in Python, the interpreter lock held, as a slow repaint does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    window.setProperty("frames", _frames(window) + 1)


def _frames(window: Window) -> int:
    return int(window.property("frames") or 0)


def test_one_esc_press_is_one_stop_although_the_key_passes_many_widgets(window: Window) -> None:
    presses: list[int] = []
    window.esc._press = lambda: presses.append(1)
    QTest.keyClick(window.map_view.canvas, Qt.Key.Key_Escape)
    assert presses == [1]


def test_esc_stops_in_a_dialog_too(window: Window) -> None:
    presses: list[int] = []
    window.esc._press = lambda: presses.append(1)
    dialog = QDialog(window)
    dialog.open()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert presses
    assert not dialog.isVisible()


def test_the_stop_button_acts_when_it_is_pressed_down(window: Window) -> None:
    said: list[str] = []
    window.desk.session.told.connect(lambda message: said.append(message.text))
    QTest.mousePress(window.stop_button, Qt.MouseButton.LeftButton)
    until(lambda: said)
    assert said[-1].startswith("STOP")
    QTest.mouseRelease(window.stop_button, Qt.MouseButton.LeftButton)


def test_the_stop_button_is_there_in_every_layout(window: Window) -> None:
    for dock in window.docks.values():
        dock.hide()
    QApplication.processEvents()
    assert window.stop_button.isVisible()
    window.reset_layout()
    assert window.stop_button.isVisible()
