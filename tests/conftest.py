"""The simulated lab for tests: real sockets on loopback, served by a thread of the test's own process at pace 0."""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class RunningLab:
    """A lab, the bench file that reaches it, and what it knows to be true."""

    lab: Any
    bench_file: Path
    truth_text: io.StringIO
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread = field(repr=False)

    @property
    def truth(self) -> list[dict[str, Any]]:
        """One entry a contact at which the bias went beyond the plating onset."""
        return [json.loads(line) for line in self.truth_text.getvalue().splitlines()[1:]]

    @property
    def cell_truth(self) -> dict[str, float]:
        """The drawn values of the pellet cell."""
        drawn: dict[str, float] = json.loads(self.truth_text.getvalue().splitlines()[0])
        return drawn

    def call(self, function: Callable[[], Any]) -> Any:
        """Run `function` inside the lab's own thread and return what it returns."""
        future: Future[Any] = Future()
        self.loop.call_soon_threadsafe(lambda: future.set_result(function()))
        return future.result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.lab.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


def start_lab(folder: Path, guard: bool = False, **options: Any) -> RunningLab:
    """Start a lab; `options` are those of `WorldSettings`, plus pace, bias_source, controller, single_client and faults.

    Without `guard` the bench file asks for no guard process: starting one takes a second, and a test's lab ends with it.
    """
    from sim_instruments.lab import Lab, LabSettings
    from sim_instruments.world import WorldSettings

    names = ("pace", "bias_source", "controller", "single_client", "faults", "pty")
    outer = {name: options.pop(name) for name in names if name in options}
    truth = io.StringIO()
    loop = asyncio.new_event_loop()
    lab = Lab(LabSettings(world=WorldSettings(**options), **outer), truth)
    thread = threading.Thread(target=loop.run_forever, name="simulated lab", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(lab.start(), loop).result(30)
    folder.mkdir(parents=True, exist_ok=True)
    bench_file = folder / "bench.toml"
    lab.write_bench_file(bench_file)
    if not guard:
        bench_file.write_text(bench_file.read_text().replace("simulated = true", "simulated = true\nguard = false"))
    return RunningLab(lab, bench_file, truth, loop, thread)


@pytest.fixture
def lab_starter(tmp_path: Path) -> Iterator[Callable[..., RunningLab]]:
    """Start labs that end with the test."""
    labs: list[RunningLab] = []

    def start(**options: Any) -> RunningLab:
        labs.append(start_lab(tmp_path / f"lab{len(labs)}", **options))
        return labs[-1]

    yield start
    for lab in labs:
        lab.stop()


@pytest.fixture
def lab(lab_starter: Callable[..., RunningLab]) -> RunningLab:
    """A lab with the sample `bare`, seed 0, as fast as it can."""
    return lab_starter()


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or leaves notes of live runs and tips in the user's own folders."""
    monkeypatch.setenv("NANOPROBE_STATE", str(tmp_path_factory.mktemp("state")))
