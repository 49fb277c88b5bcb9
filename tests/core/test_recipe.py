"""Recipes: checked whole before step 1, run step by step on one bench, resumed where they were cut off."""

import json
import shutil

import numpy as np
import pytest

from nanoprobe import Recipe, Step, open_run, read_recipe, resume_recipe, run_recipe
from nanoprobe.cli.app import _status
from nanoprobe.control import RunControl
from nanoprobe.errors import BadInput, LimitExceeded
from nanoprobe.events import Events, Recorded
from nanoprobe.recipe import make_recipe
from nanoprobe.records import RampDone

MAP = {"name": "map", "procedure": "current-map", "parameters": {"size": "3 um", "pixels": 64, "line_rate": "4 Hz"}}
TRIGGER = {
    "name": "trigger",
    "procedure": "trigger-map",
    "parameters": {
        "points": "@map.boundaries",
        "map_run": "@map",
        "image_size": "1 um",
        "image_every": 0,
        "check_every": 0,
    },
}
CURVE = {
    "name": "curve",
    "procedure": "force-curve",
    "parameters": {"x": "@trigger.triggered.x", "y": "@trigger.triggered.y"},
}


def recipe(lab, *steps):
    return make_recipe({"recipe": "test", "bench": str(lab.bench_file), "sample": "LLZO", "step": list(steps)})


def test_steps_use_what_earlier_steps_have_found(lab_starter, tmp_path):
    outcome = run_recipe(recipe(lab_starter(seed=1), MAP, TRIGGER, CURVE), tmp_path / "out")
    assert outcome.status == "finished", outcome.error
    assert [path.name for path in outcome.runs] == ["01-map.zarr", "02-trigger.zarr", "03-curve.zarr"]
    with open_run(outcome.runs[1]) as trigger, open_run(outcome.runs[2]) as curve:
        assert trigger.header.parameters["map_run"] == str(outcome.runs[0])
        first = np.flatnonzero(trigger.points["triggered"].values == 1)[0]
        assert float(curve.tables["curves"]["x"][0]) == float(trigger.points["x"][first])
        assert curve.header.sample == "LLZO"
    record = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert record["status"] == "finished"
    assert [step["status"] for step in record["steps"]] == ["finished"] * 3


def test_scan_find_a_boundary_trigger_heal_and_cycle_at_one_spot(lab_starter, tmp_path):
    spot = {"x": "@map.boundary.x", "y": "@map.boundary.y"}
    steps = [
        MAP,
        {
            "name": "trigger",
            "procedure": "trigger-ramp",
            "parameters": {**spot, "sample_rate": 400, "trip_current": "5 nA"},
        },
        {
            "name": "heal",
            "procedure": "heal",
            "parameters": {"growth_run": "@trigger", "mode": "ramp", "rate": "1 V/s"},
        },
        {"name": "cycle", "procedure": "endurance", "parameters": {**spot, "cycles": 10, "reads": 2}},
    ]
    lab = lab_starter(seed=1)
    outcome = run_recipe(recipe(lab, *steps), tmp_path / "out")
    assert outcome.status == "finished", outcome.error
    places = []
    for path in outcome.runs[1:]:
        with open_run(path) as run:
            places.append((float(run.points["x"][0]), float(run.points["y"][0])))
    assert len(set(places)) == 1
    with open_run(outcome.runs[3]) as run:
        cycles = run.tables["cycles"].load()
    assert cycles.sizes["cycle"] == 10
    assert float((cycles["r_off"] / cycles["r_on"]).median()) > 1e4


def aborting(after, control):
    """Events that abort after so many ramps."""
    events, seen = Events(), []

    def look(event):
        if isinstance(event, Recorded) and isinstance(event.record, RampDone):
            seen.append(event.record.point)
            if len(seen) == after:
                control.abort()

    events.event.connect(look)
    return events


def test_a_recipe_cut_off_in_step_2_goes_on_at_its_next_point_and_ends_whole(lab_starter, tmp_path):
    lab = lab_starter(seed=1)
    grid = {"name": "trigger", "procedure": "trigger-map", "parameters": {"nx": 3, "ny": 1, "image_every": 0}}
    check = {"name": "check", "procedure": "contact-check"}
    last = {"name": "again", "procedure": "contact-check", "parameters": {"y": "3 um"}}
    control = RunControl()
    outcome = run_recipe(recipe(lab, check, grid, last), tmp_path / "out", aborting(2, control), control)
    assert outcome.status == "aborted"
    assert not lab.lab.world.tip.in_contact
    assert [path.name for path in outcome.runs] == ["01-check.zarr", "02-trigger.zarr"]
    steps = []
    outcome = resume_recipe(tmp_path / "out", on_step=lambda number, step: steps.append(step.name))
    assert outcome.status == "finished", outcome.error
    assert steps == ["trigger", "again"]
    with open_run(outcome.runs[1]) as run:
        assert run.points_committed == 3


def soft(lab):
    lab.bench_file.write_text(lab.bench_file.read_text().replace("spring_constant = 40", "spring_constant = 2"))


def uncalibrated(lab):
    lines = [line for line in lab.bench_file.read_text().splitlines() if not line.startswith("spring_constant")]
    lab.bench_file.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("step", "spoil", "text"),
    [
        pytest.param(
            {"procedure": "modulus-map"}, uncalibrated, "'third' .* not calibrated in newtons", id="uncalibrated lever"
        ),
        pytest.param(
            {"procedure": "modulus-map"}, soft, "'third' .* too soft for a modulus of 150 GPa", id="soft lever"
        ),
        pytest.param(
            {"procedure": "trigger-map", "parameters": {"map_run": "@first", "centre_x": "9 um"}},
            lambda lab: None,
            "'third' .* is beyond the bench's limit",
            id="beyond the scanner, on an earlier map",
        ),
        pytest.param(
            {"procedure": "trigger-ramp", "parameters": {"trip_way": "controller"}},
            lambda lab: None,
            "'third' .* trip by 'controller' is not possible",
            id="a way to trip this wiring lacks",
        ),
    ],
)
def test_a_recipe_whose_step_3_cannot_run_on_this_bench_is_refused_before_step_1(
    lab_starter, tmp_path, step, spoil, text
):
    lab = lab_starter()
    spoil(lab)
    check = {"procedure": "contact-check"}
    with pytest.raises(BadInput, match=text):
        run_recipe(
            recipe(lab, {"name": "first", **check}, {"name": "second", **check}, {"name": "third", **step}),
            tmp_path / "out",
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        pytest.param(
            [{"name": "a", "procedure": "trigger-mp"}], "step 'a': .*did you mean 'trigger-map'", id="procedure"
        ),
        pytest.param(
            [{"name": "a", "procedure": "contact-check", "parameters": {"bais": 1}}],
            "step 'a': .*did you mean 'bias'",
            id="parameter",
        ),
        pytest.param(
            [{"name": "a", "procedure": "contact-check", "parameters": {"bais": "@b"}}],
            "'@b' points to no earlier step; the first step has none",
            id="no earlier step",
        ),
        pytest.param(
            [MAP, {"name": "b", "procedure": "trigger-map", "parameters": {"mapp_run": "@map"}}],
            "trigger-map has no parameter 'mapp_run'",
            id="reference for no parameter",
        ),
        pytest.param(
            [MAP, {"name": "b", "procedure": "force-curve", "parameters": {"x": "@map.boundary"}}],
            "'@map.boundary' is half a result",
            id="half a place",
        ),
        pytest.param([MAP, MAP], "two steps are called 'map'", id="twice the same name"),
        pytest.param(
            [{"name": "A b", "procedure": "contact-check"}], "step name 'A b' may have small letters", id="name"
        ),
        pytest.param([], "'step'", id="no step"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_when_it_is_read(steps, text):
    with pytest.raises(BadInput, match=text):
        make_recipe({"recipe": "test", "step": steps})


def test_a_result_an_earlier_run_does_not_have_fails_its_step_by_name(lab_starter, tmp_path):
    check = {"name": "check", "procedure": "contact-check"}
    curve = {"name": "curve", "procedure": "force-curve", "parameters": {"x": "@check.triggered.x"}}
    outcome = run_recipe(recipe(lab_starter(), check, curve), tmp_path / "out")
    assert outcome.status == "failed"
    assert "step 'curve': '@check.triggered.x': no point of" in str(outcome.error)


def test_a_changed_record_and_a_foreign_folder_are_refused(lab_starter, tmp_path):
    outcome = run_recipe(recipe(lab_starter(), {"name": "check", "procedure": "contact-check"}), tmp_path / "out")
    record = outcome.path / "recipe.json"
    shutil.copytree(outcome.path, tmp_path / "foreign")
    record.write_text(record.read_text().replace("LLZO", "LLTO"))
    with pytest.raises(BadInput, match="does not match its hash"):
        resume_recipe(outcome.path)
    (tmp_path / "foreign" / "recipe.json").write_text("{")
    with pytest.raises(BadInput, match="is no folder of a recipe"):
        resume_recipe(tmp_path / "foreign")


def test_a_python_file_makes_a_recipe_as_toml_does(tmp_path):
    (tmp_path / "r.toml").write_text('recipe = "r"\n[[step]]\nname = "a"\nprocedure = "contact-check"\n')
    (tmp_path / "r.py").write_text(
        'from nanoprobe import Recipe, Step\nrecipe = Recipe(recipe="r", steps=[Step(name="a", procedure="contact-check")])\n'
    )
    assert read_recipe(tmp_path / "r.toml") == read_recipe(tmp_path / "r.py")
    (tmp_path / "none.py").write_text("x = 1\n")
    with pytest.raises(BadInput, match="sets no `recipe`"):
        read_recipe(tmp_path / "none.py")


def test_limits_hold_for_a_recipe_made_in_python(lab_starter, tmp_path):
    lab = lab_starter()
    step = Step(name="a", procedure="force-curve", parameters={"peak_force": 2e-6})
    with pytest.raises(BadInput, match="beyond the bench's limit of 1 µN") as caught:
        run_recipe(Recipe(recipe="r", bench=str(lab.bench_file), steps=[step]), tmp_path / "out")
    assert isinstance(caught.value.__cause__, LimitExceeded)


def test_the_command_line_runs_shows_and_resumes_a_recipe(lab_starter, tmp_path, monkeypatch, capsys):
    lab = lab_starter()
    file = tmp_path / "r.toml"
    file.write_text('recipe = "r"\n[[step]]\nname = "a"\nprocedure = "contact-check"\nparameters = { dwell = 0.1 }\n')

    def command(*words):
        monkeypatch.setattr("sys.argv", ["nanoprobe", *map(str, words)])
        status = _status()
        captured = capsys.readouterr()
        return status, " ".join((captured.out + captured.err).split())

    status, said = command("run", file, "--bench", lab.bench_file, "--dry-run")
    assert status == 0
    assert "nothing was touched" in said
    status, said = command("run", file, "--bench", lab.bench_file, "--out", tmp_path / "out")
    assert status == 0
    assert "step 1 of 1: a (contact-check)" in said
    status, said = command("resume", tmp_path / "out")
    assert (status, "nothing left to do" in said) == (0, True)
    status, said = command("show", tmp_path / "out")
    assert "01-a.zarr" in said
    assert said.endswith(f"next: nanoprobe show {tmp_path / 'out' / '01-a.zarr'}")
    for words in (("show", "--json"), ("show", "--wire"), ("analyze",)):
        status, said = command(*words, tmp_path / "out")
        assert (status, said) == (
            2,
            f"nanoprobe: {tmp_path / 'out'} is the folder of a recipe; its runs lie inside: 01-a.zarr",
        )
    status, said = command("run", file, "--set", "dwell=1", "--out", tmp_path / "two")
    assert status == 2
    assert "is a recipe: --set and --from belong to a single procedure" in said
