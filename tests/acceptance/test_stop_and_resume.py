"""A run that is stopped is safe, says so and is finished by `resume`, which ramps no point twice."""

import json
import os
import signal
import subprocess
import sys

import pytest

from nanoprobe import Plan, open_run
from nanoprobe.control import RunControl
from nanoprobe.engine import execute
from nanoprobe.events import Events, MadeSafe, Recorded
from nanoprobe.records import PointState, RampDone, Samples
from tests.acceptance.conftest import DEADLINE, unsafe

MAP = {"nx": 3, "ny": 3, "image_every": 0, "check_every": 0}
POINTS = MAP["nx"] * MAP["ny"]


def stopped_at(lab, out, wanted):
    """Run the map and abort at the first record that `wanted` accepts; return the outcome and what was made safe."""
    events, control, reports = Events(), RunControl(), []

    def look(event):
        if isinstance(event, Recorded) and wanted(event.record) and not control.aborted:
            control.abort("stopped by the test")
        if isinstance(event, MadeSafe):
            reports.append(event.report)

    events.event.connect(look)
    outcome = execute(Plan(procedure="trigger-map", bench=str(lab.bench_file), parameters=MAP), out, events, control)
    return outcome, reports


MOMENTS = {
    "after a ramp": lambda record: isinstance(record, RampDone) and record.point == 4,
    "in a ramp": lambda record: isinstance(record, Samples) and record.point == 4,
}


@pytest.mark.parametrize("wanted", MOMENTS.values(), ids=MOMENTS)
def test_an_aborted_map_is_safe_and_resume_ramps_no_point_twice(wanted, lab_starter, tmp_path, nanoprobe):
    lab = lab_starter(seed=4)
    outcome, reports = stopped_at(lab, tmp_path / "run.zarr", wanted)
    assert (outcome.status, outcome.exit_status) == ("aborted", 3)
    assert reports
    assert all(report.safe for report in reports)
    assert unsafe(lab) == []
    with open_run(outcome.path) as run:
        assert run.status == "aborted"
        assert 0 < run.points_committed < POINTS
        before = run.points.load()
    assert nanoprobe("show", str(outcome.path)).out.endswith(f"next: nanoprobe resume {outcome.path}\n")
    said = nanoprobe("resume", str(outcome.path))
    assert said.status == 0, said.err
    shown = json.loads(nanoprobe("show", str(outcome.path), "--json").out)
    assert (shown["status"], shown["points_planned"]) == ("finished", POINTS)
    with open_run(outcome.path) as run:
        after = run.points.load()
    done = before["state"].values == PointState.DONE
    assert (after["state"].values[done] == PointState.DONE).all()
    assert (after["charge"].values[done] == before["charge"].values[done]).all()
    assert set(after["state"].values.tolist()) <= {int(PointState.DONE), int(PointState.INTERRUPTED)}
    places = [(line["x"], line["y"]) for line in lab.truth]
    assert len(places) <= POINTS
    apart = [abs(complex(*one) - complex(*other)) for i, one in enumerate(places) for other in places[:i]]
    assert min(apart) > 0.5e-6  # the pitch is 1 um: no spot was ramped again


@pytest.fixture
def served(tmp_path):
    """A lab in its own process at pace 5; yields its bench file and its log of what became safe."""
    bench, log = tmp_path / "bench.toml", tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "nanoprobe.cli", "sim", "serve", "--pace", "5", "--until-stdin-closes"]
    lab = subprocess.Popen(
        [*command, "--bench-file", str(bench), "--log-file", str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert lab.stdout.readline()
    yield bench, log
    lab.stdin.close()
    lab.wait(DEADLINE)
    lab.stdout.close()


def left_on(log) -> list[str]:
    """Return what the lab's own log says is not safe at its end."""
    state = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["what"] != "client":
            state[event["what"], event["instrument"]] = event["state"]
    return [f"{key}: {value}" for key, value in state.items() if value not in (False, "withdrawn")]


def biased(log) -> bool:
    return any(json.loads(line)["what"] == "bias" for line in log.read_text(encoding="utf-8").splitlines(True)[:-1])


@pytest.mark.timeout(120)
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    "numbers",
    [[signal.SIGINT], [signal.SIGINT, signal.SIGINT], [signal.SIGTERM]],
    ids=["Ctrl-C", "Ctrl-C twice", "SIGTERM"],
)
def test_a_signal_ends_the_run_as_aborted_with_the_bench_safe(numbers, served, app, tmp_path):
    bench, log = served
    out = tmp_path / "run.zarr"
    settings = [f"--set={name}={value}" for name, value in MAP.items()]
    process = app("run", "trigger-map", "--bench", str(bench), *settings, "--out", str(out))
    while not biased(log):  # the test's own timeout is the deadline
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    for number in numbers:
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)  # one signal is not merged with the next
    said, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 3
    assert f"aborted: {out}" in said.replace("\n", "")
    assert f"nanoprobe resume {out}" in said.replace("\n", "")
    assert f"stopped by {numbers[0].name}" in err
    assert "Traceback" not in err
    assert left_on(log) == []
    with open_run(out) as run:
        assert run.status == "aborted"
        assert run.attrs["reason"] == f"stopped by {numbers[0].name}"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("was_there", [False, True], ids=["folder made here", "folder of the user"])
def test_a_demo_stopped_before_anything_is_stored_leaves_no_folder_of_its_own(was_there, app, tmp_path):
    place = tmp_path / "d1"
    if was_there:
        place.mkdir()
    process = app("demo", "--out", str(place))
    assert "simulated lab" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (3, "nanoprobe: stopped\n")
    assert place.exists() == was_there
