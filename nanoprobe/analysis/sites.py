"""Grain interiors, grain boundaries and triple junctions, as a current map (and its topography) shows them."""

from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from nanoprobe.analysis.levelling import level_lines, level_plane
from nanoprobe.analysis.network import Mask, NetworkSettings, trace
from nanoprobe.analysis.ridges import refine, ridge_strength
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array


class Site(IntEnum):
    """The kind of place a point lies on. Integers, as a run stores them."""

    UNKNOWN = -1
    INTERIOR = 0
    BOUNDARY = 1
    TRIPLE_JUNCTION = 2

    @property
    def label(self) -> str:
        """The name as people read it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """Lengths in m. `core`: standard deviation of a boundary's conducting core across; `groove`: of its groove.

    A point within `boundary_reach` of a boundary lies on it, within `junction_reach` of a triple junction on that.
    `network`: thresholds in sigmas and pixels.
    """

    core: float = 20e-9
    groove: float = 25e-9
    boundary_reach: float = 40e-9
    junction_reach: float = 60e-9
    network: NetworkSettings = field(default_factory=NetworkSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """The boundaries found in one image. Images have shape (ny, nx), first row at the frame's lower edge.

    `line`: boundaries one pixel wide; `junctions`: triple junctions (m, scanner coordinates, shape (n, 2));
    `strength`: ridge strength (sigmas); `distance`, `junction_distance`: to the nearest boundary and triple junction
    (m, inf where there are none). `signal_to_noise`: median contrast of the boundaries over the scatter of a pixel in the
    interiors, in the first image given (current before height before modulus); NaN where none stands out in it.
    """

    frame: Frame
    settings: SiteSettings
    signal_to_noise: float
    line: Mask = field(repr=False)
    strength: Array = field(repr=False)
    junctions: Array = field(repr=False)
    distance: Array = field(repr=False)
    junction_distance: Array = field(repr=False)

    def classify(self, points: ArrayLike) -> NDArray[np.int8]:
        """Return the `Site` of each of `points` (m, scanner coordinates of the image, shape (n, 2)).

        UNKNOWN outside the image, and everywhere on an image that shows no boundary at all.
        """
        near, junction = self.distance_to_boundary(points), self._look_up(self.junction_distance, points, np.inf)
        kind = np.where(near <= self.settings.boundary_reach, Site.BOUNDARY, Site.INTERIOR)
        kind = np.where(junction <= self.settings.junction_reach, Site.TRIPLE_JUNCTION, kind)
        return np.where(np.isfinite(near), kind, Site.UNKNOWN).astype(np.int8)

    def distance_to_boundary(self, points: ArrayLike) -> Array:
        """Return the distance (m, shape (n,)) to the nearest boundary; NaN outside the image, inf where it shows none."""
        return self._look_up(self.distance, points, np.nan)

    def pick(self, kind: Site, cell: Frame) -> tuple[float, float] | None:
        """Return the best place (x, y in m, scanner coordinates) for `kind` within `cell`, None where there is none.

        The best place is the one nearest to the middle of the cell: for an interior clear of any boundary, for a
        boundary on its line and clear of triple junctions.
        """
        inside = self._pixels_in(cell)
        score = self._worth(kind, cell)
        score = np.where(inside & np.isfinite(score), score, -np.inf)
        row, column = np.unravel_index(int(score.argmax()), score.shape)
        if score[row, column] == -np.inf:
            return None
        place = (float(row), float(column))
        if kind is not Site.INTERIOR:
            place = refine(self.strength, int(row), int(column))
        x, y = _to_scanner(self.frame, self.line.shape, np.array([place]))[0]
        return float(x), float(y)

    def _worth(self, kind: Site, cell: Frame) -> Array:
        """Return how good each pixel is for `kind`; -inf where it is none."""
        reach = self.settings
        if kind is Site.INTERIOR:
            return np.where(self.distance > 2 * reach.boundary_reach, -self._distance_from(cell.x, cell.y), -np.inf)
        if kind is Site.BOUNDARY:
            clear = self.line & (self.junction_distance > 2 * reach.junction_reach)
            return np.where(clear, -self._distance_from(cell.x, cell.y), -np.inf)
        if kind is Site.TRIPLE_JUNCTION:
            at_node = np.zeros(self.line.shape, dtype=np.bool_)
            at_node[tuple(to_pixels(self.frame, self.line.shape, self.junctions).T)] = True
            return np.where(at_node, -self._distance_from(cell.x, cell.y), -np.inf)
        raise BadInput("a place of unknown kind cannot be picked; ask for interior, boundary or triple junction")

    def _distance_from(self, x: float, y: float) -> Array:
        places = self._places()
        return np.asarray(np.hypot(places[..., 0] - x, places[..., 1] - y))

    def _pixels_in(self, cell: Frame) -> Mask:
        local = _to_local(cell, self._places().reshape(-1, 2))
        half = np.array([cell.width / 2, cell.height / 2])
        return np.asarray((np.abs(local) <= half).all(axis=1), dtype=np.bool_).reshape(self.line.shape)

    def _places(self) -> Array:
        """Return the scanner coordinates of all pixels (m, shape (ny, nx, 2))."""
        return _pixel_places(self.frame, self.line.shape)

    def _look_up(self, image: Array, points: ArrayLike, outside: float) -> Array:
        pixels = to_pixels(self.frame, self.line.shape, np.asarray(points, dtype=np.float64).reshape(-1, 2))
        inside = np.asarray(((pixels >= 0) & (pixels < np.array(self.line.shape))).all(axis=1), dtype=np.bool_)
        held = np.where(inside[:, None], pixels, 0)
        return np.where(inside, image[held[:, 0], held[:, 1]], outside)


@lru_cache(maxsize=4)
def _pixel_places(frame: Frame, shape: tuple[int, ...]) -> Array:
    """Kept, since each of a map's hundreds of picks needs them."""
    pixels = np.indices(shape).reshape(2, -1).T.astype(np.float64)
    return _to_scanner(frame, shape, pixels).reshape(*shape, 2)


def find_sites(
    current: ArrayLike | None,
    frame: Frame,
    height: ArrayLike | None = None,
    settings: SiteSettings | None = None,
    modulus: ArrayLike | None = None,
) -> Sites:
    """Segment a current map (A, shape (ny, nx), either sign), topography `height` (m), map of `modulus` (Pa), or all together.

    `frame` says where they lie. Rows that were never scanned are NaN. The current shows conducting boundaries; the groove in
    the topography, and the softer or stiffer line in the modulus, those that do not conduct as well. Raises BadInput when the
    shapes differ, nothing is given, or less than half of an image was scanned.

    >>> current = np.random.default_rng(0).normal(scale=0.1, size=(64, 64)); current[:, 32] -= 1.0
    >>> sites = find_sites(current * 1e-12, Frame(x=0, y=0, width=1.28e-6, height=1.28e-6))
    >>> [Site(k).label for k in sites.classify([[10e-9, 0.0], [300e-9, 0.0], [1e-6, 0.0]])]
    ['boundary', 'interior', 'unknown']
    """
    settings = settings or SiteSettings()
    images = _signals(current, height, modulus)
    shape = next(iter(images.values())).shape
    pixel = max(frame.width / shape[1], frame.height / shape[0])
    widths = {"current": settings.core, "topography": settings.groove, "modulus": settings.core}
    ridges = {name: ridge_strength(image, _in_pixels(widths[name], pixel)) for name, image in images.items()}
    strength = np.sqrt(np.sum([ridge**2 for ridge in ridges.values()], axis=0))
    network = trace(strength, settings.network)
    sampling = (frame.height / shape[0], frame.width / shape[1])
    nodes = np.zeros(shape, dtype=np.bool_)
    nodes[tuple(network.nodes.T)] = True
    first = next(iter(images))
    return Sites(
        frame=frame,
        settings=settings,
        signal_to_noise=_signal_to_noise(
            images[first], network.line & (ridges[first] > settings.network.keep), network.line
        ),
        line=network.line,
        strength=strength,
        junctions=_to_scanner(frame, shape, network.nodes.astype(np.float64)),
        distance=_distance(network.line, sampling),
        junction_distance=_distance(nodes, sampling),
    )


def _signals(current: ArrayLike | None, height: ArrayLike | None, modulus: ArrayLike | None) -> dict[str, Array]:
    """Return each image given, levelled, with boundaries as bright lines; the most telling first."""
    found: dict[str, Array] = {}
    if current is not None:
        found["current"] = _bright(level_lines(_checked(current, "current")))
    if height is not None:
        found["topography"] = -level_plane(_checked(height, "height"))
    if modulus is not None:
        found["modulus"] = _bright(level_lines(_checked(modulus, "modulus")))
    if not found:
        raise BadInput("boundaries are looked for in a map of current, height or modulus; none of them is there")
    if len({image.shape for image in found.values()}) > 1:
        sizes = ", ".join(f"{name} {image.shape}" for name, image in found.items())
        raise BadInput(f"images of one place have one shape, not {sizes}")
    return found


def _checked(image: ArrayLike, name: str) -> Array:
    checked = np.asarray(image, dtype=np.float64)
    if checked.ndim != 2:
        raise BadInput(
            f"the {name} map has two dimensions (y, x), not shape {checked.shape}; choose one scan direction"
        )
    if not np.isfinite(checked).mean() > 0.5:
        raise BadInput(f"the {name} map is less than half scanned; take it again before looking for sites")
    return checked


def _bright(signal: Array) -> Array:
    """Return the image with its lines positive, whichever sign the current has: lines make the skewness (Pearson)."""
    seen = signal[np.isfinite(signal)]
    return signal if float(((seen - np.median(seen)) ** 3).sum()) >= 0 else -signal


def _in_pixels(width: float, pixel: float) -> float:
    """Return a standard deviation in pixels; below 0.8 a filter no longer is what its formula says."""
    return max(width / pixel, 0.8)


def _signal_to_noise(signal: Array, conducting: Mask, line: Mask) -> float:
    near = np.asarray(ndimage.binary_dilation(line, iterations=6), dtype=np.bool_)
    interior = signal[~near & np.isfinite(signal)]
    if not conducting.any() or not interior.size:
        return float("nan")
    middle = float(np.median(interior))
    noise = 1.4826 * float(np.median(np.abs(interior - middle)))
    return (float(np.nanmedian(signal[conducting])) - middle) / noise if noise > 0 else float("inf")


def _distance(where: Mask, sampling: tuple[float, float]) -> Array:
    if not where.any():
        return np.full(where.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~where, sampling=sampling))


def _to_local(frame: Frame, places: Array) -> Array:
    """Turn scanner coordinates (m) into offsets from the frame's centre along its own axes."""
    cos, sin = np.cos(frame.angle), np.sin(frame.angle)
    return np.asarray((places - [frame.x, frame.y]) @ np.array([[cos, -sin], [sin, cos]]))


def _to_scanner(frame: Frame, shape: tuple[int, ...], pixels: Array) -> Array:
    """Turn (row, column) into scanner coordinates (m)."""
    local = (pixels[:, ::-1] + 0.5) / [shape[1], shape[0]] - 0.5
    return frame.to_scanner(local * [frame.width, frame.height])


def to_pixels(frame: Frame, shape: tuple[int, ...], places: Array) -> NDArray[np.intp]:
    """Turn scanner coordinates (m) into the (row, column) they fall on; outside the image these lie outside its shape.

    So are places that are not known (NaN).
    """
    local = np.nan_to_num(_to_local(frame, places) / [frame.width, frame.height] + 0.5, nan=-1.0)
    return np.floor(local * [shape[1], shape[0]])[:, ::-1].astype(np.intp)
