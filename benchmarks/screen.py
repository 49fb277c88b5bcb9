"""What the desktop app costs on the screen, beside bare pyqtgraph in the same run: `python -m benchmarks.screen`.

Five parts, each in a process of its own: `frame` (what one repaint costs), `stream` (a map of 1024 x 1024 x 4 at 100 lines/s
with a ramp of 10,000 samples: repaints and stalls of the window), `memory` (100 such maps), `open` (a finished run of that
size with 4,096 ramps), `start` (from the command to the window, and from one click to the open demo bench).
Offscreen unless QT_QPA_PLATFORM says otherwise.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget

from benchmarks.screen_feed import (
    BIAS,
    CHANNELS,
    CURRENT,
    IMAGE,
    IMAGES,
    LINES_A_SECOND,
    RAMPS,
    SAMPLES,
    SIZE,
    begin,
    fill,
    line,
    make_run,
    make_window,
    samples,
    until,
)
from gui.session_state import Phase
from gui.window import Window
from nanoprobe.events import RunStarted

PARTS = ("frame", "stream", "memory", "open", "start")


# --- one repaint


class Bare:
    """Bare pyqtgraph: the same image and the same curve in widgets of the same size."""

    def __init__(self, window: Window) -> None:
        self.image_widget = pg.GraphicsLayoutWidget(size=_size(window.map_view.canvas))
        self.image = pg.ImageItem(axisOrder="row-major", colorMap="viridis")
        self.image_widget.addPlot(lockAspect=True).addItem(self.image)
        self.curve_widget = pg.GraphicsLayoutWidget(size=_size(window.ramp_view.canvas))
        self.curve = self.curve_widget.addPlot().plot()
        for widget in (self.image_widget, self.curve_widget):
            widget.show()

    def draw(self) -> None:
        self.image.setImage(IMAGE, autoLevels=False, levels=(-2e-12, 2e-12))
        self.curve.setData(BIAS[:SAMPLES], CURRENT[:SAMPLES])
        for widget in (self.image_widget, self.curve_widget):
            widget.viewport().repaint()


def _size(widget: QWidget) -> tuple[int, int]:
    return widget.width(), widget.height()


class Ours:
    """The app's own map and ramp view, with three new lines and one new sample a frame."""

    def __init__(self, window: Window, lines: int) -> None:
        self.window, self.next_line, self.next_sample = window, lines - 300, SAMPLES
        fill(window, lines - 300)
        for view in (window.map_view, window.ramp_view):
            view.timer.stop()

    def draw(self) -> None:
        window, desk = self.window, self.window.desk
        for index in range(self.next_line, self.next_line + 3):
            desk.map.take(line(0, index))
        desk.ramp.take(samples(self.next_sample, self.next_sample + 1))
        self.next_line, self.next_sample = self.next_line + 3, self.next_sample + 1
        for view in (window.map_view, window.ramp_view):
            view.draw()
            view.canvas.viewport().repaint()


def cpu_ms(do: Callable[[], None]) -> float:
    begun = time.process_time()
    do()
    return 1e3 * (time.process_time() - begun)


def frame(folder: Path) -> None:
    """CPU time of a frame, taken in turns with bare pyqtgraph's, so that both see the same machine."""
    app, window = make_window(folder)
    window.show_map()
    for lines, name in ((SIZE // 2, "half a map"), (SIZE, "a full map")):
        ours = Ours(window, lines)
        ours.draw()
        bare = Bare(window)
        app.processEvents()
        times = [(cpu_ms(bare.draw), cpu_ms(ours.draw)) for _ in range(99)]
        floor, cost = (statistics.median(column) for column in zip(*times[5:], strict=True))
        print(f"{name}: {cost:.1f} ms a frame (map and ramp), bare pyqtgraph {floor:.1f} ms: {cost / floor:.2f} of it")
    window.leave()


# --- streaming


class Paints(QObject):
    """Counts the paints of a widget."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if event is not None and event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


class Stalls:
    """How long the window's thread keeps a timer waiting (ms)."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._beat)
        self.timer.start(1)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(1e3 * (now - self._last) - 1)
        self._last = now


def feed(window: Window, stop: threading.Event) -> None:
    """In a thread, as a run does: post a line every 10 ms and 80 samples a second."""
    post = window.desk.session.mailbox.post
    begun, sent = time.perf_counter(), 0
    while not stop.wait(max(0.0, begun + sent / LINES_A_SECOND - time.perf_counter())):
        image, index = divmod(sent, SIZE)
        if index == 0:
            post(begin(image + 1))
        post(line(image + 1, index))
        post(samples(SAMPLES + sent, SAMPLES + sent + 1))
        sent += 1


def stream(folder: Path, seconds: float = 60.0) -> None:
    app, window = make_window(folder)
    window.desk.start()
    until(app, lambda: window.desk.experiment.experiments)
    window.show_map()
    fill(window, 0)
    app.processEvents()
    paints = [Paints(view.canvas.viewport()) for view in (window.map_view, window.ramp_view)]
    stop = threading.Event()
    feeder = threading.Thread(target=feed, args=(window, stop))
    feeder.start()
    stalls, end = Stalls(), time.monotonic() + seconds
    busy = time.process_time()
    until(app, lambda: time.monotonic() > end)
    busy = (time.process_time() - busy) / seconds
    stop.set()
    feeder.join()
    maps, curves = (each.count / seconds for each in paints)
    late = np.percentile(stalls.gaps, 99)
    print(f"{seconds:.0f} s at {LINES_A_SECOND} lines/s: map repainted {maps:.0f} times a second, curves {curves:.0f}")
    print(
        f"window kept waiting: 99th percentile {late:.1f} ms, worst {max(stalls.gaps):.1f} ms; CPU {100 * busy:.0f} %"
    )
    window.leave()


# --- memory


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def memory(folder: Path) -> None:
    """100 maps one after the other, each drawn eight times."""
    app, window = make_window(folder)
    window.show_map()
    window.desk.map.take(RunStarted(Path("bench.zarr"), "TriggerMap"))
    held = []
    for image in range(IMAGES):
        window.desk.map.take(begin(image))
        for index in range(SIZE):
            window.desk.map.take(line(image, index))
            if index % 128 == 0:
                window.map_view.draw()
                app.processEvents()
        held.append(resident_mb())
    tens = ", ".join(f"{held[index]:.0f}" for index in range(9, IMAGES, 10))
    print(f"resident MB after 10, 20 … {IMAGES} maps of {SIZE} x {SIZE} x {len(CHANNELS)}: {tens}")
    window.leave()


# --- opening a run


def open_(folder: Path) -> None:
    path = folder / "big.zarr"
    make_run(path)
    app, window = make_window(folder)
    window.desk.start()
    until(app, lambda: window.desk.experiment.experiments)
    times = []
    for _ in range(5):
        window.desk.map.frames.clear()
        window.desk.map.show(frame=None)
        wall, cpu = time.perf_counter(), time.process_time()
        window.desk.runs.open(path)
        until(
            app,
            lambda: window.desk.map.frame is not None and window.map_view._drawn.get("frame") is window.desk.map.frame,
        )
        window.map_view.canvas.viewport().repaint()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    first, later = times[0], sorted(times[1:])[len(times[1:]) // 2]
    print(
        f"opening a run of {SIZE} x {SIZE} x {len(CHANNELS)} with {RAMPS} ramps: map on the screen after {first[0]:.2f} s "
        f"({first[1]:.2f} s CPU), opened again {later[0]:.2f} s ({later[1]:.2f} s CPU)"
    )
    window.leave()


# --- the start


def start(folder: Path, since: float) -> None:
    """Walls, and beside them CPU times: of the app alone, and of the lab and the guard it starts."""
    app, window = make_window(folder)
    app.processEvents()
    shown, shown_cpu = time.time() - since, time.process_time()
    window.desk.start()
    until(app, lambda: window.desk.experiment.experiments)
    clicked, clicked_cpu = time.perf_counter(), time.process_time()
    QTest.mouseClick(window.start_page.demo, Qt.MouseButton.LeftButton)
    until(app, lambda: window.desk.session.state.phase in (Phase.OPEN, Phase.FAILED))
    opened, opened_cpu = time.perf_counter() - clicked, time.process_time() - clicked_cpu
    assert window.desk.session.state.phase is Phase.OPEN, window.desk.session.state.error
    window.leave()
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"window shown {shown:.2f} s after the command ({shown_cpu:.2f} s CPU); demo bench open {opened:.2f} s after the "
        f"click (CPU: app {opened_cpu:.2f} s, lab and guard {others.ru_utime + others.ru_stime:.2f} s to their end)"
    )


def measure(part: str, since: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if part == "start":
            start(folder, since)
        else:
            {"frame": frame, "stream": stream, "memory": memory, "open": open_}[part](folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--since", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.since:
        measure(options.parts[0], options.since)
        return
    print(f"load of the machine {os.getloadavg()[0]:.1f}", flush=True)
    quiet = {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "qt.qpa.*=false", **os.environ}
    for part in options.parts or PARTS:
        command = [sys.executable, "-m", "benchmarks.screen", part, "--since", str(time.time())]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[1], env=quiet)


if __name__ == "__main__":
    main()
