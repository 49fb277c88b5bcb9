"""How fast a trigger map goes on the simulated lab at pace 0: `make speed` (`--quick`: one small map).

A point is lift, move, land, a ramp of up to 600 samples that ends where it trips, verdict and storage. The lab runs in
its own process. The app's own time is told twice: the CPU time of the run thread, and its wall time less what it waited
for the instruments; on a busy machine the second one also counts waiting for a processor. Each map has a process of
its own, so that its peak memory is its own.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

from drivers.wire import Wire
from nanoprobe import Plan
from nanoprobe.bench import open_bench
from nanoprobe.engine import execute_on
from nanoprobe.execution import Execution

PLAIN = {"image_every": 0, "check_every": 0}
"""No looks at drift or contact in between: ramps alone."""
SIDES = (10, 20, 32, 64)
QUICK_SIDE = 4


@dataclass(frozen=True, kw_only=True)
class Row:
    """One map, measured; times in ms a point, memory in MiB, NaN where the system does not tell."""

    points: int
    extras: str
    wall_s: float
    wall: float
    own_cpu: float
    own_wall: float
    lab_cpu: float
    finish: float
    files: int
    bytes_a_point: float
    idle_mib: float
    peak_mib: float
    lab_mib: float


@dataclass
class Marks:
    """What is counted while a map runs (s)."""

    wall: float = 0.0
    cpu: float = 0.0
    waited: float = 0.0
    lab: float = 0.0


def measure(side: int, extras: dict[str, int]) -> Row:
    """Run a map of `side` x `side` points."""
    count = side * side
    plan = Plan(procedure="trigger-map", parameters={**extras, "pitch": "0.2 um", "nx": side, "ny": side})
    with tempfile.TemporaryDirectory() as folder, open_bench("demo") as bench:
        lab, idle = lab_process(), memory("self")
        with counted(lab) as marks:
            begun = time.perf_counter()
            outcome = execute_on(plan, bench, Path(folder) / "run.zarr")
            whole = time.perf_counter() - begun
        assert outcome.status == "finished", outcome.error
        files = [path for path in outcome.path.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        lab_memory = memory(lab)
    each = 1e3 / count
    return Row(
        points=count,
        extras="none" if extras else "defaults",
        wall_s=whole,
        wall=whole * each,
        own_cpu=marks.cpu * each,
        own_wall=(marks.wall - marks.waited) * each,
        lab_cpu=marks.lab * each,
        finish=(whole - marks.wall) * each,
        files=len(files),
        bytes_a_point=size / count,
        idle_mib=idle,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        lab_mib=lab_memory,
    )


@contextmanager
def counted(lab: str) -> Iterator[Marks]:
    """Count times of the run thread, of the reads in it that wait for an instrument, and of the process `lab`."""
    marks, perform, take, readable = Marks(), Execution._perform, Wire.take, Wire.readable

    def performed(execution: Execution) -> None:
        wall, cpu, lab_cpu = time.perf_counter(), time.thread_time(), processor_time(lab)
        perform(execution)
        marks.wall, marks.cpu = time.perf_counter() - wall, time.thread_time() - cpu
        marks.lab = processor_time(lab) - lab_cpu

    def taken(wire: Wire, count: int, line: bool, seconds: float) -> bytes | None:
        begun = time.perf_counter()
        try:
            return take(wire, count, line, seconds)
        finally:
            marks.waited += time.perf_counter() - begun

    def looked(wire: Wire, seconds: float) -> bool:
        begun = time.perf_counter()
        try:
            return readable(wire, seconds)
        finally:
            marks.waited += time.perf_counter() - begun if seconds else 0.0

    with (
        patch.object(Execution, "_perform", performed),
        patch.object(Wire, "take", taken),
        patch.object(Wire, "readable", looked),
    ):
        yield marks


# --- what Linux tells about a process


def lab_process() -> str:
    """Return the number of the simulated lab's process, "" where the system does not tell."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"sim_instruments" in entry.joinpath("cmdline").read_bytes():
                return entry.name
        except OSError:
            continue  # it has ended meanwhile
    return ""


def processor_time(process: str) -> float:
    """Return the processor time of a process so far (s)."""
    if not process:
        return float("nan")
    words = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: str) -> float:
    """Return the resident memory of a process (MiB)."""
    if not process or not Path("/proc/self/statm").exists():
        return float("nan")
    return int(Path("/proc", process, "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


# --- the table

HEADINGS = {
    "points": "points",
    "extras": "checks and images",
    "wall_s": "wall s",
    "wall": "ms a point",
    "own_cpu": "app's own ms (CPU)",
    "own_wall": "app's own ms (wall less waits)",
    "lab_cpu": "lab's CPU ms",
    "finish": "sealing ms",
    "files": "files",
    "bytes_a_point": "bytes a point",
    "idle_mib": "idle MiB",
    "peak_mib": "peak MiB",
    "lab_mib": "lab MiB",
}


def line(cells: list[str]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def show(value: float | str) -> str:
    """Write a number with one decimal where it is small, anything else as it is."""
    return str(value) if not isinstance(value, float) else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def apart(side: int, extras: dict[str, int]) -> Row:
    """Measure in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, side, extras).result()


def main(arguments: list[str] | None = None) -> None:
    """Print a row for each size of map, and one with the checks and images a map takes by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"one map of {QUICK_SIDE}x{QUICK_SIDE} points alone")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, help="points along a side of each map")
    asked = parser.parse_args(arguments)
    jobs = [(QUICK_SIDE, PLAIN)] if asked.quick else [*((side, PLAIN) for side in asked.sides), (16, {})]
    print(line(list(HEADINGS.values())))
    print(line(["---"] * len(HEADINGS)))
    for side, extras in jobs:
        row = apart(side, extras)
        print(line([show(getattr(row, field.name)) for field in fields(Row)]), flush=True)


if __name__ == "__main__":
    main()
