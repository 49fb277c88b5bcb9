"""The whole window: every action, every widget's name, the keyboard everywhere, layout and themes, leaving."""

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, Qt, QTimer
from PyQt6.QtGui import QKeySequence
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from gui import theme
from gui.actions import ACTIONS, MENUS, STOP_KEY
from gui.help_dialog import PAGES, page_text
from gui.map_box import Tool
from gui.session_state import Message, Phase
from gui.settings import Settings
from gui.shortcut_help import ShortcutHelp, entries
from gui.window import Window
from nanoprobe.plan import Plan
from tests.gui.conftest import until

KINDS = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox, QAbstractItemView)


def focusable(window: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not _inside(widget)
    ]


def _inside(widget: QWidget) -> bool:
    """Parts of a widget that carry no name of their own: the field of a list, the corner of a table."""
    parent = widget.parent()
    while isinstance(parent, QWidget):
        if isinstance(parent, (QComboBox, QAbstractSpinBox, QAbstractItemView)):
            return True
        parent = parent.parent()
    return widget.objectName().startswith("qt_") or _is_private(widget)


def _is_private(widget: QWidget) -> bool:
    return type(widget).__name__.startswith(("QTableCorner", "QToolBarExtension", "QDockWidget", "QExpanding"))


def close_dialogs(seen: list[str]) -> QTimer:
    """Say no to every dialog that comes up."""
    timer = QTimer()

    def close() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            seen.append(type(dialog).__name__)
            dialog.reject()

    timer.timeout.connect(close)
    timer.start(5)
    return timer


def test_every_action_can_be_done_without_a_bench(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    timer = close_dialogs(seen)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: "")
    monkeypatch.setattr(window.desk.session, "open", lambda *a: None)
    for action in sorted(ACTIONS, key=lambda action: action.key == "quit"):
        window.actions_by_key[action.key].trigger()
        QCoreApplication.processEvents()
    timer.stop()
    assert {"ShortcutHelp", "HelpDialog", "QMessageBox"} <= set(seen)
    assert window.left


def test_no_two_actions_share_a_shortcut_and_every_menu_is_known() -> None:
    shortcuts = [QKeySequence(action.shortcut).toString() for action in ACTIONS if action.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)
    assert {action.menu for action in ACTIONS} == set(MENUS)


def test_the_help_lists_every_shortcut() -> None:
    listed = "\n".join(f"{keys}\t{what}" for _, keys, what in entries())
    for action in ACTIONS:
        if action.shortcut:
            assert f"{QKeySequence(action.shortcut).toString()}\t{action.text}" in listed
    assert STOP_KEY in listed


def test_looking_for_a_shortcut_hides_the_others(window: Window) -> None:
    help_ = ShortcutHelp(window)
    help_.words.setText("dry run")
    shown = [row for row in range(help_.table.rowCount()) if not help_.table.isRowHidden(row)]
    assert len(shown) == 1
    help_.deleteLater()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_guide_is_there(page: str) -> None:
    assert page_text(page).startswith("# ")


def test_every_widget_the_keyboard_reaches_has_a_name(open_window: Window) -> None:
    nameless = [
        f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}"
        for widget in focusable(open_window)
        if isinstance(widget, KINDS) and not (widget.accessibleName() or _text(widget))
    ]
    assert nameless == []


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton) else ""


def test_tab_goes_through_every_panel_and_back_to_the_first(open_window: Window) -> None:
    open_window.map_view.canvas.setFocus()
    reached = set()
    for _ in range(400):
        focus = QApplication.focusWidget()
        assert focus is not None
        reached.update(key for key, dock in open_window.docks.items() if dock.isAncestorOf(focus))
        if open_window.map_view.isAncestorOf(focus):
            reached.add("map")
        if focus is open_window.stop_button:
            reached.add("stop")
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    visible = {key for key, dock in open_window.docks.items() if dock.widget().isVisible()}
    assert reached == visible | {"map", "stop"}


@pytest.mark.parametrize("key", ["map", "form", "queue", "bench", "runs", "prediction"])
def test_a_shortcut_takes_the_keyboard_to_each_panel(open_window: Window, key: str) -> None:
    getattr(open_window.commands, f"focus_{key}")()
    focus = QApplication.focusWidget()
    assert focus is not None
    home = open_window.map_view if key == "map" else open_window.docks[{"form": "experiment"}.get(key, key)]
    assert home.isAncestorOf(focus)


def test_the_window_fits_a_small_screen(open_window: Window) -> None:
    open_window.resize(1280, 720)
    QCoreApplication.processEvents()
    assert (open_window.width(), open_window.height()) == (1280, 720)


def test_simulated_stands_in_title_badge_map_and_ramps(open_window: Window) -> None:
    assert "SIMULATED" in open_window.windowTitle()
    assert open_window.head.badge.isVisible()
    assert "SIMULATED" in open_window.map_view.canvas.headline.text
    assert "SIMULATED" in open_window.ramp_view.badge.text()


@pytest.mark.parametrize("chosen", ["dark", "light"])
def test_a_theme_colours_everything_and_is_remembered(window: Window, settings: Settings, chosen: str) -> None:
    getattr(window.commands, f"theme_{chosen}")()
    QCoreApplication.processEvents()
    assert theme.is_dark() is (chosen == "dark")
    assert settings.theme.value == chosen
    assert window.map_view.canvas.backgroundBrush().color().name().upper() == theme.ink().ground
    window.commands.theme_system()


def test_text_gets_larger_and_is_remembered(window: Window, settings: Settings) -> None:
    before = QApplication.font().pointSize()
    window.commands.larger_text()
    assert QApplication.font().pointSize() == before + 1
    assert settings.value("text_size", 0) == 1
    window.commands.smaller_text()


def test_the_layout_is_remembered(window: Window, settings: Settings) -> None:
    window.docks["log"].hide()
    window.resize(1300, 820)
    window.leave()
    stored = settings.layout()
    assert stored is not None
    other = Window(window.desk, settings)
    other.show()
    assert other.docks["log"].isHidden()
    other.left = True
    other.bridge.stop()
    other.hide()
    other.deleteLater()


def test_settings_of_another_version_or_broken_ones_are_left_alone(settings: Settings) -> None:
    settings.set_value("layout/version", 99)
    settings.set_value("text_size", "large")
    settings.set_value("theme", "plaid")
    assert settings.layout() is None
    assert settings.value("text_size", 0) == 0
    assert settings.theme is theme.Theme.SYSTEM


@pytest.mark.parametrize(("answer", "left"), [("No", False), ("Yes", True)])
def test_closing_during_a_run_asks_and_then_makes_safe(
    open_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: bool
) -> None:
    desk = open_window.desk
    asked: list[str] = []

    def question(parent: QWidget, title: str, text: str, *rest: Any) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton[answer]

    monkeypatch.setattr(QMessageBox, "question", question)
    plan = Plan(procedure="trigger-map", parameters={"nx": 40, "ny": 1, "rate": 5.0, "image_every": 0, "pitch": 0.2e-6})
    desk.queue.add(plan, tmp_path / "a.zarr")
    until(lambda: desk.map.points.counts()["triggered"] >= 1)
    open_window.close()
    assert asked[0].startswith("a.zarr goes on.")
    assert open_window.left is left
    assert open_window.isVisible() is not left


def test_the_demo_starts_with_one_click_shows_its_pace_and_changes_it(window: Window) -> None:
    session = window.desk.session
    QTest.mouseClick(window.start_page.demo, Qt.MouseButton.LeftButton)
    until(lambda: session.state.phase is Phase.OPEN)
    assert window.head.pace.value() == 20
    assert "pace × 20" in window.windowTitle()
    window.head.pace.setValue(100)
    until(lambda: session.state.phase is Phase.OPEN and session.state.pace == 100)
    assert "pace × 100" in window.windowTitle()


def test_a_run_that_is_no_run_is_told_in_one_sentence(window: Window, tmp_path: Path, told: list[Message]) -> None:
    (tmp_path / "nothing.zarr").mkdir()
    window.desk.runs.open(tmp_path / "nothing.zarr")
    until(lambda: any("is no run" in message.text for message in told))
    assert "✖" in window.message.text()


def test_data_and_picture_can_be_copied(open_window: Window, tmp_path: Path, qapp: QApplication) -> None:
    desk = open_window.desk
    desk.queue.add(Plan(procedure="current-map", parameters={"pixels": 16, "line_rate": 2.0}), tmp_path / "a.zarr")
    until(lambda: desk.session.state.last_status == "finished")
    open_window.commands.focus_map()
    open_window.commands.copy_data()
    board = qapp.clipboard()
    assert board is not None
    head, *rows = board.text().splitlines()
    assert "SIMULATED" in head
    assert [len(row.split("\t")) for row in rows] == [16] * 16
    open_window.commands.copy_picture()
    assert not board.pixmap().isNull()


def test_every_tool_can_be_chosen(open_window: Window) -> None:
    for tool in Tool:
        getattr(open_window.commands, f"tool_{tool.value}")()
        assert open_window.map_view.canvas.box.tool is tool
        assert open_window.map_view.tools.tools[tool].isChecked()


def test_pace_is_asked_for(open_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[float] = []
    monkeypatch.setattr(open_window.desk.session, "set_pace", wanted.append)
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *a: (50.0, True))
    open_window.commands.set_pace()
    assert wanted == [50.0]
