"""Random fields of a given correlation length on a periodic square."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sim_instruments.noise import Floats


@dataclass(frozen=True)
class FieldShape:
    """How a field is made: grid points a side, side (m), correlation length (m), Gaussian blur's sigma (m)."""

    points: int
    side: float
    correlation: float
    blur: float = 0.0


def _spectral_filters(shape: FieldShape) -> tuple[Floats, Floats]:
    """Return amplitude of every wave before and after the blur; covariance before it: exp(-(r/correlation)^2)."""
    step = shape.side / shape.points
    k_x = 2.0 * math.pi * np.fft.rfftfreq(shape.points, step)[None, :]
    k_y = 2.0 * math.pi * np.fft.fftfreq(shape.points, step)[:, None]
    k_squared = k_x**2 + k_y**2
    sharp = np.exp(-k_squared * shape.correlation**2 / 8.0)
    return sharp, sharp * np.exp(-k_squared * shape.blur**2 / 2.0)


def _power(amplitude: Floats, points: int) -> float:
    """Return the variance that white noise of variance 1 keeps behind the filter (half plane of a real transform)."""
    weights = np.full(amplitude.shape[1], 2.0)
    weights[0] = weights[-1] = 1.0
    return float(np.sum(amplitude**2 * weights) / points**2)


class PeriodicField:
    """Values on a square grid, bilinear between, going on for ever on all sides."""

    def __init__(self, values: NDArray[np.float32], side: float) -> None:
        self._values = values
        self._flat = values.ravel()
        self._points: int = values.shape[0]
        self._scale: float = self._points / side

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """Return the field at `x`, `y` (m)."""
        n = self._points
        u, v = x * self._scale, y * self._scale
        column, row = np.floor(u), np.floor(v)
        fx, fy = u - column, v - row
        left, top = column.astype(np.int64) % n, row.astype(np.int64) % n
        right, bottom = (left + 1) % n, (top + 1) % n
        flat, top, bottom = self._flat, top * n, bottom * n
        upper = flat[top + left] * (1.0 - fx) + flat[top + right] * fx
        lower = flat[bottom + left] * (1.0 - fx) + flat[bottom + right] * fx
        return np.asarray(upper * (1.0 - fy) + lower * fy, dtype=np.float64)

    def at(self, x: float, y: float) -> float:
        """Return the field at one place `x`, `y` (m)."""
        n, values = self._points, self._values
        u, v = x * self._scale, y * self._scale
        column, row = math.floor(u), math.floor(v)
        fx, fy = u - column, v - row
        left, top, right, bottom = column % n, row % n, (column + 1) % n, (row + 1) % n
        upper = float(values[top, left]) * (1.0 - fx) + float(values[top, right]) * fx
        lower = float(values[bottom, left]) * (1.0 - fx) + float(values[bottom, right]) * fx
        return upper * (1.0 - fy) + lower * fy


@lru_cache(maxsize=1)
def _gain(shape: FieldShape, keep_variance: bool) -> NDArray[np.float32]:
    """Return what every wave of white noise is multiplied with; a surface asks for the same one several times in a row."""
    sharp, blurred = _spectral_filters(shape)
    reference = blurred if keep_variance else sharp
    return (blurred / math.sqrt(_power(reference, shape.points))).astype(np.float32)


def gaussian_field(rng: np.random.Generator, shape: FieldShape, keep_variance: bool = False) -> PeriodicField:
    """Return a Gaussian field of mean 0 and variance 1; a blur lowers the variance unless `keep_variance`."""
    white = rng.standard_normal((shape.points, shape.points), dtype=np.float32)
    values = scipy.fft.irfft2(scipy.fft.rfft2(white) * _gain(shape, keep_variance), s=white.shape)
    return PeriodicField(np.ascontiguousarray(values, dtype=np.float32), shape.side)
