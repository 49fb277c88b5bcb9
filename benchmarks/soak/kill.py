"""kill -9 of the app at random instants of maps and ramps: is everything there, is the bench safe, does the run go on?"""

import random
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.soak import app, state
from benchmarks.soak.labs import Served, served
from benchmarks.soak.rows import Row
from nanoprobe.engine import resume
from nanoprobe.errors import NanoprobeError
from nanoprobe.events import Events, Recorded
from nanoprobe.plan import Plan
from nanoprobe.records import PointBegin, PointState
from nanoprobe.storage import open_run

MAP = {
    "nx": 3, "ny": 2, "rate": 3.0, "check_every": 0,
    "image_every": 3, "image_pixels": 16, "image_size": 1e-6, "image_line_rate": 20.0, "min_confidence": 0.0,
}  # fmt: skip
SHOTS: dict[str, tuple[float, dict[str, Any]]] = {
    "trigger-map": (12.0, MAP),
    "trigger-ramp": (4.0, {"stop_bias": -6.0, "rate": 1.0}),
    "current-map": (3.4, {"pixels": 16, "size": 1e-6, "line_rate": 8.0}),
}
"""Procedures with the time (s, pace 1) from the birth of the run within which it is killed, and their plans."""
WEIGHTS = (3, 1, 1)
APPEARS = 120.0
"""Longest time (s) from the start of the app to the birth of its run."""
IN_TIME = 2.0
"""Within so long (s) after the kill the bench should be safe."""


@dataclass
class Shot:
    """One kill and what came of it; times in s."""

    procedure: str
    instant: float
    off_after: float
    safe_after: float
    unsafe: list[str]
    status: str = ""
    lost: list[str] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    resumed: str = ""
    problem: str = ""
    guard: str = ""
    """What the guard noted in the run."""


def shoot(pick: random.Random, lab: Served, spare: Served, out: Path) -> Shot | None:
    """Kill one app on `lab` at a random instant and resume its run on `spare`; None when it ended before the shot."""
    procedure = pick.choices(list(SHOTS), WEIGHTS)[0]
    longest, parameters = SHOTS[procedure]
    instant = pick.uniform(0.0, longest)
    process, told = app.start(Plan(procedure=procedure, bench=str(lab.bench), parameters=parameters), out)
    _await(out / "zarr.json", process)
    time.sleep(instant)
    alive = process.is_alive()
    killed = time.time()
    process.kill()
    heard = app.Told()
    for line in app.read(told).splitlines():  # ends when the guard, which shares it, has ended
        heard.hear(line)
    process.join()
    if not (alive and out.exists()):
        return None
    with open_run(out) as run:
        if run.status == "finished":
            return None
    shot = Shot(
        procedure,
        instant,
        lab.safe_after(killed, "output", "bias"),
        lab.safe_after(killed, "output", "bias", "tip"),
        lab.unsafe(),
    )
    try:
        return _judge(shot, heard, spare, out)
    except NanoprobeError as error:
        shot.problem = f"{type(error).__name__}: {error}"
        return shot


def _await(file: Path, process: Any) -> None:
    deadline = time.monotonic() + APPEARS
    while not file.exists() and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)


def _judge(shot: Shot, heard: app.Told, spare: Served, out: Path) -> Shot:
    with open_run(out) as run:
        shot.status, shot.guard = run.status, " ".join(note for note in run.notes if note.startswith("guard"))
        shot.lost = heard.missing_in(run)
        begun = {i for i, each in enumerate(run.points["state"].values) if each != PointState.PLANNED}
    again: list[int] = []

    def note(event: object) -> None:
        if isinstance(event, Recorded) and isinstance(event.record, PointBegin):
            again.append(event.record.index)

    events = Events()
    events.event.connect(note)
    outcome = resume(out, events, bench=str(spare.bench))
    shot.resumed = f"{outcome.status} {outcome.error or ''}".strip()
    shot.twice = sorted((begun | heard.begun) & set(again))
    with open_run(out) as run:
        shot.lost += [f"{what} after the resume" for what in heard.missing_in(run)]
        if not set(run.points["state"].values.tolist()) <= {PointState.DONE, PointState.INTERRUPTED}:
            shot.problem = f"points are {run.points['state'].values.tolist()} after the resume"
    shot.lost += app.bad_arrays(out)
    return shot


def batch(seed: int, count: int, pace: float) -> list[Shot]:
    """Return `count` shots at apps on a lab of their own."""
    pick, shots = random.Random(seed), []
    app.CONTEXT.set_forkserver_preload(app.PRELOADED)
    with TemporaryDirectory() as name, state.of_its_own():
        folder, options = Path(name), ("--seed", str(seed), "--pace")
        single = ("--single-client",) if pick.random() < 0.5 else ()
        with (
            served(folder / "lab", *options, f"{pace:g}", *single) as lab,
            served(folder / "spare", *options, "0", guard=False) as spare,
        ):
            for tried in range(10 * count):
                if len(shots) == count:
                    break
                shot = shoot(pick, lab, spare, folder / f"run{tried}.zarr")
                shots += [shot] if shot else []
    return shots


def soak(count: int, workers: int, pace: float = 1.0, size: int = 10) -> Row:
    """Shoot `count` times, a few labs at a time; print what goes wrong as it comes, and return the row."""
    shots: list[Shot] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        sizes = [min(size, count - first) for first in range(0, count, size)]
        jobs = [pool.submit(batch, seed, each, pace) for seed, each in enumerate(sizes)]
        for job in as_completed(jobs):
            shots += job.result()
            for shot in job.result():
                if wrong(shot) or shot.safe_after > IN_TIME:
                    print("wrong:" if wrong(shot) else "late:", shot, flush=True)
            row = told(shots, pace)
            row.save()
            print(row.outcome, flush=True)
    return told(shots, pace)


def wrong(shot: Shot) -> bool:
    """Say whether anything but the time to safety is not as it should be."""
    good = shot.status == "interrupted" and shot.resumed == "finished"
    return not good or bool(shot.unsafe or shot.lost or shot.twice or shot.problem)


def told(shots: list[Shot], pace: float) -> Row:
    """Return the row of these shots."""
    off, safe = [shot.off_after for shot in shots], [shot.safe_after for shot in shots]
    kinds = ", ".join(f"{sum(s.procedure == name for s in shots)} {name}" for name in SHOTS)
    return Row(
        "kill",
        f"`kill -9` of the app at random instants, pace {pace:g} ({kinds})",
        str(len(shots)),
        f"open and interrupted {sum(s.status == 'interrupted' for s in shots)}; runs with a committed point or line lost "
        f"{sum(bool(s.lost) for s in shots)}, with a point measured twice {sum(bool(s.twice) for s in shots)}; resumed and "
        f"finished {sum(s.resumed == 'finished' for s in shots)}; bench left unsafe {sum(bool(s.unsafe) for s in shots)}; "
        f"by the lab's own log safe after {statistics.median(safe):.2f} s (median), {max(safe):.2f} s (longest), within "
        f"{IN_TIME:g} s {sum(s <= IN_TIME for s in safe)} times; output off after {statistics.median(off):.2f} s "
        f"(median), {max(off):.2f} s (longest)",
    )
