"""From an opened run to the inputs of the analysis: its current map, the sites of its points, their verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanoprobe.analysis.levelling import level_plane
from nanoprobe.analysis.sites import Site, Sites, SiteSettings, find_sites, to_pixels
from nanoprobe.analysis.summary import PointVerdicts, SummaryRow, summarise
from nanoprobe.analysis.trigger import TriggerSettings, detect_map
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array


class RunData(Protocol):
    """What the analysis needs of a run; `nanoprobe.storage.Run` has it."""

    @property
    def points(self) -> xr.Dataset:
        """Group `points`."""

    @property
    def ramps(self) -> xr.Dataset:
        """Group `ramps`."""

    @property
    def frames(self) -> Sequence[xr.Dataset]:
        """Groups `frames/N`."""

    @property
    def simulated(self) -> bool:
        """Whether it was made on a simulated bench."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a run: `current` (A), `height` (m, levelled), `modulus` (Pa), shape (ny, nx); None if not taken."""

    frame: Frame
    current: Array | None = field(repr=False)
    height: Array | None = field(repr=False)
    modulus: Array | None = field(default=None, repr=False)

    @property
    def known(self) -> bool:
        """Whether there is anything that may show boundaries."""
        return any(one is not None for one in (self.current, self.height, self.modulus))


def map_image(run: RunData) -> Image | None:
    """Return the run's (first) image with purpose "map", trace and retrace averaged; None where it has none."""
    for frame in run.frames:
        if frame.attrs.get("purpose", "map") == "map":
            height = _both_ways(frame, "height")
            level = None if height is None else level_plane(height)
            return Image(place_of(frame), _both_ways(frame, "current"), level, _both_ways(frame, "modulus"))
    return None


def place_of(frame: xr.Dataset) -> Frame:
    """Return where an image lies, from its attributes."""
    a = frame.attrs
    return Frame(x=a["centre_x"], y=a["centre_y"], width=a["width"], height=a["height_of_frame"], angle=a["angle"])


def _both_ways(frame: xr.Dataset, channel: str) -> Array | None:
    if channel not in frame:
        return None
    values = np.asarray(frame[channel].values, dtype=np.float64)
    seen = np.isfinite(values)
    count = seen.sum(axis=0)
    return np.where(count > 0, np.where(seen, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def sites_of(image: Image | None, settings: SiteSettings | None = None) -> Sites | None:
    """Return the boundaries of a run's map; None where it has none, or one too incomplete to tell."""
    if image is None or not image.known:
        return None
    try:
        return find_sites(image.current, image.frame, image.height, settings, image.modulus)
    except BadInput:  # less than half scanned: an aborted run is still shown, without sites
        return None


def places_on_map(points: xr.Dataset) -> Array:
    """Return where the points lie on an image taken at the start (m, shape (n, 2)): their places less the drift."""
    drift = [np.nan_to_num(points[name].values) if name in points else 0.0 for name in ("drift_x", "drift_y")]
    places = [np.asarray(points[axis].values - moved) for axis, moved in zip("xy", drift, strict=True)]
    return np.column_stack(places)


def kinds_of_points(points: xr.Dataset, sites: Sites | None) -> NDArray[np.int8]:
    """Return the `Site` of each point: as stored in the run if it is, else by its place on the map, else UNKNOWN."""
    if "site" in points:
        return np.asarray(points["site"].values, dtype=np.int8)
    places = places_on_map(points)
    if sites is None:
        return np.full(len(places), Site.UNKNOWN, dtype=np.int8)
    return sites.classify(places)


def verdicts_of(points: xr.Dataset) -> PointVerdicts:
    """Return the verdicts a run holds on its points."""
    return PointVerdicts(
        state=np.asarray(points["state"].values, dtype=np.int_),
        triggered=np.asarray(points["triggered"].values, dtype=np.float64),
        last_below=np.asarray(points["trigger_last_below"].values, dtype=np.float64),
        first_above=np.asarray(points["trigger_first_above"].values, dtype=np.float64),
        censored_at=np.asarray(points["censored_at"].values, dtype=np.float64),
    )


def judge_again(run: RunData, settings: TriggerSettings, block: int = 256) -> PointVerdicts:
    """Return the verdicts on a run's stored ramps under other `settings`; the run itself stays as it is.

    Works on `block` points at a time. Only the way out is searched, as while measuring: a ramp with a way back is cut at its
    largest source voltage. Points that failed, were interrupted or never begun keep their state and get no voltage.
    """
    stored = verdicts_of(run.points)
    count = len(stored.state)
    parts = [_judged(run, slice(first, first + block), settings) for first in range(0, count, block)]
    numbers = np.concatenate(parts, axis=1) if parts else np.empty((4, 0))
    triggered, below, above, censored = np.where(stored.done, numbers, np.nan)
    return PointVerdicts(
        state=stored.state, triggered=triggered, last_below=below, first_above=above, censored_at=censored
    )


def _judged(run: RunData, rows: slice, settings: TriggerSettings) -> Array:
    """Return (triggered, last below, first above, censored at) of the points `rows`, shape (4, n)."""
    ramps = run.ramps.isel(point=rows)
    time, bias, source, current = (ramps[name].values for name in ("time", "bias", "bias_source", "current"))
    lengths = _ways_out(source, ramps["n_samples"].values, _came_back(run.points.isel(point=rows)))
    found = detect_map(time, bias, current, lengths, settings)
    return np.stack([found.triggered.astype(np.float64), found.last_below, found.first_above, found.censored_at])


def _came_back(points: xr.Dataset) -> NDArray[np.bool_]:
    if "hysteresis_area" not in points:
        return np.zeros(points.sizes["point"], dtype=np.bool_)
    return np.asarray(np.isfinite(points["hysteresis_area"].values))


def _ways_out(source: Array, lengths: NDArray[np.int_], came_back: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return how many samples of each ramp belong to the way out."""
    if not source.shape[1]:
        return lengths.astype(np.intp)
    recorded = np.arange(source.shape[1]) < lengths[:, None]
    size = np.where(recorded & np.isfinite(source), np.abs(source), -1.0)
    turns = source.shape[1] - size[:, ::-1].argmax(axis=1)
    return np.where(came_back, np.minimum(turns, lengths), lengths).astype(np.intp)


def values_at(image: Image | None, channel: str, places: Array) -> Array:
    """Return |value| of the map's `channel` at `places` (m, shape (n, 2)); mean of 3 x 3 pixels, NaN where unknown."""
    values = None if image is None else getattr(image, channel)
    if image is None or values is None:
        return np.full(len(places), np.nan)
    pixels = to_pixels(image.frame, values.shape, places)
    shifts = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(-1, 2)
    around = pixels[:, None, :] + shifts
    inside = ((around >= 0) & (around < np.array(values.shape))).all(axis=2)
    held = np.where(inside[..., None], around, 0)
    near = np.where(inside, values[held[..., 0], held[..., 1]], np.nan)
    known = np.isfinite(near)
    mean = np.where(known, near, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known.any(axis=1) & inside[:, 4], np.abs(mean), np.nan)


def summary_of(run: RunData) -> tuple[SummaryRow, ...]:
    """Return the summary of a run by kind of site (see `summarise`); the kinds come from the run's own map."""
    sites = sites_of(map_image(run))
    kinds = kinds_of_points(run.points, sites)
    known = sites is not None or "site" in run.points
    return summarise(verdicts_of(run.points), kinds if known else None)
