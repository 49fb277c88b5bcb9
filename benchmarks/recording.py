"""What recording costs a run, and how fast its replay is: `python benchmarks/recording.py [--points N] [--rounds K]`.

Trigger maps on the demo lab (a process of its own, pace 0), recorded and not, in turns; then a replay of each recorded
one. Wall times are the computer's mood: the ratios within a round are what counts.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nanoprobe.bench import bench_file
from nanoprobe.engine import execute
from nanoprobe.plan import Plan
from nanoprobe.replay import replay
from nanoprobe.storage.traffic import traffic_files

REACH = 15e-6
"""Side of the largest map (m): the demo's scanner goes no farther."""


def plan(bench: Path, points: int) -> Plan:
    across = 10 if points < 1000 else 64
    pitch = min(1e-6, REACH / max(across, points // across))
    parameters = {"nx": across, "ny": points // across, "pitch": pitch, "image_every": 0, "check_every": 0}
    return Plan(procedure="trigger-map", bench=str(bench), parameters=parameters)


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU time of this process (s)."""
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - wall, time.process_time() - cpu


def run(out: Path, points: int, record: bool) -> tuple[float, float]:
    with bench_file("demo") as bench:
        if not record:
            bench.write_text(bench.read_text().replace("record = true", "record = false"))
        outcome = []
        took = timed(lambda: outcome.append(execute(plan(bench, points), out)))
        assert outcome[0].status == "finished", outcome[0].error
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100, help="a multiple of 10, from 1000 on of 64")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NANOPROBE_STATE"] = folder
        run(Path(folder) / "warm.zarr", 10, record=True)
        for number in range(options.rounds):
            recorded, plain, again = (Path(folder) / f"{name}{number}.zarr" for name in ("recorded", "plain", "again"))
            order = [(plain, False), (recorded, True)][:: 1 if number % 2 else -1]
            times = {record: run(out, options.points, record) for out, record in order}
            played = timed(lambda again=again, recorded=recorded: check(recorded, again))
            rows.append([*times[False], *times[True], *played])
            print(
                f"plain {times[False][0]:6.2f} s wall {times[False][1]:6.2f} s CPU   "
                f"recorded {times[True][0]:6.2f} {times[True][1]:6.2f}   replay {played[0]:6.2f} {played[1]:6.2f}"
            )
        (file,) = traffic_files(recorded)
        size = file.stat().st_size
    table = np.array(rows)
    wall, cpu, replayed = table[:, 2] / table[:, 0], table[:, 3] / table[:, 1], table[:, 4] / table[:, 2]
    print(f"{options.points} points, {options.rounds} rounds; recording {size / options.points / 1e3:.1f} kB a point")
    for name, ratio in (
        ("recorded/plain, wall", wall),
        ("recorded/plain, CPU", cpu),
        ("replay/recorded, wall", replayed),
    ):
        print(f"{name:24s} median {np.median(ratio):.3f}   {ratio.min():.3f} to {ratio.max():.3f}")


def check(recorded: Path, again: Path) -> None:
    result = replay(recorded, again)
    assert result.same, (result.wire, result.values)


if __name__ == "__main__":
    main()
