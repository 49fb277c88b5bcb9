"""Images for drift: taken without bias, stored, worn off the tip's record, timed on the instruments' clock."""

from collections.abc import Callable

from nanoprobe.geometry import Frame
from nanoprobe.roles import Array, ScanPlan
from procedures.base import BenchProcedure
from procedures.imaging import Imager, scan_length
from procedures.ramping import LANDING
from procedures.stopwatch import Stopwatch

DRIFT_PURPOSE, PATCH_PURPOSE = "drift", "patch"


class DriftImages:
    """Takes the images of one run. `plan`: how a frame is scanned."""

    def __init__(self, procedure: BenchProcedure, plan: Callable[[Frame], ScanPlan], clock: Stopwatch) -> None:
        self._procedure = procedure
        self._plan = plan
        self._clock = clock

    def drift(self, frame: Frame) -> Array:
        """Return the height in `frame`, shape (lines, pixels), for following the drift."""
        return self._take(frame, DRIFT_PURPOSE)

    def patch(self, frame: Frame) -> Array:
        """Return the height of a patch that is compared with an earlier run's image."""
        return self._take(frame, PATCH_PURPOSE)

    def _take(self, frame: Frame, purpose: str) -> Array:
        procedure, plan = self._procedure, self._plan(frame)
        procedure.between()
        procedure.contact().go(frame.x, frame.y)
        imager = Imager(procedure.opened, procedure.emit, procedure.watch)
        image = imager.take(procedure.take_frame_index(), plan, purpose, lambda line: None)
        procedure.wear.scanned(scan_length(plan))
        self._clock.add(plan.duration + LANDING)
        return image.trace("height")
