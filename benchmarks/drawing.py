"""What the map and the ramp view cost on the screen, beside bare pyqtgraph in the same run, and how the window stalls.

Run: python benchmarks/drawing.py [--count 60]. Offscreen unless QT_QPA_PLATFORM says otherwise.
"""

import argparse
import os
import resource
import statistics
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.map_model import MapModel
from gui.map_view import MapView
from gui.picks import Picks
from gui.ramp_model import RampModel
from gui.ramp_view import RampView
from nanoprobe.events import Recorded, RunStarted
from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, Samples
from nanoprobe.roles import ScanLine, ScanPlan

SIZE = 1024
CHANNELS = ("current", "height", "deflection", "friction")
RNG = np.random.default_rng(0)
IMAGE = RNG.normal(0, 1e-12, (SIZE, SIZE)).astype(np.float32)


def paint(app: QApplication, widget: pg.GraphicsLayoutWidget) -> None:
    widget.viewport().repaint()
    app.processEvents()


def median_ms(times: list[float]) -> float:
    return 1e3 * statistics.median(times)


def bare_image(app: QApplication, count: int) -> float:
    widget = pg.GraphicsLayoutWidget(size=(1000, 800))
    plot = widget.addPlot()
    item = pg.ImageItem(axisOrder="row-major", colorMap="viridis")
    plot.addItem(item)
    widget.show()
    app.processEvents()
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        item.setImage(IMAGE, autoLevels=False, levels=(-2e-12, 2e-12))
        paint(app, widget)
        times.append(time.perf_counter() - begun)
    widget.close()
    return median_ms(times)


def bare_curve(app: QApplication, count: int) -> float:
    widget = pg.GraphicsLayoutWidget(size=(1000, 400))
    plot = widget.addPlot()
    curve = plot.plot()
    widget.show()
    x, y = np.linspace(0, -6, 10_000), RNG.normal(0, 1e-12, 10_000)
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        curve.setData(x, y)
        paint(app, widget)
        times.append(time.perf_counter() - begun)
    widget.close()
    return median_ms(times)


class Stream:
    """A map model that gets lines, and a view of it."""

    def __init__(self) -> None:
        self.model = MapModel()
        self.view = MapView(self.model, Picks())
        self.view.resize(1000, 900)
        self.view.show()
        self.view.timer.stop()
        self.frames = 0

    def begin(self) -> None:
        plan = ScanPlan(
            frame=Frame(x=0.0, y=0.0, width=5e-6, height=5e-6),
            pixels=SIZE,
            lines=SIZE,
            line_time=0.005,
            channels=CHANNELS,
        )
        self.model.take(RunStarted(Path("bench.zarr"), "CurrentMap"))
        self.model.take(Recorded("frame", FrameBegin(self.frames, plan, dict.fromkeys(CHANNELS, "A"), "map")))

    def line(self, index: int) -> None:
        values = np.vstack([IMAGE[index], IMAGE[index]])
        line = ScanLine(index, dict.fromkeys(CHANNELS, values))
        self.model.take(Recorded("line", FrameLine(self.frames, line)))

    def draw(self, app: QApplication) -> None:
        self.view.draw()
        paint(app, self.view.canvas)


def streamed(app: QApplication, upto: int, count: int) -> float:
    """ms a frame with 3 new lines each, the map filled up to `upto` lines."""
    stream = Stream()
    stream.begin()
    for index in range(upto - 3 * count):
        stream.line(index)
    stream.draw(app)
    times = []
    for step in range(count):
        begun = time.perf_counter()
        for index in range(3):
            stream.line(upto - 3 * count + 3 * step + index)
        stream.draw(app)
        times.append(time.perf_counter() - begun)
    stream.view.close()
    print(f"    worst {1e3 * max(times):.1f} ms")
    return median_ms(times)


def ramped(app: QApplication, count: int) -> float:
    model = RampModel()
    view = RampView(model)
    view.timer.stop()
    view.resize(1000, 400)
    view.show()
    model.take(RunStarted(Path("bench.zarr"), "TriggerRamp"))
    model.take(Recorded("point", PointBegin(index=0, x=0.0, y=0.0)))
    x = np.linspace(0, -6, 10_000 + count)
    y = RNG.normal(0, 1e-12, len(x))
    model.take(
        Recorded(
            "samples", Samples(point=0, time=-x[:10_000], bias=x[:10_000], bias_source=x[:10_000], current=y[:10_000])
        )
    )
    times = []
    for step in range(count):
        part = slice(10_000 + step, 10_001 + step)
        begun = time.perf_counter()
        model.take(
            Recorded("samples", Samples(point=0, time=-x[part], bias=x[part], bias_source=x[part], current=y[part]))
        )
        view.draw()
        paint(app, view.canvas)
        times.append(time.perf_counter() - begun)
    view.close()
    return median_ms(times)


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=60)
    count = parser.parse_args().count
    app = QApplication([])
    theme.configure_plots()
    image, curve = bare_image(app, count), bare_curve(app, count)
    print(f"bare pyqtgraph: image {image:.1f} ms, curve of 10,000 {curve:.1f} ms")
    for upto, name in ((SIZE // 2, "half a map"), (SIZE, "a full map")):
        cost = streamed(app, upto, count)
        print(f"{name}: {cost:.1f} ms a frame, {cost / image:.2f} of bare")
    cost = ramped(app, count)
    print(f"ramp view (two plots of 10,000): {cost:.1f} ms a frame, {cost / curve:.2f} of one bare plot")
    print(f"largest memory {memory_mb():.0f} MB")


if __name__ == "__main__":
    main()
