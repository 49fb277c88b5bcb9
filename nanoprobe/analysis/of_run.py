"""From an opened run to the inputs of the analysis: its current map, the sites of its points, their verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanoprobe.analysis.levelling import level_plane
from nanoprobe.analysis.sites import Site, Sites, SiteSettings, find_sites
from nanoprobe.analysis.summary import PointVerdicts, SummaryRow, summarise
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
    """One image of a run: where it lies, `current` (A) and `height` (m, levelled), shape (ny, nx); None if not taken."""

    frame: Frame
    current: Array | None = field(repr=False)
    height: Array | None = field(repr=False)


def map_image(run: RunData) -> Image | None:
    """Return the run's (first) image with purpose "map", trace and retrace averaged; None where it has none."""
    for frame in run.frames:
        if frame.attrs.get("purpose", "map") == "map":
            height = _both_ways(frame, "height")
            return Image(place_of(frame), _both_ways(frame, "current"), None if height is None else level_plane(height))
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
    if image is None or image.current is None:
        return None
    try:
        return find_sites(image.current, image.frame, image.height, settings)
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


def summary_of(run: RunData) -> tuple[SummaryRow, ...]:
    """Return the summary of a run by kind of site (see `summarise`); the kinds come from the run's own map."""
    sites = sites_of(map_image(run))
    kinds = kinds_of_points(run.points, sites)
    known = sites is not None or "site" in run.points
    return summarise(verdicts_of(run.points), kinds if known else None)
