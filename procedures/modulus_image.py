"""The image a modulus map makes: rows of pixels as they become whole, trace from the way in, retrace from the way out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nanoprobe.records import FrameBegin, FrameLine
from nanoprobe.roles import ScanLine, ScanPlan
from procedures.base import BenchProcedure

CHANNELS: Mapping[str, tuple[str, str, str]] = {
    "modulus": ("Pa", "loading_modulus", "modulus"),
    "modulus_low": ("Pa", "modulus_low", "modulus_low"),
    "modulus_high": ("Pa", "modulus_high", "modulus_high"),
    "adhesion": ("N", "snap_in", "adhesion"),
    "adhesion_error": ("N", "snap_in_error", "adhesion_error"),
    "deformation": ("m", "deformation", "deformation"),
    "dissipation": ("J", "dissipation", "dissipation"),
    "height": ("m", "height", "height"),
}
"""Channel: unit, and the values of a curve it shows as trace and as retrace."""
INDEX = 0
"""The map is the run's first image; drift images follow."""


class ModulusImage:
    """Collects the values of the pixels. In trace and retrace a pull is positive, unlike `snap_in` in table `curves`."""

    def __init__(self, procedure: BenchProcedure, plan: ScanPlan) -> None:
        self._procedure = procedure
        self._plan = plan
        self._rows: dict[int, dict[int, Mapping[str, float]]] = {}

    def begin(self) -> None:
        """Begin the image, or take it up again with what this run holds of rows that are not whole."""
        units = {name: unit for name, (unit, _, _) in CHANNELS.items()}
        if self._procedure.next_frame == INDEX:
            self._procedure.take_frame_index()
        self._procedure.emit("frame", FrameBegin(INDEX, self._plan, units))

    def recall(self, curves: Any) -> None:
        """Take the pixels of rows that are not whole from the table `curves` (xarray) of the run so far."""
        names = {value for _, *values in CHANNELS.values() for value in values}
        known = {name: curves[name].values for name in names}
        for row, point in enumerate(curves["point"].values):
            if int(point) in self._procedure.done_points:
                self._keep(int(point), {name: float(column[row]) for name, column in known.items()})
        whole = [row for row, pixels in self._rows.items() if len(pixels) == self._plan.pixels]
        for row in sorted(whole)[:-1]:
            del self._rows[row]
        if whole:  # the last one may have been cut off between its last pixel and its line
            self._send(max(whole))

    def put(self, point: int, values: Mapping[str, float]) -> None:
        """Take the values of a pixel; its row goes out when it is whole."""
        row = self._keep(point, values)
        if len(self._rows[row]) == self._plan.pixels:
            self._send(row)

    def _send(self, row: int) -> None:
        self._procedure.emit("line", FrameLine(INDEX, ScanLine(row, self._line(self._rows.pop(row)))))

    def _keep(self, point: int, values: Mapping[str, float]) -> int:
        row, column = divmod(point, self._plan.pixels)
        self._rows.setdefault(row, {})[column] = values
        return row

    def _line(self, pixels: Mapping[int, Mapping[str, float]]) -> dict[str, Any]:
        columns = range(self._plan.pixels)
        return {
            channel: np.array([[_shown(way, pixels[column]) for column in columns] for way in ways], "f4")
            for channel, (_, *ways) in CHANNELS.items()
        }


def _shown(name: str, values: Mapping[str, float]) -> float:
    return -values[name] if name == "snap_in" else values[name]
