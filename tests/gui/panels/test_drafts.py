"""Plans in the making: undo, what is kept, what they become."""

from gui.drafts import Draft, History, draft_of
from nanoprobe.plan import Plan


def test_typing_into_one_field_is_undone_in_one_step() -> None:
    history = History(Draft("trigger-ramp"))
    for text in ("6", "60", "60 nN"):
        history.step(history.present.with_given({"force": text}), "force")
    history.undo()
    assert history.present == Draft("trigger-ramp")
    history.redo()
    assert history.present.given == {"force": "60 nN"}


def test_two_visits_to_a_field_are_two_steps() -> None:
    history = History(Draft("trigger-ramp"))
    history.step(history.present.with_given({"force": "60 nN"}), "force")
    history.seal()
    history.step(history.present.with_given({"force": "70 nN"}), "force")
    history.undo()
    assert history.present.given == {"force": "60 nN"}


def test_a_new_edit_after_an_undo_ends_the_way_forward() -> None:
    history = History(Draft("trigger-ramp"))
    history.step(Draft("trigger-ramp", {"force": 1e-7}))
    history.undo()
    history.step(Draft("trigger-ramp", {"x": 1e-6}))
    assert not history.can_redo
    assert history.can_undo


def test_none_takes_a_value_back_to_its_default() -> None:
    assert Draft("a", {"x": 1.0, "y": 2.0}).with_given({"x": None}).given == {"y": 2.0}


def test_another_procedure_keeps_sample_operator_tip_and_force() -> None:
    draft = Draft("a", {"sample": "s", "operator": "o", "tip": "t", "force": "60 nN", "nx": 3})
    assert draft.for_procedure("b") == Draft("b", {"sample": "s", "operator": "o", "tip": "t", "force": "60 nN"})


def test_a_plan_becomes_a_draft_and_the_same_plan_again() -> None:
    plan = Plan(procedure="trigger-map", bench="b.toml", sample="LLZO", parameters={"nx": 3, "points": [[0.0, 1e-6]]})
    assert draft_of(plan).plan("b.toml") == plan
