"""Where and how fast a scan runs: the frame, its pixels and its speed."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PIXEL_PACKAGE = 16
"""The real-time engine sends a line in packages of 16 pixels, so a line's length is a multiple of it."""


@dataclass(frozen=True)
class Frame:
    """Centre and size (m); `angle` in degrees, positive turns the frame clockwise."""

    x: float = 0.0
    y: float = 0.0
    width: float = 5e-6
    height: float = 5e-6
    angle: float = 0.0

    def place(self, u: Floats | float, v: Floats | float) -> tuple[Floats, Floats]:
        """Return scanner x, y (m) of places given from the frame's centre along its width and height (m)."""
        turn = math.radians(self.angle)
        across, along = np.asarray(u, dtype=float), np.asarray(v, dtype=float)
        return (
            self.x + across * math.cos(turn) + along * math.sin(turn),
            self.y - across * math.sin(turn) + along * math.cos(turn),
        )

    def within(self, x_range: tuple[float, float], y_range: tuple[float, float]) -> "Frame":
        """Return this frame made small enough for the scanner's range (m) and moved into it."""
        across, along = self._extent()
        shrink = min(1.0, (x_range[1] - x_range[0]) / across, (y_range[1] - y_range[0]) / along)
        fitted = replace(self, width=self.width * shrink, height=self.height * shrink)
        across, along = across * shrink / 2, along * shrink / 2
        return replace(
            fitted,
            x=min(max(self.x, x_range[0] + across), x_range[1] - across),
            y=min(max(self.y, y_range[0] + along), y_range[1] - along),
        )

    def _extent(self) -> tuple[float, float]:
        turn = math.radians(self.angle)
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        return self.width * cos + self.height * sin, self.width * sin + self.height * cos


@dataclass(frozen=True)
class Raster:
    """A frame cut into `pixels` by `lines`."""

    frame: Frame
    pixels: int
    lines: int

    def row(self, row: int) -> tuple[Floats, Floats]:
        """Return x, y (m) of the pixel centres of a row from left to right; row 0 is the frame's upper edge."""
        u = ((np.arange(self.pixels) + 0.5) / self.pixels - 0.5) * self.frame.width
        v = (0.5 - (row + 0.5) / self.lines) * self.frame.height
        return self.frame.place(u, v)


def coerced_pixels(pixels: int) -> int:
    """Return the closest multiple of 16, 16 at least."""
    return max(PIXEL_PACKAGE, int(pixels / PIXEL_PACKAGE + 0.5) * PIXEL_PACKAGE)


@dataclass(frozen=True)
class Speed:
    """Times (s) for a line forward and backward; the linear speeds follow from the frame's width."""

    forward_time: float = 1.0
    backward_time: float = 1.0
    keeps_time: bool = True
    """What a new frame width leaves as it is: the time per line, or the linear speed."""

    def linear(self, width: float) -> tuple[float, float]:
        """Return the linear speeds (m/s) forward and backward for a frame `width` (m)."""
        return width / self.forward_time, width / self.backward_time

    @property
    def ratio(self) -> float:
        """Backward speed over forward speed."""
        return self.forward_time / self.backward_time

    def resized(self, old: float, new: float) -> "Speed":
        """Return the speed after the frame's width has changed from `old` to `new` (m)."""
        if self.keeps_time:
            return self
        return replace(self, forward_time=self.forward_time * new / old, backward_time=self.backward_time * new / old)


@dataclass(frozen=True)
class SpeedRequest:
    """A client's wish: linear speeds (m/s), times per line (s), ratio; 0, negative or NaN means no wish."""

    forward_speed: float
    backward_speed: float
    forward_time: float
    backward_time: float
    ratio: float

    def applied(self, speed: Speed, width: float) -> Speed:
        """Return the new speed. The kept parameter's numbers win; the ratio counts where no backward one is given."""
        by_speed = (_time(width, self.forward_speed), _time(width, self.backward_speed))
        by_time = (_wish(self.forward_time), _wish(self.backward_time))
        first, second = (by_time, by_speed) if speed.keeps_time else (by_speed, by_time)
        chosen = first if first[0] is not None else second
        forward = chosen[0] or speed.forward_time
        ratio = _wish(self.ratio) or speed.ratio
        return replace(speed, forward_time=forward, backward_time=chosen[1] or forward / ratio)


def _wish(value: float) -> float | None:
    return value if math.isfinite(value) and value > 0 else None


def _time(width: float, speed: float) -> float | None:
    return width / speed if _wish(speed) else None
