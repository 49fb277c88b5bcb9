"""An overnight of ramps in one process: does memory grow, do sessions, threads, files or processes stay behind?"""

import gc
import os
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyvisa

from benchmarks.soak import state
from benchmarks.soak.rows import Row
from nanoprobe.engine import execute
from nanoprobe.plan import Plan
from nanoprobe.records import PointBegin
from nanoprobe.roles import Array
from procedures.map_walk import MapWalk

SIDES = {1000: (40, 25), 20: (5, 4)}
"""Points a run: how many across and up."""
MAP = {"pitch": "0.2 um", "stop_bias": -6.0, "rate": 10.0, "image_every": 0, "check_every": 0}
"""At most 35 samples a ramp; most trip on the way."""
IN_PLACE = {**MAP, "stop_bias": -0.75, "sample_rate": 400.0}
"""The same where the tip is not moved between two ramps: too little bias for a dendrite, 30 samples and the hold."""
WHOLE_EVERY = 10
"""One run in so many is a whole map; in the others the tip stays, since moving it takes most of the time of a ramp."""


@dataclass(frozen=True)
class Held:
    """What this process holds: resident memory (MiB), open files and sockets, threads, VISA sessions, child processes."""

    memory: float
    files: int
    threads: int
    sessions: int
    children: int

    @property
    def things(self) -> tuple[int, int, int, int]:
        """All but the memory."""
        return self.files, self.threads, self.sessions, self.children


def held() -> Held:
    """Return what this process holds now (Linux)."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    tasks = Path("/proc/self/task")
    return Held(
        memory=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        files=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        sessions=len(pyvisa.ResourceManager("@py").list_opened_resources()),
        children=sum(len(task.joinpath("children").read_text().split()) for task in tasks.iterdir()),
    )


def run(index: int, points: int, folder: Path) -> None:
    """Take one map of `points` ramps on a demo lab and guard of its own, as a user would. Raises what ended it early."""
    across, up = SIDES[points]
    whole = index % WHOLE_EVERY == 0
    plan = Plan(procedure="trigger-map", parameters={**(MAP if whole else IN_PLACE), "nx": across, "ny": up})
    with nullcontext() if whole else patch.object(MapWalk, "_land", _stay):
        outcome = execute(plan, folder / f"run{index}.zarr")
    if outcome.status != "finished":
        raise RuntimeError(f"run {index} ended as {outcome.status}: {outcome.error}")


def _stay(walk: MapWalk, index: int, place: Array) -> tuple[PointBegin, float]:
    """Land for the first point alone."""
    begin = walk._begin(index, place, 1)
    return begin, walk.contact.force if walk.lab.probe.engaged() else walk.contact.go(begin.x, begin.y)


def soak(count: int, points: int = 1000) -> Row:
    """Ramp `count` times, `points` a run; the first run is the measure of the others."""
    seen: list[Held] = []
    with state.of_its_own():
        for index in range(count // points):
            with TemporaryDirectory() as folder:
                run(index, points, Path(folder))
            seen.append(held())
            row = told(seen, points)
            row.save()
            print(f"{len(seen) * points} ramps: {seen[-1]}", flush=True)
    return told(seen, points)


def told(seen: list[Held], points: int) -> Row:
    """Return the row of what was held after each run."""
    first, last, most = seen[0], seen[-1], max(each.memory for each in seen)
    more = [end - begin for end, begin in zip(last.things, first.things, strict=True)]
    return Row(
        "ramps",
        f"ramps in one process, {points} a run, each run with a demo lab and guard of its own; one run in {WHOLE_EVERY} a "
        f"whole map, in the others the tip stays where it is",
        f"{len(seen) * points:,}",
        f"memory {first.memory:.1f} MiB after the first {points}, {last.memory:.1f} MiB at the end "
        f"({100 * (last.memory / first.memory - 1):+.1f} %), {most:.1f} MiB at most; more at the end than after the first "
        f"run: files {more[0]}, threads {more[1]}, VISA sessions {more[2]}, processes {more[3]}",
    )
