"""Endurance and dense growth at pace 0: what a cycle and a sample cost, and whether they cost the same at the end.

`python benchmarks/endurance.py`: 10,000 cycles run by the source-meter itself, `--stepped` cycles stepped by the host with the
preamp read, a growth of `--samples` samples by the source-meter and one of `--logged` by the controller's TCP logger; wall and
CPU time of this process, first and last tenth, and its memory.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nanoprobe import open_run
from nanoprobe.bench import Bench, bench_file, open_bench
from nanoprobe.engine import execute_on
from nanoprobe.events import Events, Recorded
from nanoprobe.plan import Plan

SPACING = 1.5e-6


class Watch:
    """Notes wall time, CPU time and memory at every record of rows."""

    def __init__(self) -> None:
        self.events = Events()
        self.events.event.connect(self._look)
        self.marks: list[tuple[int, float, float, int]] = []
        self.rows = 0

    def _look(self, event: Any) -> None:
        if isinstance(event, Recorded) and event.topic == "rows":
            self.rows += len(next(iter(event.record.values.values())))
            self.marks.append((self.rows, time.perf_counter(), time.process_time(), _resident()))

    def tenths(self) -> tuple[float, float]:
        """Return CPU time a row (s) in the first and in the last tenth of the rows."""
        rows, _, cpu, _ = (np.array(column, dtype=float) for column in zip(*self.marks, strict=True))
        tenth = rows[-1] / 10
        first, last = rows <= 1.5 * tenth, rows >= rows[-1] - tenth
        return _slope(rows[first], cpu[first]), _slope(rows[last], cpu[last])


def _slope(rows: np.ndarray, cpu: np.ndarray) -> float:
    return float((cpu[-1] - cpu[0]) / max(1.0, rows[-1] - rows[0])) if len(rows) > 1 else float("nan")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measure(bench: Bench, folder: Path, name: str, procedure: str, table: str, **values: Any) -> None:
    watch, rows, spots = Watch(), 0, 0
    wall, cpu = time.perf_counter(), time.process_time()
    # A filament sticks after some hundred cycles: then the next spot goes on.
    while spots == 0 or (procedure == "endurance" and rows < values["cycles"]):
        path = folder / f"{name.replace(' ', '-')}-{spots}.zarr"
        given = {**values, "x": SPACING * (spots % 8 - 4)}
        given |= {"cycles": max(10, values["cycles"] - rows)} if procedure == "endurance" else {}
        outcome = execute_on(Plan(procedure=procedure, parameters=given), bench, path, watch.events)
        with open_run(path) as run:
            rows += int(run.tables[table].sizes[run.tables[table].attrs["dim"]])
        spots += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    first, last = watch.tenths()
    memory = [mark[3] for mark in watch.marks]
    tenth = max(1, len(memory) // 10)
    print(
        f"{name:30s} {outcome.status}: {rows} rows at {spots} spots in {wall:.1f} s wall, {cpu:.1f} s CPU here; a row costs "
        f"{1e6 * first:.0f} us at first, {1e6 * last:.0f} us at the end; memory {memory[tenth] / 1e6:.0f} -> "
        f"{memory[-1] / 1e6:.0f} MB"
    )


@contextmanager
def _controller_biases(folder: Path) -> Iterator[Bench]:
    """Open the demo bench wired so that the AFM controller biases, and its preamp reads."""
    with bench_file("demo", seed=3) as demo:
        wired = folder / "bench.toml"
        words = demo.read_text().replace('bias_source = "source_meter"', 'bias_source = "probe"')
        wired.write_text(words.replace('current_reading = "both"', 'current_reading = "preamp"'))
        with open_bench(wired) as bench:
            yield bench


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--stepped", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--logged", type=int, default=200_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, open_bench("demo", seed=3) as bench:
        folder = Path(name)
        measure(
            bench, folder, "cycles by the source-meter", "endurance", "cycles", cycles=asked.cycles, reading="source"
        )
        measure(bench, folder, "cycles by the host and preamp", "endurance", "cycles", cycles=asked.stepped, y=2e-6)
        rate = 400.0
        growth = {"bias": -0.3, "sample_rate": rate, "duration": asked.samples / rate, "charge_stop": 50e-9, "y": 4e-6}
        measure(bench, folder, "dense growth", "chrono-growth", "series", **growth)
    with tempfile.TemporaryDirectory() as name, _controller_biases(Path(name)) as bench:
        logged = {"bias": -0.3, "sample_rate": 1700.0, "duration": asked.logged / 2000.0, "stop_current": 5e-9}
        measure(bench, Path(name), "dense growth by the logger", "chrono-growth", "series", **logged)
    return 0


if __name__ == "__main__":
    sys.exit(main())
