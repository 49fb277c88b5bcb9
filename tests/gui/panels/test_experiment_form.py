"""The experiment form as the operator meets it: by mouse, by keys, with errors where they are."""

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QWidget

from gui.experiment_form import ExperimentForm
from gui.parameter_row import MOST_TYPED


@pytest.fixture
def form(panels: Any, shown: Any) -> ExperimentForm:
    made: ExperimentForm = shown(ExperimentForm(panels.experiment))
    return made


@pytest.fixture
def lab_form(lab_panels: Any, shown: Any) -> ExperimentForm:
    made: ExperimentForm = shown(ExperimentForm(lab_panels.experiment))
    lab_panels.settle()
    return made


def field(form: ExperimentForm, name: str) -> QLineEdit:
    editor = form.rows[name].editor
    assert isinstance(editor, QLineEdit)
    return editor


def type_over(form: ExperimentForm, name: str, text: str) -> None:
    """Go to a field and type, without leaving it."""
    form.show_parameter(name)
    editor = field(form, name)
    editor.selectAll()
    QTest.keyClicks(editor, text) if text else QTest.keyClick(editor, Qt.Key.Key_Delete)


def test_every_parameter_of_every_procedure_has_a_field_with_name_tip_range_and_default(form: ExperimentForm) -> None:
    for experiment in form.model.experiments:
        form.model.choose(experiment.name)
        assert set(form.rows) == {info.name for info in experiment.parameters}
        for info in experiment.parameters:
            row = form.rows[info.name]
            assert row.editor.accessibleName() == info.label
            assert f"name: {info.name}" in row.editor.toolTip()
            if info.unit and None not in (info.minimum, info.maximum):
                assert " to " in row.range.text()


def test_what_is_wrong_stands_below_its_field_and_on_its_tab(form: ExperimentForm) -> None:
    form.model.choose("trigger-map")
    type_over(form, "pitch", "3 V")
    row = form.rows["pitch"]
    assert row.problem.text() == "⚠ '3 V' has the wrong unit: volt where m is expected"
    assert row.problem.isVisible()
    assert row.editor.accessibleDescription() == "'3 V' has the wrong unit: volt where m is expected"
    assert form.tabs.tabText(0) == "points ⚠1"
    assert not form.enqueue.isEnabled()
    assert form.estimate.hint.text() == "correct 'Pitch' first"
    type_over(form, "pitch", "2 um")
    assert not row.problem.isVisible()
    assert form.tabs.tabText(0) == "points"


def test_one_press_goes_to_the_field_that_is_wrong(form: ExperimentForm, qapp: Any) -> None:
    form.model.choose("trigger-map")
    form.model.set_value("image_size", "1 mm")
    form.tabs.setCurrentIndex(0)
    QTest.mouseClick(form.go_to, Qt.MouseButton.LeftButton)
    assert form.tabs.tabText(form.tabs.currentIndex()) == "drift ⚠1"
    assert form.rows["image_size"].editor.isVisible()


def test_typing_is_not_disturbed_and_an_emptied_field_shows_its_default_again(form: ExperimentForm) -> None:
    form.model.choose("trigger-ramp")
    type_over(form, "force", "")
    assert field(form, "force").text() == ""
    field(form, "force").editingFinished.emit()
    assert field(form, "force").text() == "50 nN"


def test_a_changed_value_is_bold_and_goes_back_to_its_default_by_one_press(form: ExperimentForm) -> None:
    form.model.choose("trigger-ramp")
    type_over(form, "force", "60 nN")
    row = form.rows["force"]
    assert (row.label.font().bold(), row.reset.isEnabled()) == (True, True)
    QTest.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert field(form, "force").text() == "50 nN"
    assert (row.label.font().bold(), row.reset.isEnabled()) == (False, False)


def test_choices_and_switches_go_into_the_plan(form: ExperimentForm) -> None:
    form.model.choose("trigger-map")
    order: Any = form.rows["order"].editor
    order.setFocus()
    QTest.keyClick(order, Qt.Key.Key_Down)
    form.show_parameter("map_first")
    QTest.keyClick(form.rows["map_first"].editor, Qt.Key.Key_Space)
    assert form.model.draft.given == {"order": "shuffled", "map_first": True}


def test_undo_and_redo_are_shown_in_the_fields(form: ExperimentForm) -> None:
    form.model.choose("trigger-ramp")
    type_over(form, "force", "60 nN")
    form.rows["force"].finished.emit()
    field(form, "force").editingFinished.emit()
    QTest.mouseClick(form.undo, Qt.MouseButton.LeftButton)
    assert field(form, "force").text() == "50 nN"
    QTest.mouseClick(form.redo, Qt.MouseButton.LeftButton)
    assert field(form, "force").text() == "60 nN"


def test_a_list_too_long_to_type_is_shown_by_its_length_and_kept(form: ExperimentForm) -> None:
    form.model.choose("trigger-map")
    points = [[index * 1e-9, 0.0] for index in range(MOST_TYPED // 4)]
    form.model.set_value("points", points)
    assert field(form, "points").text() == f"{len(points)} places"
    assert field(form, "points").isReadOnly()
    assert form.model.plan().parameters["points"] == points


def test_the_estimate_shows_time_and_charge_and_the_wall_clock(lab_form: ExperimentForm, lab_panels: Any) -> None:
    lab_panels.planned("trigger-map", nx="2", ny="2")
    rows = dict(lab_form.estimate.texts())
    assert rows["ramps"].startswith("4 of up to")
    assert rows["charge per point, at most"].endswith("nC")
    assert lab_form.estimate.problem.isHidden()


def test_a_plan_beyond_a_limit_says_so_above_the_buttons(lab_form: ExperimentForm, lab_panels: Any) -> None:
    lab_panels.planned("trigger-ramp", x="0.5 mm")
    assert "beyond the bench's limit of 10 µm" in lab_form.estimate.problem.text()
    assert not lab_form.enqueue.isEnabled()
    assert not lab_form.dry_run.isEnabled()


def test_plans_are_queued_as_often_as_asked_for(lab_form: ExperimentForm, lab_panels: Any) -> None:
    lab_panels.queue.hold()
    lab_panels.planned("contact-check")
    lab_form.times.setValue(3)
    QTest.mouseClick(lab_form.enqueue, Qt.MouseButton.LeftButton)
    lab_panels.until(lambda: len(lab_panels.queue.items) == 3)
    assert lab_form.times.value() == 1


def test_without_a_bench_the_form_says_what_to_do(form: ExperimentForm) -> None:
    assert form.estimate.hint.text() == "open a bench: its limits and wiring decide what a plan may do"


def test_plans_are_saved_and_opened_from_the_menu(
    form: ExperimentForm, panels: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("mine", True))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "out.toml"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(tmp_path / "out.toml"), ""))
    panels.until(lambda: entry(form, "Save as…"))
    panels.planned("trigger-ramp", force="60 nN")
    entry(form, "Save as…").trigger()
    entry(form, "Write file…").trigger()
    panels.until(lambda: panels.experiment.shelf.saved and (tmp_path / "out.toml").exists())
    entry(form, "All values to default").trigger()
    assert form.model.draft.given == {}
    entry(form, "mine").trigger()
    panels.until(lambda: form.model.draft.given == {"force": "60 nN"})
    form.model.reset()
    entry(form, "Open file…").trigger()
    panels.until(lambda: form.model.draft.given == {"force": "60 nN"})


def entry(form: ExperimentForm, text: str) -> Any:
    menu = form.plans.menu()
    assert menu is not None
    return next((action for action in menu.actions() if action.text() == text), None)


def test_help_asks_for_the_page_of_the_procedure(form: ExperimentForm) -> None:
    asked: list[str] = []
    form.help_wanted.connect(asked.append)
    form.model.choose("current-map")
    QTest.mouseClick(form.help, Qt.MouseButton.LeftButton)
    assert asked == ["current-map"]


def test_going_through_procedures_leaves_no_widgets_behind(form: ExperimentForm) -> None:
    def there() -> int:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return len(form.findChildren(QWidget))

    names = [each.name for each in form.model.experiments]
    for name in (*names, names[0]):
        form.model.choose(name)
    before = there()
    for name in (*names, names[0]) * 3:
        form.model.choose(name)
    assert there() == before


def test_refilling_the_plan_menu_leaves_no_entries_behind(form: ExperimentForm, panels: Any) -> None:
    panels.until(lambda: entry(form, "Save as…"))
    before = len(form.actions()) + len(form.findChildren(type(entry(form, "Save as…"))))
    for _ in range(5):
        form.model.shelf_changed.emit()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(form.actions()) + len(form.findChildren(type(entry(form, "Save as…")))) == before
