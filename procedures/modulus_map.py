"""ModulusMap: a force curve at every pixel of a square; modulus and adhesion as images."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.geometry import Frame, grid
from nanoprobe.outlook import Outlook
from nanoprobe.records import PointLayout, PointState, RampDone
from nanoprobe.roles import Array, ScanPlan
from nanoprobe.wiring import Wiring
from procedures import curve_inputs
from procedures.base import BenchProcedure
from procedures.beside import Side, patch
from procedures.curve_inputs import CurveInputs
from procedures.curving import CURVE_COLUMNS, TABLE, CurveTaker
from procedures.drift_images import DriftImages
from procedures.drift_inputs import DriftInputs
from procedures.drift_watch import Correction, DriftWatch
from procedures.inputs import number, whole
from procedures.modulus_image import CHANNELS, ModulusImage
from procedures.ramping import LANDING
from procedures.stopwatch import Stopwatch

if TYPE_CHECKING:
    from nanoprobe.storage import Run


class ModulusMap(CurveInputs, DriftInputs, BenchProcedure):
    """A force curve at every pixel, row by row: images of modulus, adhesion, deformation, dissipation and height.

    Each point is committed by itself and each row of the image as well; a resumed map goes on at the next point.
    """

    DATA_COLUMNS: ClassVar[list[str]] = list(CURVE_COLUMNS)

    x = number("Centre x", "m", 0.0, -1e-3, 1e-3, "frame", "centre of the square in scanner coordinates")
    y = number("Centre y", "m", 0.0, -1e-3, 1e-3, "frame", "centre of the square in scanner coordinates")
    size = number("Size", "m", 5e-6, 50e-9, 20e-6, "frame", "edge of the square")
    angle = number("Angle", "rad", 0.0, -3.1416, 3.1416, "frame", "rotation of the square, counter-clockwise")
    pixels = whole("Pixels", "px", 64, 2, 512, "frame", "points a row, and rows")
    samples = curve_inputs.samples(256)
    rate = curve_inputs.rate(10.0)
    image_every = whole("Image every", "", 16, 0, 100000, "drift", "rows between two drift images; 0: none")

    _measured: Any = None
    _held = False

    def frame(self) -> Frame:
        """Return the square to map."""
        return Frame(x=self.x, y=self.y, width=self.size, height=self.size, angle=self.angle)

    def image(self) -> ScanPlan:
        """Return the map as an image: `line_time` is the time of a row of curves."""
        return ScanPlan(
            frame=self.frame(),
            pixels=self.pixels,
            lines=self.pixels,
            line_time=self.pixels / self.rate,
            channels=tuple(CHANNELS),
        )

    def drift_frame(self) -> Frame:
        """Return where the drift images stand."""
        return patch(self.frame(), self.image_size, max(self.size / self.pixels, 0.2e-6), Side(self.image_side))

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure. No bias stands while the tip presses."""
        self.check_forces()
        images = 1 + (self.pixels - 1) // self.image_every if self.image_every else 0
        shot = self.image_plan(self.drift_frame())
        return Outlook(
            points=grid(self.frame(), self.pixels, self.pixels),
            places=np.concatenate([self.frame().corners(), *([self.drift_frame().corners()] if images else [])]),
            duration=self.pixels**2 * (1 / self.rate + LANDING) + images * shot.duration,
            current=0.0,
            charge=0.0,
            force=self.peak_force,
            frames=1 + images,
            series_resistance=wiring.series_resistance,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for a lever without calibration, or too soft for the modulus that is asked for."""
        super().check_on(lab)
        self.judge_lever(lab)

    def recall(self, run: "Run") -> None:
        """See Experiment: keep what was measured, for the rows of the image that are not whole."""
        if TABLE in run.tables:
            self._measured = run.tables[TABLE].load()

    def perform(self) -> None:
        """Walk row by row; a resumed map keeps what it has."""
        places = grid(self.frame(), self.pixels, self.pixels)
        picture = ModulusImage(self, self.image())
        self.emit("layout", PointLayout(places[:, 0], places[:, 1], 0, (self.pixels, self.pixels)))
        picture.begin()
        if self._measured is not None:
            picture.recall(self._measured)
        if warning := self.judge_lever(self.opened):
            self.note(warning)
        taker = CurveTaker(self)
        taker.begin()
        walk = _Walk(self)
        todo = [index for index in range(len(places)) if index not in self.done_points]
        for index in todo:
            self.between()
            walk.look_after(index)
            self._visit(index, places[index], taker, walk, picture)
            self.progress(index + 1, len(places))

    def _travel(self, x: float, y: float) -> None:
        """Bring the tip to x, y (m): the first time from anywhere, then from one curve to the next."""
        if self._held:
            self.contact().hop(x, y)
        else:
            self.contact().go(x, y)
            self._held = True

    def _visit(self, index: int, place: Array, taker: CurveTaker, walk: "_Walk", picture: ModulusImage) -> None:
        now = walk.correction()
        x, y = float(place[0]) + now.x, float(place[1]) + now.y
        self._travel(x, y)
        values = taker.take(index, x, y).values
        walk.clock.add(1 / self.rate + LANDING)
        picture.put(index, values)
        none = np.empty(0)
        self.emit(
            "ramp",
            RampDone(
                point=index, time=none, bias=none, bias_source=none, current=none, way="",
                values={"drift_x": now.x, "drift_y": now.y, "drift_confidence": now.confidence},
                state=PointState.DONE if values["samples"] else PointState.FAILED,
                reason="" if values["samples"] else "the curve could not be evaluated",
            ),
        )  # fmt: skip


class _Walk:
    """Time and drift of one execution of a map."""

    def __init__(self, procedure: ModulusMap) -> None:
        self.clock = Stopwatch()
        self._every = procedure.image_every * procedure.pixels
        self._drift: DriftWatch | None = None
        if self._every:
            images = DriftImages(procedure, procedure.image_plan, self.clock)
            self._drift = DriftWatch(
                images.drift,
                procedure.drift_frame(),
                lambda: self.clock.passed,
                procedure.min_confidence,
                procedure.ask_operator,
                Correction(),
            )
            self._drift.begin()

    def look_after(self, index: int) -> None:
        """Before every so many rows: a drift image."""
        if self._drift is not None and index and index % self._every == 0:
            self._drift.update()

    def correction(self) -> Correction:
        """Return how far the sample has moved by now."""
        return Correction() if self._drift is None else self._drift.correction()
