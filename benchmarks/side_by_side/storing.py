"""One way to store a map of four channels, a line at a time: `python storing.py METHOD LINES FOLDER`.

Each line is handed over when it has been scanned, and has to be durable as the method's users take it. Prints MB/s over
the whole map, closing included, the median and 99th percentile of a line (us), files and bytes.
"""

import json
import os
import queue
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PIXELS, CHANNELS = 1024, ("current", "height", "deflection", "friction")
Store = Callable[[int, np.ndarray], object]
"""Takes the index of a line and its values, shape (channel, pixel), float32."""


def image_lines(lines: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield lines of noisy 16-bit counts times a scale, as a controller publishes them."""
    random = np.random.default_rng(7)
    for index in range(lines):
        counts = random.normal(scale=800, size=(len(CHANNELS), PIXELS)).astype(np.int16)
        yield index, counts.astype(np.float32) * np.float32(3e-16)


@contextmanager
def append_flush(folder: Path, lines: int) -> Iterator[Store]:
    """The floor: raw bytes appended, in the page cache after each line."""
    with (folder / "raw.bin").open("wb") as file:

        def store(index: int, values: np.ndarray) -> None:
            file.write(values.tobytes())
            file.flush()

        yield store


@contextmanager
def append_sync(folder: Path, lines: int) -> Iterator[Store]:
    """The floor of what survives a power cut: raw bytes appended and synced."""
    with (folder / "raw.bin").open("wb") as file:

        def store(index: int, values: np.ndarray) -> None:
            file.write(values.tobytes())
            file.flush()
            os.fdatasync(file.fileno())

        yield store


@contextmanager
def nanoprobe(folder: Path, lines: int) -> Iterator[Store]:
    """This app: journal synced a line, Zarr written behind, sealed in the end; half of each line is its retrace."""
    from benchmarks.storage import header
    from nanoprobe.geometry import Frame
    from nanoprobe.records import FrameBegin, FrameLine
    from nanoprobe.roles import ScanLine, ScanPlan
    from nanoprobe.storage import RunWriter

    plan = ScanPlan(
        frame=Frame(x=0.0, y=0.0, width=5e-6, height=5e-6),
        pixels=PIXELS // 2,
        lines=lines,
        line_time=0.01,
        channels=CHANNELS,
    )
    writer = RunWriter.create(folder / "run.zarr", header())
    writer.record(FrameBegin(0, plan, dict.fromkeys(CHANNELS, "m")))

    def store(index: int, values: np.ndarray) -> None:
        both = {name: line.reshape(2, -1) for name, line in zip(CHANNELS, values, strict=True)}
        writer.record(FrameLine(0, ScanLine(index, both)))

    yield store
    writer.finish("finished", "")


@contextmanager
def h5py_swmr(folder: Path, lines: int) -> Iterator[Store]:
    """h5py: one dataset, readers may look on, flushed a line."""
    import h5py

    with h5py.File(folder / "map.h5", "w", libver="latest") as file:
        shape, chunks = (len(CHANNELS), lines, PIXELS), (len(CHANNELS), 1, PIXELS)
        data = file.create_dataset("map", shape, chunks=chunks, dtype="f4")
        file.swmr_mode = True

        def store(index: int, values: np.ndarray) -> None:
            data[:, index, :] = values
            data.flush()

        yield store


@contextmanager
def qcodes(folder: Path, lines: int) -> Iterator[Store]:
    """QCoDeS: arrays in a Measurement, into its database as it does by default."""
    from qcodes.dataset import Measurement, initialise_or_create_database_at, load_or_create_experiment

    initialise_or_create_database_at(folder / "map.db")
    load_or_create_experiment("bench", sample_name="s")
    measurement = Measurement(name="map")
    measurement.register_custom_parameter("line", paramtype="array")
    for name in CHANNELS:
        measurement.register_custom_parameter(name, setpoints=("line",), paramtype="array")
    with measurement.run() as data:

        def store(index: int, values: np.ndarray) -> None:
            data.add_result(("line", np.full(PIXELS, index)), *zip(CHANNELS, values, strict=True))

        yield store


@contextmanager
def pymeasure(folder: Path, lines: int) -> Iterator[Store]:
    """PyMeasure: a row a pixel through its Recorder, into its CSV."""
    from pymeasure.experiment import Procedure, Results
    from pymeasure.experiment.listeners import Recorder

    class Map(Procedure):
        DATA_COLUMNS = ("line", "pixel", *CHANNELS)

    recorder = Recorder(Results(Map(), str(folder / "map.csv")), queue.Queue())

    def store(index: int, values: np.ndarray) -> None:
        for pixel, column in enumerate(values.T):
            recorder.handle({"line": index, "pixel": pixel, **dict(zip(CHANNELS, map(float, column), strict=True))})

    yield store
    for handler in recorder.handlers:
        handler.close()


METHODS: dict[str, Any] = {
    "append + flush": append_flush,
    "append + fdatasync": append_sync,
    "nanoprobe": nanoprobe,
    "h5py SWMR": h5py_swmr,
    "QCoDeS": qcodes,
    "PyMeasure CSV": pymeasure,
}


def main() -> None:
    """Store a map with one method and print its figures."""
    method, lines = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(dir=sys.argv[3]) as folder:
        figures = stored(method, lines, Path(folder))
    sys.stdout.write(json.dumps(figures) + "\n")


def stored(method: str, lines: int, folder: Path) -> dict[str, float]:
    """Store a map of `lines` lines; return what that took."""
    took = []
    begun = time.perf_counter()
    with METHODS[method](folder, lines) as store:
        begun = time.perf_counter()
        for index, values in image_lines(lines):
            before = time.perf_counter()
            store(index, values)
            took.append(time.perf_counter() - before)
    seconds = time.perf_counter() - begun
    files = [path for path in folder.rglob("*") if path.is_file()]
    megabytes = lines * len(CHANNELS) * PIXELS * 4 / 1e6
    median, late = np.percentile(took, [50, 99]) * 1e6
    return {
        "rate": megabytes / seconds,
        "median": float(median),
        "p99": float(late),
        "files": len(files),
        "megabytes": sum(path.stat().st_size for path in files) / 1e6,
    }


if __name__ == "__main__":
    main()
