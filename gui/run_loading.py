"""A stored run as the map and the ramp view take it. Called in the reading thread; channels are read when first shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gui.map_frames import MapFrame
from gui.map_points import MapPoints
from gui.ramp_model import Ramp, read_ramp
from gui.table_loading import load_table
from gui.table_model import LiveTable
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.storage import Run, open_run

if TYPE_CHECKING:
    import xarray as xr

_FIRST = frozenset({"current", "predicted_trigger"})
"""Channels that are looked at before others."""


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A run's images (`channel` of the last map already read), points, tables, and what it says of itself."""

    path: Path
    frames: list[MapFrame]
    points: MapPoints
    tables: dict[str, LiveTable]
    simulated: bool
    status: str


def load_run(path: Path, channel: str = "current") -> LoadedRun:
    """Read a run for the map. Raises BadInput and StorageError as `open_run`."""
    with open_run(path) as run:
        frames = [_frame(run, index, dataset) for index, dataset in enumerate(run.frames)]
        points = MapPoints()
        points.load(run)
        maps = [frame for frame in frames if frame.purpose == "map"] or frames
        if maps:
            chosen = channel if channel in maps[-1].channels else maps[-1].channels[0]
            _read(run, maps[-1], chosen)
        tables = {name: load_table(dataset) for name, dataset in run.tables.items()}
        return LoadedRun(path, frames, points, tables, run.simulated, run.status)


def load_points(path: Path) -> MapPoints:
    """Read the points of a stored run. Raises BadInput and StorageError as `open_run`, BadInput where it has none."""
    with open_run(path) as run:
        points = MapPoints()
        points.load(run)
    if not len(points):
        raise BadInput(f"{path.name} has no points to lay over the map")
    return points


def load_channel(frame: MapFrame, channel: str) -> MapFrame:
    """Read one channel of an image of a stored run into `frame`."""
    with open_run(frame.run) as run:
        _read(run, frame, channel)
    return frame


def load_ramp(path: Path, point: int) -> Ramp | None:
    """Read one ramp of a stored run."""
    with open_run(path) as run:
        return read_ramp(run, point)


def _frame(run: Run, index: int, dataset: "xr.Dataset") -> MapFrame:
    attrs = dataset.attrs
    channels = [str(name) for name, found in dataset.data_vars.items() if found.dims == ("direction", "y", "x")]
    channels.sort(key=lambda name: name not in _FIRST)
    return MapFrame(
        run=run.path,
        index=index,
        frame=Frame(
            x=float(attrs["centre_x"]),
            y=float(attrs["centre_y"]),
            width=float(attrs["width"]),
            height=float(attrs["height_of_frame"]),
            angle=float(attrs["angle"]),
        ),
        shape=(dataset.sizes["y"], dataset.sizes["x"]),
        units={name: str(dataset[name].attrs.get("units", "")) for name in channels},
        purpose=str(attrs["purpose"]),
        simulated=run.simulated,
    )


def _read(run: Run, frame: MapFrame, channel: str) -> None:
    dataset = run.frames[frame.index]
    values = np.asarray(dataset[channel].values, dtype=np.float32)
    frame.fill(channel, values, np.asarray(dataset["line_state"].values) > 0)
