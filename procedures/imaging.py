"""Taking images: the tip lands in the middle of the frame, lines go out as they come, and the picture is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanoprobe.bench import Bench
from nanoprobe.records import FrameBegin, FrameLine
from nanoprobe.roles import Array, ScanLine, ScanPlan

Emit = Callable[[str, object], None]
OnLine = Callable[[ScanLine], None]

CURRENT_CHANNELS = frozenset({"current"})
"""Channels that the wiring turns into electrode current."""


@dataclass(frozen=True, slots=True)
class Image:
    """A finished image. `channels[name]` has shape (2, lines, pixels): trace, retrace; line 0 is the lowest; SI."""

    plan: ScanPlan
    channels: Mapping[str, NDArray[np.float32]] = field(repr=False)

    def trace(self, channel: str) -> Array:
        """Return the trace (forward) of a channel, shape (lines, pixels)."""
        return np.asarray(self.channels[channel][0], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Imager:
    """Takes images on one bench, reporting each as frame and lines."""

    lab: Bench
    emit: Emit
    watch: Callable[[], None]

    def take(self, index: int, plan: ScanPlan, purpose: str, on_line: OnLine) -> Image:
        """Scan `plan` as image `index` with the tip in contact; `on_line` may look at each line and raise to stop."""
        known = self.lab.probe.channels
        self.emit("frame", FrameBegin(index, plan, {name: known[name] for name in plan.channels}, purpose))
        picture = {name: np.full((2, plan.lines, plan.pixels), np.nan, np.float32) for name in plan.channels}

        def keep(raw: ScanLine) -> None:
            line = self._electrode(raw)
            for name, rows in line.values.items():
                picture[name][:, line.index, :] = rows
            self.emit("line", FrameLine(index, line))
            on_line(line)

        self.lab.probe.scan(plan, keep, self.watch)
        return Image(plan, picture)

    def _electrode(self, raw: ScanLine) -> ScanLine:
        """Turn a line's current channels into electrode current."""
        values = {
            name: self.lab.wiring.currents(rows.astype(np.float64)).astype(np.float32)
            if name in CURRENT_CHANNELS
            else rows
            for name, rows in raw.values.items()
        }
        return ScanLine(raw.index, values)


def scan_length(plan: ScanPlan) -> float:
    """Return how far the tip is dragged by a scan, both directions (m)."""
    return 2 * plan.frame.width * plan.lines
