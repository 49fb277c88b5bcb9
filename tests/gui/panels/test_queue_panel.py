"""The queue panel: buttons follow the state, texts can be copied, a run is paused and ended."""

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest

from gui.queue_panel import QueuePanel
from nanoprobe.errors import ContactLost
from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan

PLAN = Plan(procedure="contact-check", sample="LLZO")


@pytest.fixture
def panel(panels: Any, shown: Any) -> QueuePanel:
    made: QueuePanel = shown(QueuePanel(panels.queue))
    for name in "abc":
        panels.queue.add(PLAN, Path(f"{name}.zarr"), 10.0)
    return made


def lines(panel: QueuePanel, column: int) -> list[str]:
    found = [panel.list.topLevelItem(index) for index in range(panel.list.topLevelItemCount())]
    return [item.text(column) for item in found if item is not None]


def press(panel: QueuePanel, name: str) -> None:
    QTest.mouseClick(panel.buttons[name], Qt.MouseButton.LeftButton)


def enabled(panel: QueuePanel) -> set[str]:
    return {name for name, button in panel.buttons.items() if button.isEnabled()}


def test_without_a_selection_nothing_can_be_done_to_an_entry(panel: QueuePanel) -> None:
    assert enabled(panel) == set()
    assert panel.left.text() == "3 waiting, at most 30 s left"


def test_entries_are_reordered_and_the_selection_goes_along(panel: QueuePanel) -> None:
    panel.select(panel.model.items[2].key)
    press(panel, "Up")
    press(panel, "Up")
    press(panel, "Down")
    assert lines(panel, 4) == ["a.zarr", "c.zarr", "b.zarr"]
    assert panel.selected is not None
    assert panel.selected.out == Path("c.zarr")
    press(panel, "Remove")
    assert lines(panel, 4) == ["a.zarr", "b.zarr"]


def test_a_repeated_plan_goes_into_a_new_run(panel: QueuePanel, panels: Any) -> None:
    panel.select(panel.model.items[0].key)
    press(panel, "Repeat")
    panels.until(lambda: len(lines(panel, 4)) == 4)
    assert lines(panel, 4)[3] == "a-001.zarr"


def test_how_an_entry_ended_is_said_in_words_and_the_queue_is_held(panel: QueuePanel) -> None:
    item = panel.model.next()
    assert item is not None
    assert lines(panel, 2)[0] == "▶ running"
    panel.select(item.key)
    assert enabled(panel) == {"Repeat", "Edit", "Open run"}
    panel.model.done(item, Outcome(item.out, "failed", ContactLost("no contact")))
    assert lines(panel, 2)[0] == "✖ failed: no contact"
    assert panel.held.text() == "⚠ held: a.zarr failed; look at it, then let the queue go on"
    assert panel.hold.text() == "Let queue go on"
    QTest.mouseClick(panel.hold, Qt.MouseButton.LeftButton)
    assert not panel.held.isVisible()
    assert panel.hold.text() == "Hold queue"


def test_plan_and_run_are_asked_for(panel: QueuePanel) -> None:
    asked: list[Any] = []
    panel.plan_wanted.connect(asked.append)
    panel.run_wanted.connect(asked.append)
    item = panel.model.next()
    assert item is not None
    panel.model.done(item, Outcome(item.out, "finished", None))
    panel.select(item.key)
    press(panel, "Edit")
    press(panel, "Open run")
    assert asked == [PLAN, Path("a.zarr")]


@pytest.mark.parametrize(
    ("entry", "begin"), [("Command line", "nanoprobe run contact-check --bench demo"), ("Python", "from nanoprobe")]
)
def test_a_plan_is_copied(panel: QueuePanel, entry: str, begin: str) -> None:
    panel.select(panel.model.items[0].key)
    menu = panel.copy.menu()
    assert menu is not None
    next(action for action in menu.actions() if action.text() == entry).trigger()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text().startswith(begin)


def test_a_run_shows_its_progress_is_paused_goes_on_and_is_aborted(lab_panels: Any, shown: Any) -> None:
    panel: QueuePanel = shown(QueuePanel(lab_panels.queue))
    assert panel.title.text() == "no run"
    assert not panel.pause.isEnabled()
    lab_panels.planned("trigger-map", nx="20", ny="20", pitch="0.5 um", check_every="0", image_every="0")
    lab_panels.experiment.enqueue()
    lab_panels.until(lambda: panel.bar.value() > 0)
    assert "left" in panel.times.text()
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    assert panel.pause.text() == "Go on"
    assert panel.times.text().startswith("paused, ")
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    assert panel.pause.text() == "Pause"
    QTest.mouseClick(panel.abort, Qt.MouseButton.LeftButton)
    assert panel.times.text().startswith("stopping, ")
    lab_panels.ended()
    assert lines(panel, 2)[0].startswith("■ aborted")
    assert panel.title.text() == "no run"
