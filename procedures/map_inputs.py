"""The inputs of a current map, as parameters and as settings; CurrentMap and TriggerMap name them differently."""

from dataclasses import dataclass
from typing import Any

from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import ScanPlan
from procedures.inputs import number, text, whole

PIXEL_STEP = 16
"""Controllers take whole multiples of this many pixels a line."""


def pixels() -> Any:
    """Return the parameter for pixels a line."""
    return whole("Map pixels", "px", 256, 16, 2048, "map", "pixels a line, and lines")


def line_rate() -> Any:
    """Return the parameter for lines a second."""
    return number("Map line rate", "Hz", 0.5, 0.01, 50.0, "map", "lines a second, trace and retrace together")


def bias() -> Any:
    """Return the parameter for the bias while imaging."""
    return number("Map bias", "V", -0.2, -1.0, 1.0, "map", "bias while imaging; plating is negative")


def current_limit() -> Any:
    """Return the parameter for the current that ends a map."""
    return number("Map current limit", "A", 1e-9, 10e-12, 100e-9, "map", "a larger |current| ends the map")


def channels() -> Any:
    """Return the parameter for the channels to keep."""
    return text("Map channels", "height,deflection,friction,current", "map", "channels to keep, separated by commas")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSettings:
    """How a current map is taken: `bias` V, `current_limit` A, `line_rate` Hz, `pixels` a line, `channels` by comma."""

    bias: float
    current_limit: float
    line_rate: float
    pixels: int
    channels: str

    def plan(self, frame: Frame) -> ScanPlan:
        """Return the scan of `frame`, square pixels. Raises BadInput for pixels or channels that no map can have."""
        names = tuple(dict.fromkeys(name.strip() for name in self.channels.split(",") if name.strip()))
        if "current" not in names:
            raise BadInput(f"channels '{self.channels}' leave out 'current': a current map needs it")
        return ScanPlan(
            frame=frame,
            pixels=whole_pixels(self.pixels),
            lines=max(1, round(self.pixels * frame.height / frame.width)),
            line_time=0.5 / self.line_rate,
            channels=names,
        )


def whole_pixels(count: int) -> int:
    """Return `count`. Raises BadInput where a controller would round it to another number."""
    if count % PIXEL_STEP:
        raise BadInput(f"{count} pixels a line is no multiple of {PIXEL_STEP}: the controller would change it unasked")
    return count


def check_channels(lab: Bench, plan: ScanPlan) -> None:
    """Raise BadInput when the controller cannot read a channel of `plan`."""
    known = lab.probe.channels
    missing = [name for name in plan.channels if name not in known]
    if missing:
        raise BadInput(f"channel '{missing[0]}' cannot be read by this controller; it has: {', '.join(known)}")
