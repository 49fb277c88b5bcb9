"""A killed or frozen app: the guard makes the bench safe, the run says interrupted and is finished by `resume`."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nanoprobe import Plan, open_run
from nanoprobe.bench import make_bench_safe, open_bench
from nanoprobe.benchfile import read_bench_file
from nanoprobe.engine import execute_on, resume
from nanoprobe.errors import Unreachable
from nanoprobe.events import Events, Recorded
from nanoprobe.guard_process import Watch, listen
from tests.conftest import start_lab

DEADLINE = 60.0
SMALL = ["--set", "nx=3", "--set", "ny=2", "--set", "image_every=0", "--set", "check_every=0"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A lab in its own process at pace 4; yields its bench file and its log of what became safe."""
    bench, log = tmp_path / "bench.toml", tmp_path / "log.jsonl"
    command = [
        sys.executable,
        "-m",
        "sim_instruments",
        "serve",
        "--pace",
        "4",
        "--until-stdin-closes",
        "--single-client",
    ]
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


def biased(log: Path) -> bool:
    whole = [line for line in log.read_text().splitlines(True) if line.endswith("\n")]
    return any(json.loads(line)["what"] == "bias" for line in whole)


@pytest.mark.timeout(180)
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_frozen_app_is_killed_before_its_bench_is_made_safe(served, tmp_path):
    bench, log = served
    out, script = tmp_path / "run.zarr", Path(__file__).with_name("short_lease.py")
    command = [sys.executable, str(script), "8", "run", "trigger-ramp", "--bench", str(bench), "--set", "rate=0.1"]
    root = str(Path(__file__).parents[2])
    app = subprocess.Popen(
        [*command, "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert app.stderr is not None
    wait_for(lambda: biased(log), lambda: still_alive(app))
    app.send_signal(signal.SIGSTOP)
    assert app.wait(DEADLINE) == -signal.SIGKILL  # a stopped process can end in no other way
    said = app.stderr.read()
    app.stderr.close()
    assert "safe state (the app hangs): source-meter output off" in " ".join(said.split())
    assert last(log, "output") is False
    assert last(log, "tip") == "withdrawn"
    events = [json.loads(line) for line in log.read_text().splitlines()]
    gone = [event["wall"] for event in events if event["what"] == "client" and event["state"] == "gone"]
    withdrawn = [event["wall"] for event in events if event["what"] == "tip" and event["state"] == "withdrawn"]
    assert min(gone) < withdrawn[-1], "the app still held the bench when it was made safe"
    with open_run(out) as run:
        assert run.status == "interrupted"
        assert any("the app hangs" in note for note in run.notes)


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        pytest.param(["run x", "lease 0.0"], "hangs", id="a lease that ran out"),
        pytest.param(["run x", "lease 1000", "lease 0.0"], "hangs", id="a shorter lease replaces a longer one"),
        pytest.param(["run x", "lease 0.0001", "idle", ""], "died", id="no lease is needed without a run"),
        pytest.param(["run x", "lease 1000", ""], "died", id="the end of its input"),
        pytest.param(["run x", "lease 1000", "idle", "bye"], "dismissed", id="dismissed"),
    ],
)
def test_the_guard_tells_a_death_from_a_hang_and_from_an_end(lines, verdict):
    told: queue.Queue[str] = queue.Queue()
    for line in lines:
        told.put(line)
    assert listen(told, Watch()) == verdict


def test_a_run_whose_guard_was_killed_stops_safely_and_says_so(tmp_path):
    lab = start_lab(tmp_path / "lab", guard=True)
    try:
        with open_bench(lab.bench_file) as bench:
            events = Events()

            def kill_guard(event: object) -> None:
                if isinstance(event, Recorded) and event.topic == "point" and event.record.index == 1:
                    assert bench.guard is not None
                    bench.guard._process.kill()
                    bench.guard._process.wait(DEADLINE)

            events.event.connect(kill_guard)
            plan = Plan(
                procedure="trigger-map",
                bench=str(lab.bench_file),
                parameters={"nx": 4, "ny": 1, "image_every": 0, "check_every": 0},
            )
            outcome = execute_on(plan, bench, tmp_path / "run.zarr", events)
            assert (outcome.status, outcome.exit_status) == ("failed", 1)
            assert "the guard process has gone: the run is not protected against a crash of this app and stops" in str(
                outcome.error
            )
            assert lab.call(lambda: lab.lab.log.unsafe) == []
    finally:
        lab.stop()


def held_by_a_dead_host(bench: Path) -> socket.socket:
    """Return a connection that takes the source-meter's only place, as a computer does that lost its power."""
    port = tomllib.loads(bench.read_text())["instruments"]["source_meter"]["resource"].split("::")[2]
    return socket.create_connection(("127.0.0.1", int(port)))


def test_an_instrument_held_by_a_dead_client_is_freed_to_be_made_safe(lab_starter):
    lab = lab_starter(single_client=True)
    with held_by_a_dead_host(lab.bench_file) as dead:
        dead.sendall(b":SOUR:VOLT 1;:OUTP ON;*OPC?\n")
        assert dead.recv(10) == b"1\n"
        assert lab.call(lambda: lab.lab.log.unsafe) != []
        report = make_bench_safe(read_bench_file(lab.bench_file), "test")
    assert report.safe, report
    assert lab.call(lambda: lab.lab.log.unsafe) == []


def test_a_run_does_not_throw_out_another_client(lab_starter):
    lab = lab_starter(single_client=True)
    with held_by_a_dead_host(lab.bench_file) as other:
        other.sendall(b"*IDN?\n")
        assert other.recv(100)
        with pytest.raises(Unreachable, match="no other program holds its only connection"), open_bench(lab.bench_file):
            pass
        other.sendall(b"*LANG?\n")
        assert other.recv(100) == b"SCPI\n"
