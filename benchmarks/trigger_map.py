"""How fast a trigger map goes on the simulated lab at pace 0: `make bench` (add --quick for 8x8 points alone).

A point is lift, move, land, a ramp of 600 samples until it trips, and its storage. The lab runs in its own process; the
app's own time is the CPU time of the run thread, which is all but waiting for the instrument.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nanoprobe import Plan
from nanoprobe.bench import open_bench
from nanoprobe.engine import Execution, execute_on

LONG = {"image_every": 0, "check_every": 0, "pitch": "0.2 um"}


def measure(side: int) -> tuple[float, float, int, int]:
    """Run side x side points; return wall s, run-thread CPU s, files and bytes of the run."""
    marks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, open_bench("demo") as bench, timed(marks):
        plan = Plan(procedure="trigger-map", parameters={**LONG, "nx": side, "ny": side})
        outcome = execute_on(plan, bench, Path(folder) / "run.zarr")
        assert outcome.status == "finished", outcome.error
        files = [path for path in outcome.path.rglob("*") if path.is_file()]
        return marks["wall"], marks["cpu"], len(files), sum(path.stat().st_size for path in files)


class timed:  # noqa: N801 - reads as a verb
    """Notes wall and CPU time of the run thread while it performs."""

    def __init__(self, marks: dict[str, float]) -> None:
        self._marks = marks
        self._perform: Callable[[Execution], None] = Execution._perform

    def __enter__(self) -> None:
        marks, perform = self._marks, self._perform

        def performed(execution: Execution) -> None:
            wall, cpu = time.perf_counter(), time.thread_time()
            perform(execution)
            marks.update(wall=time.perf_counter() - wall, cpu=time.thread_time() - cpu)

        Execution._perform = performed  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Execution._perform = self._perform  # type: ignore[method-assign]


def main() -> None:
    """Print a row for each size of map."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8x8 points alone")
    sides = (8,) if parser.parse_args().quick else (10, 20, 32)
    print("| points | wall s | ms a point | app's own ms a point | files | bytes a point | peak MiB of the app |")
    print("|---|---|---|---|---|---|---|")
    for side in sides:
        wall, cpu, files, size = measure(side)
        count, peak = side * side, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"| {count} | {wall:.1f} | {1e3 * wall / count:.1f} | {1e3 * cpu / count:.1f} | {files} "
            f"| {size / count:.0f} | {peak:.0f} |"
        )


if __name__ == "__main__":
    main()
