"""What a measured map says about the ceramic under it: where boundaries are, how they leak, how soft they are."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from scipy import ndimage

from nanoprobe.analysis.of_run import Image, RunData, place_of, sites_of
from nanoprobe.analysis.sites import Sites, to_pixels
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array

SMOOTH = 0.7
"""Standard deviation (pixels) of the blur that takes single-pixel noise out of a current map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFields:
    """Maps of shape (ny, nx), first row at the frame's lower edge.

    `leakage`: |current| (A) of the contact, never below the map's noise; `boundary`: 0 in a grain to 1 on a boundary that
    conducts as well as the best of them; `modulus` (Pa); `grain`: mean intercept of the grains (m).
    """

    frame: Frame
    leakage: Array = field(repr=False)
    boundary: Array = field(repr=False)
    modulus: Array = field(repr=False)
    grain: float

    @property
    def pixel(self) -> tuple[float, float]:
        """Width and depth of a pixel (m)."""
        ny, nx = self.leakage.shape
        return self.frame.width / nx, self.frame.height / ny


def fields_of(
    image: Image, modulus: Array | None, plain_modulus: float, softening: float, core: float
) -> MeasuredFields:
    """Return the fields of a current map (with its topography) and, where it was measured, the `modulus` (Pa, same grid).

    Without a measured one, boundaries that conduct are taken as softer by the share `softening` than `plain_modulus` (Pa), over
    the width `core` (m). Raises BadInput where the map has no current or shows no boundary.
    """
    sites = sites_of(image)
    if image.current is None or sites is None:
        raise BadInput("a prediction needs a current map, at least half scanned: `nanoprobe run current-map` takes one")
    if not sites.line.any():
        raise BadInput("the map shows no grain boundary: take it with more pixels, slower, or with a larger bias")
    leakage = _leakage(image.current, sites)
    boundary = _boundary(leakage, sites, core)
    soft = plain_modulus * (1 - softening * boundary)
    measured = soft if modulus is None else _filled(modulus, soft)
    return MeasuredFields(frame=image.frame, leakage=leakage, boundary=boundary, modulus=measured, grain=_grain(sites))


def _leakage(current: Array, sites: Sites) -> Array:
    seen = np.isfinite(current)
    signal = np.abs(ndimage.gaussian_filter(np.where(seen, current, np.nanmedian(current)), SMOOTH))
    inside = signal[sites.distance > 2 * sites.settings.boundary_reach]
    floor = float(np.median(inside)) if inside.size else float(np.median(signal))
    return np.maximum(signal, floor)


def _boundary(leakage: Array, sites: Sites, core: float) -> Array:
    """Return how much of a conducting boundary each pixel is: its nearest boundary's strength, falling off with distance."""
    places = ndimage.distance_transform_edt(~sites.line, return_distances=False, return_indices=True)
    on_line = ndimage.maximum_filter(leakage, size=3)[tuple(places)]
    floor = float(leakage.min())
    best = float(np.quantile(on_line[sites.line], 0.75))
    strength = np.clip((on_line - floor) / max(best - floor, 1e-30), 0.0, 1.0)
    return np.asarray(strength * np.exp(-((sites.distance / core) ** 2)))


def _grain(sites: Sites) -> float:
    """Return the mean intercept (m): pi area / (2 boundary length) for lines that run in all directions (Saltykov 1958)."""
    ny, nx = sites.line.shape
    step = np.sqrt(sites.frame.width / nx * sites.frame.height / ny)
    # A line one pixel wide that steps diagonally is longer than its count by 1.11 on average over directions.
    length = 1.11 * step * float(sites.line.sum())
    return float(np.pi * sites.frame.width * sites.frame.height / (2 * length))


def _filled(measured: Array, elsewhere: Array) -> Array:
    good = np.isfinite(measured) & (measured > 0)
    return np.where(good, measured, elsewhere)


def modulus_map(run: RunData, onto: Frame, shape: tuple[int, int]) -> Array:
    """Return a run's map of Young's modulus (Pa) on the pixels of another frame; NaN outside it.

    Raises BadInput where the run has no image with a channel `modulus`.
    """
    for image in run.frames:
        if "modulus" in image:
            return _resampled(image, onto, shape)
    raise BadInput("the run holds no modulus map: `nanoprobe run modulus-map` takes one")


def _resampled(image: xr.Dataset, onto: Frame, shape: tuple[int, int]) -> Array:
    values = np.asarray(image["modulus"].values, dtype=np.float64)
    seen = np.isfinite(values)
    mean = np.where(seen.any(axis=0), np.where(seen, values, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1), np.nan)
    x, y = onto.pixel_axes(shape[1], shape[0])
    across, up = np.meshgrid(x - onto.x, y - onto.y)
    pixels = to_pixels(place_of(image), mean.shape, onto.to_scanner(np.column_stack([across.ravel(), up.ravel()])))
    inside = np.asarray(((pixels >= 0) & (pixels < np.array(mean.shape))).all(axis=1), dtype=np.bool_)
    held = np.where(inside[:, None], pixels, 0)
    return np.where(inside, mean[held[:, 0], held[:, 1]], np.nan).reshape(shape)
