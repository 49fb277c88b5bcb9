"""How fast a modulus map goes on the simulated lab at pace 0: `python benchmarks/modulus_map.py` (`--side 16` for a small one).

A point is lift, move, land, a force curve of 256 samples each way, DMT fit and storage; drift images as by default. The lab
runs in a process of its own. Wall time on a busy machine says little: the CPU times of run thread and lab are told beside.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from trigger_map import counted, lab_process

from nanoprobe import Plan, open_run
from nanoprobe.bench import open_bench
from nanoprobe.engine import execute_on

GOAL = 60.0
"""A map of 64 x 64 points in this time (s)."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One map, measured: `wall` s; CPU time of run thread and lab in ms a point; bytes a point on disk."""

    points: int
    wall: float
    own_cpu: float
    lab_cpu: float
    size: float


def measure(side: int) -> Row:
    """Map `side` x `side` points of 5 um."""
    plan = Plan(procedure="modulus-map", parameters={"pixels": side})
    with tempfile.TemporaryDirectory() as folder, open_bench("demo") as bench, counted(lab_process()) as marks:
        begun = time.perf_counter()
        outcome = execute_on(plan, bench, Path(folder) / "run.zarr")
        wall = time.perf_counter() - begun
        assert outcome.status == "finished", outcome.error
        with open_run(outcome.path) as run:
            assert run.points_committed == side**2
        size = sum(path.stat().st_size for path in outcome.path.rglob("*") if path.is_file())
    each = 1e3 / side**2
    return Row(points=side**2, wall=wall, own_cpu=marks.cpu * each, lab_cpu=marks.lab * each, size=size / side**2)


def main() -> None:
    """Measure and print as a table of the documentation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=64, help="points a row, and rows")
    row = measure(parser.parse_args().side)
    print("| points | wall s | ms a point | app's CPU ms a point | lab's CPU ms a point | bytes a point |")
    print("| --- | --- | --- | --- | --- | --- |")
    each = 1e3 * row.wall / row.points
    print(f"| {row.points} | {row.wall:.1f} | {each:.1f} | {row.own_cpu:.1f} | {row.lab_cpu:.1f} | {row.size:.0f} |")


if __name__ == "__main__":
    main()
