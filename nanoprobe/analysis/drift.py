"""How far the scene moved between two images, how sure that is, and where it will be next."""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage
from skimage.filters import window
from skimage.registration import phase_cross_correlation

from nanoprobe.analysis.levelling import level_plane
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array

UPSAMPLE = 20
"""Shifts are found to 1/20 of a pixel (domain.md §5, DriftCorrect)."""
_SMALLEST_OVERLAP = 0.25
"""Below this common fraction of the two images a match counts for less."""
_FINE, _COARSE = 1.0, 12.0
"""Gaussian widths (pixels) of the band that is compared: finer is pixel noise, coarser is tilt and creep."""
_CHANCE = 4.5
"""Correlation that two patches without common features reach by chance, in units of 1/sqrt(independent spots): the
largest of some thousand trial shifts."""
_SMALLEST_SIDE = 16
"""Fewest pixels a side for a comparison."""
_PASSES = 3
"""Times the second image is moved back and compared again: what lies under the taper then hardly differs."""
_RECENT = 5
"""Number of the latest measurements a drift rate is taken from."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The scene moved by `x`, `y` (m, scanner coordinates); `confidence` 0 (chance) to 1 (same scene, no noise)."""

    x: float
    y: float
    confidence: float


def measure_shift(reference: Array, image: Array, frame: Frame) -> Shift:
    """Return how far features of `reference` moved to where they are in `image`.

    Both have shape (ny, nx), first row lowest, any one unit; `frame` is where both were taken. Confidence is
    the correlation of what both images show, aligned, less what chance gives; it is low for patches without features
    and for scenes that moved out. Raises BadInput when shapes differ, are too small, or hold missing pixels.

    >>> scene = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(150, 150)), 3)
    >>> frame = Frame(x=0, y=0, width=1e-6, height=1e-6)
    >>> shift = measure_shift(scene[20:120, 20:120], scene[24:124, 17:117], frame)
    >>> round(shift.x * 1e9), round(shift.y * 1e9), shift.confidence > 0.8
    (30, -40, True)
    """
    first, second = _prepared(reference), _prepared(image)
    if first.shape != second.shape:
        raise BadInput(f"images of {first.shape} and {second.shape} pixels cannot be compared; take them alike")
    moved = np.rint(_offset(first, second, 1))
    for _ in range(_PASSES):
        a, b = _overlap(first, _moved_back(second, moved), moved)
        if min(a.shape) < _SMALLEST_SIDE // 2:
            return _in_scanner(moved, first.shape, frame, 0.0)
        moved = moved + _offset(a, b, UPSAMPLE)
    return _in_scanner(moved, first.shape, frame, _confidence(first, second, moved))


def _in_scanner(moved: Array, shape: tuple[int, ...], frame: Frame, confidence: float) -> Shift:
    local = moved[::-1] / [shape[1], shape[0]] * [frame.width, frame.height]
    x, y = frame.to_scanner(local[None, :])[0] - [frame.x, frame.y]
    return Shift(float(x), float(y), confidence)


def _prepared(image: Array) -> Array:
    """Return the image's band of middle sizes, levelled."""
    image = np.asarray(image, dtype=np.float64)
    if image.ndim != 2 or min(image.shape) < _SMALLEST_SIDE:
        raise BadInput(
            f"an image of shape {image.shape} is too small to measure drift ({_SMALLEST_SIDE} pixels a side)"
        )
    if not np.isfinite(image).all():
        raise BadInput("an image with missing pixels cannot be used to measure drift; scan it to the end")
    level = level_plane(image)
    return np.asarray(ndimage.gaussian_filter(level, _FINE) - ndimage.gaussian_filter(level, _COARSE))


def _offset(first: Array, second: Array, upsample: int) -> Array:
    """Return (rows, columns) the scene moved, by cross-correlation of the tapered images (Guizar-Sicairos 2008)."""
    taper = window(("tukey", 0.5), first.shape)
    shift, _, _ = phase_cross_correlation(first * taper, second * taper, upsample_factor=upsample, normalization=None)
    return -np.asarray(shift, dtype=np.float64)


def _moved_back(image: Array, moved: Array) -> Array:
    return np.asarray(ndimage.shift(image, -moved, order=3, mode="nearest"))


def _overlap(first: Array, back: Array, moved: Array) -> tuple[Array, Array]:
    """Return the parts of the first image and of the second, moved back, that both scans really saw."""
    rows, columns = (
        slice(int(np.ceil(max(-m, 0))), n - int(np.ceil(max(m, 0)))) for m, n in zip(moved, first.shape, strict=True)
    )
    return first[rows, columns], back[rows, columns]


def _confidence(first: Array, second: Array, moved: Array) -> float:
    a, b = _overlap(first, _moved_back(second, moved), moved)
    if a.size < _SMALLEST_SIDE**2 / 4 or not a.std() or not b.std():
        return 0.0
    correlation = float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    spots = max(a.size / (4 * np.pi * _feature_size(first) ** 2), 1.0)
    chance = min(_CHANCE / np.sqrt(spots), 0.9)
    sure = max(0.0, (correlation - chance) / (1 - chance))
    return float(min(1.0, sure * min(1.0, a.size / first.size / _SMALLEST_OVERLAP)))


def _feature_size(image: Array) -> float:
    """Return the correlation length of an image (pixels): rms over rms gradient, at least the filter's own width."""
    slope = np.hypot(*np.gradient(image))
    steepness = float(np.sqrt(np.mean(slope**2)))
    return float(max(_FINE, image.std() * np.sqrt(2) / steepness)) if steepness > 0 else _COARSE


@dataclass(frozen=True, slots=True)
class DriftTrack:
    """Where the scene has moved since the first image: `time` s, `x`, `y` m, shape (n,); starts at 0, 0.

    >>> track = DriftTrack.start(0.0).add(100.0, 20e-9, -10e-9).add(200.0, 40e-9, -20e-9)
    >>> [round(v * 1e9) for v in track.at(300.0)], [round(v * 1e12) for v in track.rate]
    ([60, -30], [200, -100])
    """

    time: Array = field(repr=False)
    x: Array = field(repr=False)
    y: Array = field(repr=False)

    @classmethod
    def start(cls, time: float) -> "DriftTrack":
        """Return a track whose reference image was taken at `time` (s)."""
        return cls(np.array([time]), np.zeros(1), np.zeros(1))

    def add(self, time: float, x: float, y: float) -> "DriftTrack":
        """Return the track with one more measurement: the whole drift `x`, `y` (m) since the reference, at `time` (s).

        Raises BadInput when `time` does not come after the last one.
        """
        if not time > self.time[-1]:
            raise BadInput(f"drift measured at {time:g} s must come after the one at {self.time[-1]:g} s")
        return DriftTrack(np.append(self.time, time), np.append(self.x, x), np.append(self.y, y))

    @property
    def rate(self) -> tuple[float, float]:
        """Drift (m/s) by a straight line through the latest measurements, since drift slows down; 0, 0 before any."""
        if len(self.time) < 2:
            return 0.0, 0.0
        time = self.time[-_RECENT:] - self.time[-_RECENT:].mean()
        spread = float((time**2).sum())
        return float(time @ self.x[-_RECENT:]) / spread, float(time @ self.y[-_RECENT:]) / spread

    def rate_error(self, shift_error: float) -> float:
        """Return the standard uncertainty of either component of `rate` (m/s); infinite before any measurement.

        `shift_error`: that of one measured shift (m); what the straight line leaves over counts where it is more.
        """
        if len(self.time) < 2:
            return float("inf")
        time = self.time[-_RECENT:] - self.time[-_RECENT:].mean()
        left = [
            values - values.mean() - rate * time
            for values, rate in zip((self.x[-_RECENT:], self.y[-_RECENT:]), self.rate, strict=True)
        ]
        freedom = 2 * (len(time) - 2)
        scatter = float(np.sqrt((np.concatenate(left) ** 2).sum() / freedom)) if freedom else 0.0
        return max(shift_error, scatter) / float(np.sqrt((time**2).sum()))

    def at(self, time: float) -> tuple[float, float]:
        """Return the expected drift (m) at `time` (s): the last measurement carried on at the present rate."""
        vx, vy = self.rate
        ahead = time - float(self.time[-1])
        return float(self.x[-1]) + vx * ahead, float(self.y[-1]) + vy * ahead
