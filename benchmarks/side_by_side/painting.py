"""One way to keep a map of 1024 x 1024 pixels on the screen while its lines come: `python painting.py METHOD LINES`.

Prints the wall time (ms, median) of a refresh, paint included, once LINES lines are there. PyMeasure refreshes its image
every 0.2 s from the CSV its recorder writes, one channel of it, a row a pixel.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

Draw = Callable[[], None]


@contextmanager
def nanoprobe(lines: int, folder: Path) -> Iterator[Draw]:
    """The app's map view: four channels, three new lines a frame."""
    from benchmarks.screen_feed import fill, line, make_window

    app, window = make_window(folder)
    window.show_map()
    fill(window, lines - 3)
    window.map_view.timer.stop()
    app.processEvents()

    def draw() -> None:
        for index in range(lines - 3, lines):
            window.desk.map.take(line(0, index))
        window.map_view.draw()
        window.map_view.canvas.viewport().repaint()

    yield draw
    window.leave()


@contextmanager
def bare_pyqtgraph(lines: int, folder: Path) -> Iterator[Draw]:
    """The floor: a whole image given to an ImageItem."""
    import pyqtgraph as pg

    from benchmarks.screen_feed import IMAGE

    app = pg.mkQApp()
    widget = pg.GraphicsLayoutWidget(size=(1000, 800))
    image = pg.ImageItem(axisOrder="row-major", colorMap="viridis")
    widget.addPlot(lockAspect=True).addItem(image)
    widget.show()
    app.processEvents()

    def draw() -> None:
        image.setImage(IMAGE, autoLevels=False, levels=(-2e-12, 2e-12))
        widget.viewport().repaint()

    yield draw


@contextmanager
def pymeasure(lines: int, folder: Path) -> Iterator[Draw]:
    """PyMeasure's ResultsImage on the file its recorder writes."""
    import pyqtgraph as pg
    from pymeasure.display.curves import ResultsImage
    from pymeasure.experiment import FloatParameter, Procedure, Results

    from benchmarks.screen_feed import IMAGE, SIZE

    class Map(Procedure):
        X_start, X_end, X_step = (FloatParameter(f"X {n}", default=v) for n, v in (("a", 0), ("b", SIZE - 1), ("c", 1)))
        Y_start, Y_end, Y_step = (FloatParameter(f"Y {n}", default=v) for n, v in (("a", 0), ("b", SIZE - 1), ("c", 1)))
        DATA_COLUMNS = ("X", "Y", "Current")

    app = pg.mkQApp()
    file = folder / "map.csv"
    results = Results(Map(), str(file))
    with file.open("a", encoding="utf-8") as rows:
        rows.writelines(f"{x},{y},{IMAGE[y, x]!s}\n" for y in range(lines) for x in range(SIZE))
    widget = pg.GraphicsLayoutWidget(size=(1000, 800))
    image = ResultsImage(results, "X", "Y", "Current")
    widget.addPlot().addItem(image)
    widget.show()
    app.processEvents()

    def draw() -> None:
        with file.open("a", encoding="utf-8") as rows:
            rows.write(f"{SIZE - 1},{lines - 1},1e-12\n")
        image.update_data()
        widget.viewport().repaint()

    yield draw


METHODS = {"bare pyqtgraph": bare_pyqtgraph, "nanoprobe": nanoprobe, "PyMeasure": pymeasure}


def main() -> None:
    """Draw a while and print the median."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    method, lines = sys.argv[1], int(sys.argv[2])
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder, METHODS[method](lines, Path(folder)) as draw:
        draw()
        least = time.monotonic() + 2.0
        while len(took) < 3 or (time.monotonic() < least and len(took) < 60):
            begun = time.perf_counter()
            draw()
            took.append(1e3 * (time.perf_counter() - begun))
    sys.stdout.write(json.dumps({"ms": float(np.float64(statistics.median(took)))}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # half-closed windows of others are nobody's concern here


if __name__ == "__main__":
    main()
