"""What storing costs the run thread, and how it grows: `python benchmarks/storage.py [folder]`.

Per map: median and 99th percentile of `record` for a RampDone of 600 samples, of all records of a point together, the
same for its first and last tenth, files, sealing. Beside it the floor: the same bytes appended and synced. Then image
lines of 512 px, 4 channels. Shuffled order, the worst one for chunks. `--idle`: seconds between two points.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, RampDone, Samples
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunHeader, RunWriter, open_run

SERIES = ("time", "bias", "bias_source", "current")
SAMPLES = 600
CHANNELS = ("height", "deflection", "friction", "current")


def header() -> RunHeader:
    empty: dict[str, dict[str, str]] = {
        name: {} for name in ("parameters", "plan", "bench", "identities", "versions", "tip")
    }
    texts = dict.fromkeys(("plan_sha256", "sample", "operator", "sign_convention", "started"), "")
    return RunHeader(procedure="trigger-map", simulated=True, **empty, **texts)  # type: ignore[arg-type]


def timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1e3


def show(name: str, milliseconds: list[float]) -> None:
    tenth = max(1, len(milliseconds) // 10)
    first, last = np.median(milliseconds[:tenth]), np.median(milliseconds[-tenth:])
    middle, late = np.percentile(milliseconds, [50, 99])
    spread = f"median {middle:6.2f} ms  p99 {late:6.2f}  mean {np.mean(milliseconds):6.2f}"
    print(f"  {name:28s} {spread}  first tenth {first:6.2f}  last tenth {last:6.2f}")


def point(writer: RunWriter, index: int, series: dict[str, np.ndarray]) -> tuple[float, float]:
    """Store one point as a procedure does, its samples in four parts; return ms of the RampDone and of all records."""
    begun = timed(lambda: writer.record(PointBegin(index=index, x=0.0, y=0.0)))
    for part in range(0, SAMPLES, 150):
        piece = {name: values[part : part + 150] for name, values in series.items()}
        begun += timed(lambda piece=piece: writer.record(Samples(point=index, **piece)))
    values = {"charge": 1e-12, "triggered": 1.0, "trigger_last_below": -2.0, "trigger_first_above": -2.01}
    done = RampDone(point=index, **series, values=values, way="source-meter")
    ramp = timed(lambda: writer.record(done))
    return ramp, begun + ramp


def map_of(folder: Path, count: int, idle: float) -> None:
    path, rng = folder / f"map-{count}.zarr", np.random.default_rng(0)
    writer = RunWriter.create(path, header())
    writer.record(PointLayout(np.arange(count) * 1e-6, np.zeros(count), SAMPLES))
    ramps, points, begun = [], [], time.perf_counter()
    for index in rng.permutation(count).tolist():
        series = {name: rng.normal(size=SAMPLES).round(3) for name in SERIES}
        ramp, whole = point(writer, index, series)
        ramps.append(ramp)
        points.append(whole)
        if idle:
            time.sleep(idle)
    took = time.perf_counter() - begun
    print(f"{count} points, {took:.1f} s")
    show("RampDone, 600 samples", ramps)
    show("all records of a point", points)
    live = sum(len(files) for _, _, files in os.walk(path))
    journal = (path / "journal/records/journal.bin").stat().st_size / 1e6
    opened = timed(lambda: open_run(path).close())
    ended = timed(lambda: writer.finish("finished"))
    files = [Path(parent, name) for parent, _, names in os.walk(path) for name in names]
    size = sum(file.stat().st_size for file in files) / 1e6
    print(
        f"  open_run live {opened:.0f} ms, finish (drain, verify, seal) {ended:.0f} ms = {ended / count:.2f} ms a point"
    )
    print(f"  files live {live}, sealed {len(files)} = {1000 * len(files) / count:.0f} per 1,000 points")
    print(f"  journal {journal:.1f} MB, sealed {size:.1f} MB")


def floor(folder: Path, size: int, count: int) -> None:
    content, times = os.urandom(size), []
    with (folder / "floor.bin").open("wb", buffering=0) as file:
        for _ in range(count):
            times += [timed(lambda: (file.write(content), os.fdatasync(file.fileno())))]
    show(f"floor: {size} B + fdatasync", times)


def image(folder: Path, lines: int) -> None:
    path, times = folder / f"image-{lines}.zarr", []
    place = Frame(x=0.0, y=0.0, width=5e-6, height=5e-6)
    plan = ScanPlan(frame=place, pixels=512, lines=lines, line_time=1.0, channels=CHANNELS)
    writer, rng = RunWriter.create(path, header()), np.random.default_rng(0)
    writer.record(FrameBegin(0, plan, dict.fromkeys(CHANNELS, "A")))
    for index in range(lines):
        line = ScanLine(index, {name: rng.normal(size=(2, 512)).round(2).astype(np.float32) for name in CHANNELS})
        times.append(timed(lambda line=line: writer.record(FrameLine(0, line))))
    print(f"image of {lines} lines, 512 px, 4 channels, both directions")
    show("FrameLine", times)
    ended = timed(lambda: writer.finish("finished"))
    print(f"  finish {ended:.0f} ms, files {sum(len(files) for _, _, files in os.walk(path))}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--idle", type=float, default=0.0)
    parser.add_argument("--points", type=int, nargs="*", default=[100, 1024, 4096])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        for count in asked.points:
            map_of(Path(name), count, asked.idle)
        floor(Path(name), 20_000, 1000)
        image(Path(name), 512)
        floor(Path(name), 16_500, 1000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
