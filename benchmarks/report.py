"""What a report costs: `python benchmarks/report.py` (`--sides 32 64`; `--folder DIR` keeps the maps and takes them again).

Each map is run on the simulated lab first, which takes minutes. Then, CPU and wall time: the whole report
(`nanoprobe analyze --report`, the process from its start), and a Weibull fit with 1,000 bootstrap resamples of as many points.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from nanoprobe import Plan
from nanoprobe.analysis.resampling import draw_fits
from nanoprobe.analysis.strengths import exact
from nanoprobe.analysis.weibull import fit_weibull
from nanoprobe.bench import open_bench
from nanoprobe.engine import execute_on

GOALS = "goals for 4,096 points: report 10 s, bootstrap 5 s"


def made(side: int, folder: Path) -> Path:
    """Return a map of `side` x `side` points, run unless it is there already."""
    path = folder / f"map{side}.zarr"
    if not path.exists():
        grid = {"nx": side, "ny": side, "pitch": "0.2 um", "aim": "sites", "map_pixels": 512}
        # Without checks in between: they would end a map of thousands of points at the wear of the tip.
        parameters = grid | {"image_every": 0, "check_every": 0}
        with open_bench("demo") as bench:
            outcome = execute_on(Plan(procedure="trigger-map", parameters=parameters), bench, path)
        assert outcome.status == "finished", outcome.error
    return path


def report(path: Path, folder: Path) -> tuple[float, float]:
    """Return wall and CPU time (s) of a whole report."""
    wall, before = time.perf_counter(), _spent()
    command = [sys.executable, "-m", "nanoprobe.cli", "analyze", str(path), "--report", str(folder / "report.html")]
    (folder / "report.html").unlink(missing_ok=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - wall, _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bootstrap(points: int) -> tuple[float, float]:
    """Return wall and CPU time (s) of a fit with 1,000 resamples; a third of the points is censored."""
    rng = np.random.default_rng(0)
    volts, end = 4.0 * rng.weibull(8.0, points), 4.2
    sample = exact(np.minimum(volts, end), volts < end)
    wall, cpu = time.perf_counter(), time.process_time()
    draws = draw_fits(sample, fit_weibull(sample))
    assert draws.sound
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=(32, 64))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print("| points | report, wall s | report, CPU s | 1,000 resamples, wall s | 1,000 resamples, CPU s |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        for side in options.sides:
            times = (*report(made(side, folder), folder), *bootstrap(side * side))
            print(f"| {side * side} | {' | '.join(f'{one:.1f}' for one in times)} |", flush=True)
    print(f"\n{GOALS}")


if __name__ == "__main__":
    main()
