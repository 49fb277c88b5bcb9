"""A killed or frozen app: the guard makes the bench safe, the run says interrupted and is finished by `resume`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nanoprobe import open_run
from nanoprobe.engine import resume

DEADLINE = 60.0
SMALL = ["--set", "nx=3", "--set", "ny=2", "--set", "image_every=0", "--set", "check_every=0"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A lab in its own process at pace 4; yields its bench file and its log of what became safe."""
    bench, log = tmp_path / "bench.toml", tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "sim_instruments", "serve", "--pace", "4", "--until-stdin-closes"]
    lab = subprocess.Popen(
        [*command, "--bench-file", str(bench), "--log-file", str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert lab.stdout is not None
    assert lab.stdin is not None
    assert lab.stdout.readline()
    yield bench, log
    lab.stdin.close()
    lab.wait(DEADLINE)
    lab.stdout.close()


def wait_for(reached: Callable[[], bool], tick: Callable[[], object]) -> None:
    """Return when `reached`; `tick` waits for something a moment long. The test's own timeout is the deadline."""
    while not reached():
        tick()


def last(log: Path, what: str) -> object:
    """Return the last state of `what` in the lab's own log."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return [event for event in events if event["what"] == what][-1]["state"]


@pytest.mark.timeout(180)
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_app_leaves_a_safe_bench_and_a_run_that_resumes(served, tmp_path):
    bench, log = served
    out = tmp_path / "run.zarr"
    command = [sys.executable, "-m", "nanoprobe.cli", "run", "trigger-map", "--bench", str(bench), *SMALL]
    app = subprocess.Popen([*command, "--out", str(out)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert app.stderr is not None

    def committed() -> int:
        if not (out / "zarr.json").exists():
            return 0
        with open_run(out) as run:
            return run.points_committed

    wait_for(lambda: committed() >= 1, lambda: still_alive(app))
    app.send_signal(signal.SIGKILL)
    app.wait(DEADLINE)
    said = app.stderr.read()  # ends when the guard, which shares it, has ended
    app.stderr.close()
    assert "safe state (the app died): source-meter output off" in " ".join(said.split())
    with open_run(out) as run:
        assert run.status == "interrupted"
        kept = run.points_committed
        assert kept >= 1
    assert last(log, "output") is False
    assert last(log, "tip") == "withdrawn"
    outcome = resume(out)
    assert outcome.status == "finished", outcome.error
    with open_run(out) as run:
        assert run.points_planned == 6
        assert any("the app died" in note for note in run.notes)


def still_alive(app: "subprocess.Popen[str]") -> None:
    try:
        app.wait(0.2)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError("the app ended before it was killed")
