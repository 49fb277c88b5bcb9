"""Plans on disk."""

from pathlib import Path

import pytest

from gui.plan_shelf import MOST_RECENT, PlanShelf, load_plan, write_plan
from gui.run_names import RunNames, short
from nanoprobe.errors import BadInput, StorageError
from nanoprobe.plan import Plan

PLAN = Plan(procedure="trigger-ramp", bench="demo", sample="LLZO", parameters={"force": "60 nN", "stop_bias": -4.0})


def test_a_saved_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    shelf = PlanShelf(tmp_path)
    path = shelf.save("my ramp", PLAN)
    assert load_plan(path) == PLAN
    assert [plan.name for plan in shelf.contents().saved] == ["my ramp"]


def test_a_removed_plan_is_gone(tmp_path: Path) -> None:
    shelf = PlanShelf(tmp_path)
    shelf.save("a", PLAN)
    shelf.remove(shelf.contents().saved[0])
    assert shelf.contents().saved == ()


@pytest.mark.parametrize("name", ["", "  ", "../evil", "a/b", ".hidden", "what?"])
def test_a_name_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="cannot name a plan"):
        PlanShelf(tmp_path).save(name, PLAN)
    assert list(tmp_path.rglob("*")) == []


def test_the_same_plan_run_twice_is_one_recent_plan_and_old_ones_go(tmp_path: Path) -> None:
    shelf = PlanShelf(tmp_path)
    for number in range(MOST_RECENT + 3):
        shelf.used(PLAN.model_copy(update={"parameters": {"stop_bias": -1.0 - number / 100}}))
    shelf.used(PLAN)
    shelf.used(PLAN)
    recent = shelf.contents().recent
    assert len(recent) == MOST_RECENT
    assert recent[0].name == "trigger-ramp LLZO"
    assert load_plan(recent[0].path) == PLAN


def test_a_sample_with_odd_letters_can_be_remembered(tmp_path: Path) -> None:
    shelf = PlanShelf(tmp_path)
    shelf.used(PLAN.model_copy(update={"sample": "a/b: ?\\ <é>"}))
    assert load_plan(shelf.contents().recent[0].path).sample == "a/b: ?\\ <é>"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"could not be written to .*file.*plan\.toml"):
        write_plan(tmp_path / "file" / "plan.toml", PLAN)


def test_run_names_are_never_given_twice(tmp_path: Path) -> None:
    names = RunNames()
    first = names.fresh(tmp_path / "runs", "trigger-map", "LLZO no. 3")
    (tmp_path / "runs" / first.name.replace("001", "002")).mkdir()
    second = names.fresh(tmp_path / "runs", "trigger-map", "LLZO no. 3")
    assert first.name.endswith("-trigger-map-LLZO-no-3-001.zarr")
    assert second.name.endswith("-003.zarr")
    assert names.again(second).name.endswith("-LLZO-no-3-004.zarr")


def test_a_folder_for_runs_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose another folder"):
        RunNames().fresh(tmp_path / "file" / "runs", "trigger-map")


def test_a_place_at_home_is_shown_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert short(tmp_path / "runs" / "a.zarr") == str(Path("~/runs/a.zarr"))
    assert short(tmp_path.parent / "elsewhere") == str(tmp_path.parent / "elsewhere")
