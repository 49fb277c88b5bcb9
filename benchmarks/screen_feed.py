"""What `benchmarks/screen.py` shows: a window of its own, and the events of a run with a large map and a long ramp."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QSettings
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from benchmarks.storage import header
from gui import theme
from gui.desk import Desk
from gui.settings import Settings
from gui.window import Window
from nanoprobe.events import Recorded, RunStarted
from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, RampDone, Samples
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunWriter

SIZE, SAMPLES, RAMPS, IMAGES = 1024, 10_000, 4096, 100
LINES_A_SECOND = 100
CHANNELS = ("current", "height", "deflection", "friction")
RNG = np.random.default_rng(0)
IMAGE = RNG.normal(0, 1e-12, (SIZE, SIZE)).astype(np.float32)
BIAS = np.linspace(0, -6, SAMPLES + 20_000)
CURRENT = RNG.normal(0, 1e-12, len(BIAS))


def make_window(folder: Path) -> tuple[QApplication, Window]:
    os.environ["NANOPROBE_STATE"] = str(folder / "state")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.configure_plots()
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    window = Window(Desk(folder / "runs", folder / "plans"), Settings(store))
    window.resize(1500, 950)
    window.show()
    return app, window


def until(app: QApplication, done: Callable[[], object]) -> None:
    while not done():
        QTest.qWait(1)


def begin(index: int) -> Recorded:
    frame = Frame(x=0.0, y=0.0, width=5e-6, height=5e-6)
    plan = ScanPlan(frame=frame, pixels=SIZE, lines=SIZE, line_time=1 / LINES_A_SECOND, channels=CHANNELS)
    return Recorded("frame", FrameBegin(index, plan, dict.fromkeys(CHANNELS, "A"), "map"))


def line(frame: int, index: int) -> Recorded:
    values = np.vstack([IMAGE[index], IMAGE[index]])
    return Recorded("line", FrameLine(frame, ScanLine(index, dict.fromkeys(CHANNELS, values))))


def samples(first: int, last: int) -> Recorded:
    bias, current = BIAS[first:last], CURRENT[first:last]
    return Recorded("samples", Samples(point=0, time=-bias, bias=bias, bias_source=bias, current=current))


def fill(window: Window, lines: int) -> None:
    """Put a map of `lines` lines and a ramp of SAMPLES samples into the models, past the mailbox."""
    desk = window.desk
    for event in (RunStarted(Path("bench.zarr"), "TriggerMap"), begin(0), *(line(0, index) for index in range(lines))):
        desk.map.take(event)
    for event in (RunStarted(Path("bench.zarr"), "TriggerMap"), Recorded("point", PointBegin(index=0, x=0.0, y=0.0))):
        desk.ramp.take(event)
    desk.ramp.take(samples(0, SAMPLES))


def make_run(path: Path) -> None:
    writer = RunWriter.create(path, header())
    writer.record(begin(0).record)
    for index in range(SIZE):
        writer.record(line(0, index).record)
    place = np.linspace(-2e-6, 2e-6, 64)
    writer.record(PointLayout(np.tile(place, 64), np.repeat(place, 64), 600, (64, 64)))
    series = dict.fromkeys(("time", "bias", "bias_source", "current"), CURRENT[:600])
    values = {"triggered": 1.0, "trigger_last_below": -2.0, "trigger_first_above": -2.01}
    for index in range(RAMPS):
        writer.record(PointBegin(index=index, x=float(np.tile(place, 64)[index]), y=0.0))
        writer.record(RampDone(point=index, **series, values=values, way="source-meter"))
    writer.finish("finished")
