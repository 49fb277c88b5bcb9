"""An image of an earlier run, as the place where points were picked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates

from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array


@dataclass(frozen=True, slots=True)
class EarlierMap:
    """`height` m and `current` A (None where not taken), trace, shape (lines, pixels), line 0 the lowest."""

    frame: Frame
    height: Array | None = field(repr=False)
    current: Array | None = field(repr=False)

    def cut(self, part: Frame, pixels: int) -> Array:
        """Return the height in `part`, resampled to `pixels` by `pixels`; NaN outside this map, or without a height."""
        if self.height is None:
            return np.full((pixels, pixels), np.nan)
        inside = part.to_scanner(_offsets(part, pixels))
        rows, columns = _pixel(self.frame, inside, self.height.shape)
        # Plain bilinear resampling: the pixels of a map are seldom coarser than those of a patch.
        cut = map_coordinates(self.height, [rows, columns], order=1, mode="constant", cval=np.nan)
        return np.asarray(cut.reshape(pixels, pixels), dtype=np.float64)

    def holds(self, places: Array) -> bool:
        """Say whether all `places` (m, shape (n, 2)) lie in this map."""
        local = _local(self.frame, places)
        return bool(np.all(np.abs(local) <= np.array([self.frame.width, self.frame.height]) / 2))


def read_earlier_map(path: str) -> EarlierMap:
    """Return the newest complete map of a run. Raises BadInput where there is none."""
    # Here, since it loads xarray and zarr, which listing the procedures does not need.
    from nanoprobe.storage import open_run

    with open_run(Path(path)) as run:
        for dataset in reversed(list(run.frames)):
            if (
                dataset.attrs.get("purpose") == "map"
                and "height" in dataset
                and bool((dataset["line_state"] > 0).all())
            ):
                return _from_dataset(dataset)
    raise BadInput(f"run {path} holds no complete map with a height channel to go back to; take a current map first")


def _from_dataset(dataset: Any) -> EarlierMap:
    attrs = dataset.attrs
    frame = Frame(
        x=float(attrs["centre_x"]),
        y=float(attrs["centre_y"]),
        width=float(attrs["width"]),
        height=float(attrs["height_of_frame"]),
        angle=float(attrs["angle"]),
    )
    current = np.asarray(dataset["current"][0], dtype=np.float64) if "current" in dataset else None
    return EarlierMap(frame, np.asarray(dataset["height"][0], dtype=np.float64), current)


def _offsets(frame: Frame, pixels: int) -> Array:
    step = (np.arange(pixels) + 0.5) / pixels - 0.5
    across, up = np.meshgrid(step * frame.width, step * frame.height)
    return np.column_stack([across.ravel(), up.ravel()])


def _local(frame: Frame, places: Array) -> Array:
    """Return places as offsets from the centre along the frame's own axes (m): the inverse of `Frame.to_scanner`."""
    cos, sin = np.cos(frame.angle), np.sin(frame.angle)
    return np.asarray((places - [frame.x, frame.y]) @ np.array([[cos, -sin], [sin, cos]]), dtype=np.float64)


def _pixel(frame: Frame, places: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    local = _local(frame, places)
    rows = (local[:, 1] / frame.height + 0.5) * shape[0] - 0.5
    columns = (local[:, 0] / frame.width + 0.5) * shape[1] - 0.5
    return rows, columns
