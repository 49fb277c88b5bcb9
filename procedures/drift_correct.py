"""DriftCorrect: image one patch again and again, say how fast the sample drifts, and feed that forward."""

import math
from typing import ClassVar

import numpy as np

from nanoprobe.analysis.drift import UPSAMPLE
from nanoprobe.geometry import Frame
from nanoprobe.outlook import Outlook
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.base import BenchProcedure
from procedures.columns import column
from procedures.drift_images import DriftImages
from procedures.drift_inputs import DriftImageInputs
from procedures.drift_watch import Correction, DriftWatch
from procedures.imaging import scan_length
from procedures.inputs import number, switch, whole
from procedures.stopwatch import Stopwatch

COLUMNS = {
    "time": ColumnInfo(
        "s", "end of the image, from the end of the first one; it falls where a resumed run measures anew"
    ),
    "drift_x": ColumnInfo("m", "how far the sample has moved along x since the first image"),
    "drift_y": ColumnInfo("m", "how far the sample has moved along y since the first image"),
    "rate_x": ColumnInfo("m/s", "drift velocity along x, by a straight line through the images so far"),
    "rate_y": ColumnInfo("m/s", "drift velocity along y, by a straight line through the images so far"),
    "rate_error": ColumnInfo("m/s", "standard uncertainty of either component"),
    "confidence": ColumnInfo("1", "match of the image with the first one, 0 to 1"),
}
WAIT_PIECE = 1.0
"""Longest wait between two looks at the operator's wish (s)."""


class DriftCorrect(DriftImageInputs, BenchProcedure):
    """Measure the drift on a patch, by phase correlation to 1/20 pixel, and let the controller follow it.

    The controller's drift compensation is off while the drift is measured, and set to what was found at the end. An image
    that matches the first one too badly is taken once more; then the run stops, or waits where somebody is there.
    """

    DATA_COLUMNS: ClassVar[list[str]] = [column(name, info.unit) for name, info in COLUMNS.items()]

    x = number("Centre x", "m", 0.0, -1e-3, 1e-3, "frame", "centre of the patch in scanner coordinates")
    y = number("Centre y", "m", 0.0, -1e-3, 1e-3, "frame", "centre of the patch in scanner coordinates")
    images = whole("Images", "", 3, 2, 1000, "drift", "images of the patch, the first one included")
    interval = number("Interval", "s", 60.0, 0.0, 1e5, "drift", "pause between two images")
    feed_forward = switch("Feed forward", True, "drift", "let the controller follow the drift that was found")

    def frame(self) -> Frame:
        """Return the patch."""
        return Frame(x=self.x, y=self.y, width=self.image_size, height=self.image_size)

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure."""
        plan = self.image_plan(self.frame())
        return Outlook(
            places=self.frame().corners(),
            duration=self.images * plan.duration + (self.images - 1) * self.interval,
            current=0.0,
            charge=0.0,
            force=self.force,
            frames=self.images,
            scan_length=self.images * scan_length(plan),
            series_resistance=wiring.series_resistance,
        )

    def perform(self) -> None:
        """Image, wait, image again; feed forward. A resumed run measures anew: the tip was away meanwhile."""
        clock = Stopwatch()
        images = DriftImages(self, self.image_plan, clock)
        self.follow_drift(0.0, 0.0)
        self.emit(
            "table", TableBegin(name="drift", dim="image", columns=COLUMNS, meaning="drift since the first image")
        )
        watch = DriftWatch(
            images.drift, self.frame(), lambda: clock.passed, self.min_confidence, self.ask_operator, Correction()
        )
        watch.begin()
        for count in range(1, self.images):
            self.progress(count, self.images)
            self._wait(clock)
            self._report(watch, watch.update())
        if self.feed_forward:
            self._feed_forward(watch)
        self.progress(1, 1)

    def _wait(self, clock: Stopwatch) -> None:
        pieces = math.ceil(self.interval / WAIT_PIECE)
        for _ in range(pieces):
            self.between()
            self.opened.probe.wait(self.interval / pieces)
        clock.add(self.interval)

    def _report(self, watch: DriftWatch, found: Correction) -> None:
        rate_x, rate_y = watch.track.rate
        values = {
            "time": float(watch.track.time[-1] - watch.track.time[0]),
            "drift_x": float(watch.track.x[-1]),
            "drift_y": float(watch.track.y[-1]),
            "rate_x": rate_x,
            "rate_y": rate_y,
            "rate_error": watch.track.rate_error(self.image_size / self.image_pixels / UPSAMPLE),
            "confidence": found.confidence,
        }
        self.emit("rows", TableRows(table="drift", values={name: np.array([value]) for name, value in values.items()}))
        self.emit("results", {column(name, COLUMNS[name].unit): value for name, value in values.items()})

    def _feed_forward(self, watch: DriftWatch) -> None:
        rate_x, rate_y = watch.track.rate
        self.follow_drift(rate_x, rate_y)
        self.note(f"the controller follows a drift of {si(rate_x, 'm/s')} along x, {si(rate_y, 'm/s')} along y")
