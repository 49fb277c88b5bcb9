"""The scan buffer: what the scan has recorded of the present frame."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

FORWARD, BACKWARD = 1, 0
"""Data directions as the protocol numbers them."""


class ScanBuffer:
    """One image per channel and data direction, big-endian float32 as it goes over the wire.

    Rows and columns are places: row 0 is the frame's upper edge and column 0 its left edge, whichever way the tip went.
    A scan upwards therefore fills the last row first. That an up and a down scan fill opposite ends, with row 0 on
    top, was seen on a real controller; for the columns of a backward image nothing is published, so the same is assumed.
    Pixels not scanned yet are NaN.
    """

    def __init__(self, channels: Sequence[int], pixels: int, lines: int) -> None:
        self.channels = tuple(channels)
        self.pixels = pixels
        self.lines = lines
        shape = (2, len(self.channels), lines, pixels)
        self._data: npt.NDArray[np.float32] = np.full(shape, np.nan, dtype=">f4")
        self.upwards = False

    def clear(self, upwards: bool) -> None:
        """Forget everything; a new scan starts."""
        self._data[:] = np.nan
        self.upwards = upwards

    def record(self, row: int, direction: int, signals: Mapping[int, npt.ArrayLike]) -> None:
        """Store a line: for each channel its values from left to right."""
        for place, channel in enumerate(self.channels):
            self._data[direction, place, row] = signals[channel]

    def image(self, channel: int, direction: int) -> npt.NDArray[np.float32]:
        """Return the image (lines x pixels) of a channel of this buffer."""
        image: npt.NDArray[np.float32] = self._data[direction, self.channels.index(channel)]
        return image
