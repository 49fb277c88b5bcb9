"""Thin bright lines in a noisy image: oriented matched filters, answered in standard deviations of the image's noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from nanoprobe.roles import Array

_ORIENTATIONS = 12
_ELONGATION = 4.0
"""Length of the filter over its width: longer gains signal to noise on straight boundaries and rounds off corners."""


def ridge_strength(image: Array, width: float) -> Array:
    """Return how strongly a bright line runs through each pixel, in robust sigmas of the filtered image, >= 0.

    `image` has shape (ny, nx), NaN where missing; `width` is the line's standard deviation across, in pixels. The
    filter is the negative second derivative of an elongated Gaussian (Canny 1986; Freeman and Adelson 1991), the best
    of 12 orientations. Borders are mirrored.

    >>> line = np.zeros((40, 40)); line[:, 20] = 1.0
    >>> noise = np.random.default_rng(0).normal(scale=0.1, size=(40, 40))
    >>> int(ridge_strength(line + noise, 1.0)[20].argmax())
    20
    """
    seen = np.isfinite(image)
    middle = float(np.median(image[seen])) if seen.any() else 0.0
    pad = int(np.ceil(4 * _ELONGATION * width))
    filled = np.pad(np.where(seen, image, middle) - middle, pad, mode="reflect" if min(image.shape) > pad else "edge")
    best = _best_orientation(filled, width, np.pad(seen, pad))[pad:-pad, pad:-pad]
    return np.where(seen, np.maximum(best, 0.0), 0.0)


def _best_orientation(image: Array, width: float, seen: NDArray[np.bool_]) -> Array:
    shape = [fft.next_fast_len(n, real=True) for n in image.shape]
    spectrum = fft.rfft2(image, shape)
    best = np.full(image.shape, -np.inf)
    for angle in np.arange(_ORIENTATIONS) * np.pi / _ORIENTATIONS:
        answer = fft.irfft2(spectrum * _transfer(shape, angle, width), shape)[: image.shape[0], : image.shape[1]]
        np.maximum(best, answer / _sigma(answer[seen]), out=best)
    return best


def _transfer(shape: list[int], angle: float, width: float) -> Array:
    """Return the filter in frequency space: u^2 exp(-2 pi^2 (u^2 s^2 + v^2 l^2)), u across the line and v along it."""
    fy, fx = np.meshgrid(fft.fftfreq(shape[0]), fft.rfftfreq(shape[1]), indexing="ij")
    across = fx * np.cos(angle) + fy * np.sin(angle)
    along = -fx * np.sin(angle) + fy * np.cos(angle)
    decay = (across * width) ** 2 + (along * width * _ELONGATION) ** 2
    return np.asarray(across**2 * np.exp(-2 * np.pi**2 * decay))


def _sigma(answer: Array) -> float:
    """Return 1.4826 times the median absolute value: lines are rare, so that it is the noise's."""
    if not answer.size:
        return 1.0
    return float(1.4826 * np.median(np.abs(answer))) or float(np.std(answer)) or 1.0


def refine(strength: Array, row: int, column: int, reach: int = 2) -> tuple[float, float]:
    """Return the centroid (row, column; sub-pixel) of `strength` above half its local maximum around a crest pixel."""
    top, left = max(row - reach, 0), max(column - reach, 0)
    patch = strength[top : row + reach + 1, left : column + reach + 1]
    weight = np.maximum(patch - 0.5 * patch.max(), 0.0)
    if weight.sum() <= 0:
        return float(row), float(column)
    down, across = ndimage.center_of_mass(weight)
    return float(top + down), float(left + across)
