"""From a map that was just measured to a prediction beside its triggers: computed elsewhere, cancelled, picked from, opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from gui.prediction_model import NO_MAP
from gui.session_state import Message
from gui.window import Window
from nanoprobe.plan import Plan
from nanoprobe.records import PointBegin, PointLayout, PointState, RampDone
from nanoprobe.storage import RunWriter, open_run
from tests.gui.conftest import empty_header
from tests.gui.conftest import until as until_soon

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
MAPPED = {"nx": 3, "ny": 2, "pitch": 0.8e-6, "map_first": True, "map_pixels": 96, "image_every": 0, "check_every": 0}


def until(condition: Callable[[], Any]) -> None:
    """Wait much longer than it takes: what computes stands back behind everything else on a busy machine."""
    until_soon(condition, deadline=150.0)


def run_plan(window: Window, out: Path, procedure: str, **parameters: object) -> Path:
    session = window.desk.session
    window.desk.queue.add(Plan(procedure=procedure, parameters=parameters), out)
    until(lambda: session.state.run is None and session.state.last_run == out)
    assert session.state.last_status == "finished", session.state.last_error
    window.desk.runs.open(out)
    until(lambda: (entry := window.desk.runs.entry(out)) is not None and entry.status == "finished")
    return out


def predicted_runs(window: Window) -> list[Path]:
    return sorted(window.desk.runs.folder.glob("*prediction*"))


@pytest.mark.timeout(400)
def test_a_map_is_predicted_by_keyboard_shown_beside_its_triggers_tested_and_cancelled(
    open_window: Window, tmp_path: Path, told: list[Message]
) -> None:
    desk, view = open_window.desk, open_window.prediction
    mapped = run_plan(open_window, tmp_path / "mapped.zarr", "trigger-map", **MAPPED)
    until(lambda: view.predict.isEnabled())
    assert (view.mapped.text(), view.triggers.currentText(), view.modulus.currentText()) == (
        "mapped",
        "mapped",
        "not measured",
    )
    shares: list[float] = []
    desk.prediction.changed.connect(lambda: shares.append(desk.prediction.share or 0.0))
    QTest.keyClick(open_window, Qt.Key.Key_P, CTRL_SHIFT)
    assert not view.predict.isEnabled()
    assert view.cancel.isEnabled()
    until(lambda: desk.prediction.shown is not None)
    assert len(set(shares)) > 5
    assert "Rank correlation with 6 measured points" in view.words.text()
    assert "SIMULATED" in view.canvas.headline.text
    assert view.canvas.image.image.shape == (64, 96)
    drawn = view.canvas.triggered.getData()[0].size + view.canvas.censored.getData()[0].size
    assert drawn == 6
    assert len(desk.prediction.text().splitlines()) == 2 + 6
    (stored,) = predicted_runs(open_window)
    with open_run(stored) as run:
        assert run.header.extra["made_from"] == {"map": str(mapped), "modulus": None, "triggers": str(mapped)}
        assert run.header.extra["correlation"]["rho"]["text"] in view.canvas.scatter.titleLabel.text

    QTest.mouseClick(view.pick, Qt.MouseButton.LeftButton)
    draft = desk.experiment.draft
    assert (draft.procedure, draft.given["map_run"]) == ("trigger-map", str(mapped))
    np.testing.assert_allclose(draft.given["points"], desk.prediction.shown.places)

    QTest.mouseClick(view.predict, Qt.MouseButton.LeftButton)
    QTest.mouseClick(view.cancel, Qt.MouseButton.LeftButton)
    until(lambda: desk.prediction.share is None)
    assert told[-1].text == "the prediction was cancelled"
    assert predicted_runs(open_window) == [stored]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_app_can_be_left_in_the_middle_of_a_prediction_and_keeps_nothing_of_it(
    open_window: Window, tmp_path: Path
) -> None:
    model = open_window.desk.prediction
    run_plan(open_window, tmp_path / "map.zarr", "current-map", pixels=96)
    until(lambda: model.can_predict)
    model.predict()
    until(lambda: model.share)
    made: list[str] = []
    open_window.desk.session.work(lambda: "a report", made.append)
    until(lambda: made)
    assert model.share is not None
    open_window.leave()
    assert predicted_runs(open_window) == []


@pytest.mark.timeout(400)
def test_why_nothing_can_be_predicted_is_said(open_window: Window, tmp_path: Path, told: list[Message]) -> None:
    model, view = open_window.desk.prediction, open_window.prediction
    assert view.mapped.text() == NO_MAP
    assert not view.predict.isEnabled()
    run_plan(open_window, tmp_path / "inside.zarr", "current-map", pixels=16, size=0.5e-6)
    until(lambda: model.can_predict)
    model.predict()
    until(lambda: model.problem)
    assert "the map shows no grain boundary: take it with more pixels" in view.problem.text()
    assert told[-1].level == "error"


def test_the_keyboard_reaches_every_part_and_each_says_what_it_does(window: Window) -> None:
    window.commands.focus_prediction()
    view = window.prediction
    focus = QApplication.focusWidget()
    assert focus is not None
    assert view.isAncestorOf(focus)
    for widget in (view.triggers, view.modulus, view.predict, view.cancel, view.pick):
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert len(widget.toolTip()) > 20


def test_triggers_and_moduli_of_other_runs_are_offered(window: Window) -> None:
    runs, model, view = window.desk.runs, window.desk.prediction, window.prediction
    runs.folder.mkdir(parents=True, exist_ok=True)
    for procedure in ("trigger-map", "modulus-map", "current-map"):
        with RunWriter.create(runs.folder / f"{procedure}.zarr", empty_header(procedure)) as writer:
            writer.record(PointLayout(np.zeros(1), np.zeros(1), 0))
            writer.record(PointBegin(index=0, x=0.0, y=0.0))
            series = dict.fromkeys(("time", "bias", "bias_source", "current"), np.empty(0))
            writer.record(RampDone(point=0, **series, values={}, way="", state=PointState.FAILED))
            writer.finish("finished")
    runs.refresh()
    model.set_map(runs.folder / "current-map.zarr")
    until(lambda: len(model.trigger_choices) == 2 and len(model.modulus_choices) == 2)
    assert [view.triggers.itemText(index) for index in (0, 1)] == ["none yet", "trigger-map"]
    view.triggers.activated.emit(1)
    view.modulus.activated.emit(1)
    assert (model.triggers, model.modulus) == (runs.folder / "trigger-map.zarr", runs.folder / "modulus-map.zarr")
    model.set_map(runs.folder / "trigger-map.zarr")
    assert (view.triggers.currentText(), view.modulus.currentText()) == ("trigger-map", "not measured")


def test_a_run_that_no_plan_has_made_can_be_looked_into(window: Window) -> None:
    path = window.desk.runs.folder / "prediction.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    RunWriter.create(path, empty_header("weakness")).finish("finished")
    window.desk.runs.select((path,))
    until(lambda: window.desk.runs.details)
    assert window.desk.runs.problem == ""
    assert not window.browser.buttons["Use plan"].isEnabled()
