"""Taking the scanner's tilt and line jumps out of an image. Missing pixels are NaN and stay so."""

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.roles import Array


def level_plane(image: Array) -> Array:
    """Return `image` (any unit, shape (ny, nx)) less its least-squares plane. All NaN stays all NaN.

    >>> bool(np.allclose(level_plane(np.add.outer(np.arange(4.0), 3 * np.arange(5.0))), 0))
    True
    """
    image = _two_dimensional(image)
    down, across = (np.asarray(index, dtype=np.float64) for index in np.indices(image.shape))
    seen = np.isfinite(image)
    if not seen.any():
        return image
    design = np.column_stack([across[seen], down[seen], np.ones(seen.sum())])
    slope_x, slope_y, constant = np.linalg.lstsq(design, image[seen], rcond=None)[0]
    return np.asarray(image - (slope_x * across + slope_y * down + constant))


def level_lines(image: Array) -> Array:
    """Return `image` (shape (ny, nx)) with each line's median set to 0: offset drift and slow mains pick-up go.

    >>> level_lines(np.array([[1.0, 1.0, 2.0], [7.0, 5.0, 5.0]])).tolist()
    [[0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]
    """
    image = _two_dimensional(image)
    seen = np.isfinite(image).any(axis=1)
    levelled = image.copy()
    levelled[seen] -= np.nanmedian(image[seen], axis=1, keepdims=True)
    return levelled


def _two_dimensional(image: Array) -> Array:
    image = np.asarray(image, dtype=np.float64)
    if image.ndim != 2:
        raise BadInput(f"an image has two dimensions (y, x), not shape {image.shape}; choose one direction of the scan")
    return image
