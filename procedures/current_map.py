"""CurrentMap: topography and current of a square, line by line, under a small bias that must not plate."""

from collections.abc import Callable
from typing import ClassVar

from nanoprobe.geometry import Frame
from nanoprobe.outlook import Outlook
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.wiring import Wiring
from procedures import map_inputs
from procedures.base import BenchProcedure
from procedures.imaging import Image, Imager, scan_length
from procedures.inputs import number
from procedures.map_guard import MapGuard
from procedures.map_inputs import MapSettings, check_channels
from procedures.map_line import COLUMNS, summary


class CurrentMap(BenchProcedure):
    """Image a square under bias: height, deflection, friction and current, trace and retrace."""

    DATA_COLUMNS: ClassVar[list[str]] = list(COLUMNS)

    x = number("Centre x", "m", 0.0, -1e-3, 1e-3, "frame", "centre of the square in scanner coordinates")
    y = number("Centre y", "m", 0.0, -1e-3, 1e-3, "frame", "centre of the square in scanner coordinates")
    size = number("Size", "m", 5e-6, 0.5e-6, 20e-6, "frame", "edge of the square")
    angle = number("Angle", "rad", 0.0, -3.1416, 3.1416, "frame", "rotation of the square, counter-clockwise")
    pixels = map_inputs.pixels()
    line_rate = map_inputs.line_rate()
    bias = map_inputs.bias()
    current_limit = map_inputs.current_limit()
    channels = map_inputs.channels()

    def settings(self) -> MapSettings:
        """Return how the map is taken."""
        return MapSettings(
            bias=self.bias,
            current_limit=self.current_limit,
            line_rate=self.line_rate,
            pixels=self.pixels,
            channels=self.channels,
        )

    def frame(self) -> Frame:
        """Return the square to image."""
        return Frame(x=self.x, y=self.y, width=self.size, height=self.size, angle=self.angle)

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure; the charge is what one pixel can pass at the current limit."""
        settings, plan = self.settings(), self.settings().plan(self.frame())
        return Outlook(
            places=plan.frame.corners(),
            duration=plan.duration,
            bias_min=min(0.0, settings.bias),
            bias_max=max(0.0, settings.bias),
            current=settings.current_limit,
            charge=pixel_charge(settings, plan),
            force=self.force,
            frames=1,
            scan_length=scan_length(plan),
            series_resistance=wiring.series_resistance,
        )

    def perform(self) -> None:
        """Take the map."""
        take_map(self, self.settings(), self.frame(), self.progress)


def pixel_charge(settings: MapSettings, plan: ScanPlan) -> float:
    """Return the most charge (C) one pixel of a map can pass, trace and retrace."""
    return settings.current_limit * 2 * plan.line_time / plan.pixels


def take_map(
    procedure: BenchProcedure, settings: MapSettings, frame: Frame, progress: Callable[[float, float], None]
) -> Image:
    """Take a current map; the output is off at the end whichever way it ends.

    Raises Interlocked when the current limit was passed, ContactLost when the tip did not come down.
    """
    lab, plan = procedure.opened, settings.plan(frame)
    check_channels(lab, plan)
    contact = procedure.contact()
    guard = MapGuard(lab, contact, settings.current_limit)
    index = procedure.take_frame_index()
    contact.go(frame.x, frame.y)

    def on_line(line: ScanLine) -> None:
        procedure.emit("results", summary(line, plan, index))
        procedure.wear.scanned(2 * frame.width)
        progress(line.index + 1, plan.lines)
        guard.check(line)

    try:
        lab.source.hold(settings.bias, settings.current_limit)
        return Imager(lab, procedure.emit, procedure.watch).take(index, plan, "map", on_line)
    finally:
        lab.source.off()
