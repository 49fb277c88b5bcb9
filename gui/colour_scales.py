"""How numbers become colours: perceptually uniform maps, range by percentile, linear or logarithmic, levelled. No Qt.

An image is turned into bytes: 0 means not measured (or no number), 1..255 run from the lower to the upper limit. Bytes
are four times cheaper to draw than floats, and a half-scanned map costs no more than a full one.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nanoprobe.roles import Array

COLOURS = ("viridis", "cividis", "inferno", "magma", "CET-L1")
"""Perceptually uniform and readable with colour-blind eyes; the last is grey."""
MISSING = 0
"""The byte of what was not measured."""
_STEPS = 254
_SMALLEST = 1e-18
"""Stands for zero on a logarithmic scale (one attoampere)."""
_SAMPLE = 40_000
"""Values looked at to find the limits of an image."""


class Levelling(StrEnum):
    """What is taken out of an image before it is coloured."""

    NONE = "as measured"
    PLANE = "plane"
    LINES = "line by line"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourScale:
    """`low`, `high`: percentiles (0..100) of the values that get the first and the last colour; `log`: log10 |value|."""

    colours: str = COLOURS[0]
    low: float = 1.0
    high: float = 99.0
    log: bool = False
    levelling: Levelling = Levelling.NONE


@dataclass(frozen=True, slots=True)
class Limits:
    """What the first and the last colour stand for; log10 of it on a logarithmic scale."""

    low: float
    high: float

    def near(self, other: "Limits") -> bool:
        """Whether the eye would see no difference between the two."""
        slack = 0.02 * max(self.high - self.low, other.high - other.low)
        return abs(self.low - other.low) <= slack and abs(self.high - other.high) <= slack


@dataclass(frozen=True, slots=True)
class Plane:
    """What plane levelling takes out: `across` and `down` per pixel, `offset` at pixel 0, 0."""

    across: float = 0.0
    down: float = 0.0
    offset: float = 0.0

    def at(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return its height at the crossings of `rows` and `columns`, shape (rows, columns)."""
        return np.asarray(
            (self.down * rows + self.offset)[:, np.newaxis] + self.across * columns[np.newaxis, :], dtype=np.float32
        )


def fit_plane(lines: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Plane:
    """Return the least-squares plane of `lines` (shape (rows, columns)), NaN left out; flat where nothing can be fitted."""
    down, across = np.meshgrid(rows, columns, indexing="ij")
    seen = np.isfinite(lines)
    if seen.sum() < 3:
        return Plane()
    design = np.column_stack([across[seen], down[seen], np.ones(int(seen.sum()))])
    (slope_x, slope_y, constant), *_ = np.linalg.lstsq(design, lines[seen].astype(np.float64), rcond=None)
    return Plane(float(slope_x), float(slope_y), float(constant))


def prepared(
    lines: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    scale: ColourScale,
    plane: Plane,
) -> NDArray[np.float32]:
    """Return `lines` (shape (rows, columns)) levelled, and log10 of their magnitude where the scale is logarithmic."""
    if scale.levelling is Levelling.PLANE:
        lines = lines - plane.at(rows, columns)
    elif scale.levelling is Levelling.LINES:
        lines = lines - _medians(lines)
    if scale.log:
        lines = np.log10(np.maximum(np.abs(lines), np.float32(_SMALLEST)))
    return lines


def _medians(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    medians = np.zeros((len(lines), 1), dtype=np.float32)
    seen = np.isfinite(lines).any(axis=1)
    medians[seen] = np.nanmedian(lines[seen], axis=1, keepdims=True)
    return medians


def stride(count: int, of: int) -> int:
    """Return the step that leaves about `_SAMPLE` values of `count` rows of `of` values, in rows and columns alike."""
    return max(1, int(np.sqrt(count * of / _SAMPLE)))


def find_limits(values: NDArray[np.float32] | Array, low: float, high: float) -> Limits:
    """Return the percentiles `low` and `high` (0..100) of the finite `values`; 0..1 without any."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Limits(0.0, 1.0)
    lower, upper = (float(value) for value in np.percentile(finite, [low, high]))
    if upper > lower:
        return Limits(lower, upper)
    around = max(abs(lower) * 1e-3, 1e-15)
    return Limits(lower - around, lower + around)


def to_bytes(values: NDArray[np.float32], limits: Limits) -> NDArray[np.uint8]:
    """Return colours 1..255 of `values`, 0 where they are no numbers."""
    factor = np.float32(_STEPS / (limits.high - limits.low))
    scaled = (values - np.float32(limits.low)) * factor
    np.clip(scaled, 0, _STEPS, out=scaled)
    scaled += 1
    if np.isnan(scaled.sum()):
        np.nan_to_num(scaled, copy=False, nan=MISSING)
    return scaled.astype(np.uint8)
