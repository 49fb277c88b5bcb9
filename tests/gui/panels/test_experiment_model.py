"""The form's model: values, errors, look-ahead, picks, plans."""

from pathlib import Path
from typing import Any

import pytest

from gui.experiments import shown, shown_range
from gui.picks import PlanPatch
from gui.queue_model import ItemState
from nanoprobe.parameters import ParameterInfo
from nanoprobe.plan import Plan


def info(**changes: Any) -> ParameterInfo:
    plain: dict[str, Any] = {"minimum": None, "maximum": None, "choices": (), "group": "", "description": ""}
    return ParameterInfo(**{"name": "a", "label": "A", "unit": "A", "default": 0.0, **plain, **changes})


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1e-9, "A", "1 nA"),
        (-6.0, "V", "-6 V"),
        (123456.789, "V", "123.456789 kV"),
        (1 / 3, "1", repr(1 / 3)),
        (0.5, "V/s", "500 mV/s"),
        (7, "px", "7"),
        ([[1e-6, 0.0]], "", "1e-06,0.0"),
        (None, "", ""),
    ],
    ids=str,
)
def test_numbers_are_shown_so_that_reading_them_gives_the_value_again(value: Any, unit: str, text: str) -> None:
    assert shown(value, info(unit=unit)) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"minimum": 1, "maximum": 1000, "unit": ""}, "1 to 1000"),
        ({"minimum": 0, "unit": ""}, "from 0"),
        ({"maximum": 1e-6, "unit": "N"}, "up to 1 µN"),
        ({"minimum": 1e-11, "maximum": 1e-7}, "10 pA to 100 nA"),
        ({"choices": ("off", "return")}, "off | return"),
        ({}, ""),
    ],
    ids=str,
)
def test_a_range_is_written_as_people_write_it(changes: dict[str, Any], text: str) -> None:
    assert shown_range(info(**changes)) == text


def test_every_default_of_every_procedure_is_shown_with_all_its_digits(panels: Any) -> None:
    for experiment in panels.experiment.experiments:
        texts = {each.name: shown(each.default, each) for each in experiment.parameters}
        built = experiment.procedure(**{name: text for name, text in texts.items() if text})
        for each in experiment.parameters:
            back = getattr(built, each.name)
            expected = pytest.approx(each.default, rel=1e-14) if isinstance(each.default, float) else each.default
            assert back == expected, f"{experiment.name}: {each.name}"


def test_a_value_out_of_range_is_kept_and_named_at_its_field(panels: Any) -> None:
    panels.planned("trigger-map", nx="2000", pitch="3 V")
    assert panels.experiment.draft.given == {"nx": "2000", "pitch": "3 V"}
    assert panels.experiment.errors["pitch"] == "'3 V' has the wrong unit: volt where m is expected"
    assert panels.experiment.errors["nx"].startswith("'2000' is not allowed: a whole number from 1 to")
    assert not panels.experiment.ready


def test_an_emptied_field_goes_back_to_its_default(panels: Any) -> None:
    panels.planned("trigger-ramp", force="60 nN")
    panels.experiment.set_value("force", "")
    assert panels.experiment.is_default("force")
    assert panels.experiment.shown(panels.experiment.experiment.parameter("force")) == "50 nN"


def test_a_list_of_places_in_a_file_is_not_read_in_the_window_s_thread(lab: Any, panels: Any, tmp_path: Path) -> None:
    panels.planned("trigger-map", points=str(tmp_path / "none.csv"))
    assert panels.experiment.errors == {}
    panels.open(lab.bench_file)
    panels.settle()
    assert "places cannot be read from" in panels.experiment.problem


def test_undo_and_redo_go_over_procedures_and_values(panels: Any) -> None:
    panels.planned("trigger-ramp", force="60 nN")
    panels.experiment.choose("contact-check")
    assert panels.experiment.draft.given == {"force": "60 nN"}
    panels.experiment.undo()
    panels.experiment.undo()
    assert (panels.experiment.draft.procedure, dict(panels.experiment.draft.given)) == ("trigger-ramp", {})
    panels.experiment.redo()
    assert panels.experiment.draft.given == {"force": "60 nN"}


def test_what_was_typed_for_a_procedure_is_there_when_it_is_chosen_again(panels: Any) -> None:
    panels.planned("trigger-map", nx="3", sample="LLZO")
    panels.experiment.choose("contact-check")
    panels.experiment.set_value("sample", "LATP")
    panels.experiment.choose("trigger-map")
    assert panels.experiment.draft.given == {"nx": "3", "sample": "LATP"}


def test_picks_become_parameters_of_what_is_chosen(panels: Any) -> None:
    points = [[0.0, 0.0], [1e-6, 2e-6]]
    patch = PlanPatch({"points": points, "x": 1e-6, "y": 2e-6, "map_run": ""}, "2 points")
    panels.planned("trigger-map")
    panels.experiment.apply(patch)
    assert panels.experiment.draft.given == {"points": points}
    panels.experiment.choose("trigger-ramp")
    panels.experiment.apply(patch)
    assert panels.experiment.draft.given == {"x": 1e-6, "y": 2e-6}
    assert panels.told[-1] == "'trigger-ramp' has one place: it takes the point picked last"


def test_cleared_picks_clear_the_places(panels: Any) -> None:
    panels.planned("trigger-map", points=[[0.0, 0.0]])
    panels.experiment.apply(PlanPatch({"points": []}, "no picks"))
    assert panels.experiment.is_default("points")


def test_the_look_ahead_says_time_and_charge_and_draws_its_path(lab_panels: Any) -> None:
    drawn: list[Any] = []
    lab_panels.experiment.path_wanted.connect(drawn.append)
    lab_panels.planned("trigger-map", nx="3", ny="2")
    outlook = lab_panels.experiment.outlook
    assert (outlook.ramps, len(outlook.points)) == (6, 6)
    assert outlook.duration > 0
    lab_panels.experiment.dry_run()
    assert drawn == [outlook]


def test_a_plan_beyond_the_bench_s_limits_is_refused_with_the_limit(lab_panels: Any) -> None:
    lab_panels.planned("trigger-ramp", x="1 mm")
    assert "beyond the bench's limit of 10 µm" in lab_panels.experiment.problem
    lab_panels.experiment.enqueue()
    assert lab_panels.queue.items == ()
    assert lab_panels.told[-1] == "the plan cannot start yet: correct what is marked in the form"


def test_fast_typing_is_judged_by_its_last_value(lab_panels: Any) -> None:
    lab_panels.planned("trigger-map", pitch="0.2 um")
    for count in range(1, 30):
        lab_panels.experiment.set_value("nx", str(count))
    lab_panels.until(lambda: lab_panels.experiment.outlook is not None and lab_panels.experiment.outlook.ramps == 290)
    assert not lab_panels.experiment.looking


def test_a_plan_runs_twice_into_two_runs_and_is_remembered(lab_panels: Any) -> None:
    lab_panels.planned("contact-check", sample="LLZO")
    lab_panels.experiment.enqueue(2)
    lab_panels.ended(2)
    assert [item.state for item in lab_panels.queue.items] == [ItemState.FINISHED] * 2, lab_panels.told
    outs = [item.out for item in lab_panels.queue.items]
    assert outs[0] != outs[1]
    assert all(path.is_dir() for path in outs)
    lab_panels.until(lambda: lab_panels.experiment.shelf.recent)
    assert [plan.name for plan in lab_panels.experiment.shelf.recent] == ["contact-check LLZO"]


def test_a_saved_plan_is_shown_again_and_can_be_undone(panels: Any) -> None:
    panels.planned("trigger-map", nx="3")
    panels.experiment.save_as("three columns")
    panels.until(lambda: panels.experiment.shelf.saved)
    panels.experiment.reset()
    panels.experiment.open_plan(panels.experiment.shelf.saved[0].path)
    panels.until(lambda: not panels.experiment.is_default("nx"))
    panels.experiment.undo()
    assert panels.experiment.is_default("nx")


def test_a_plan_for_a_procedure_that_is_not_installed_is_said_to_be(panels: Any) -> None:
    panels.experiment.show_plan(Plan(procedure="alchemy"))
    assert panels.told[-1] == "the plan is for 'alchemy', which is not installed here"


def test_a_plan_file_that_is_none_is_said_to_be(panels: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("procedure = 'trigger-map'\nparameters = {nxx = 3}")
    panels.experiment.open_plan(tmp_path / "bad.toml")
    panels.until(lambda: panels.told)
    assert "did you mean 'nx'?" in panels.told[-1]
