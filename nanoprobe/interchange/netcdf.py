"""A whole run as one HDF5 file that is NetCDF 4 as well: read by h5py, MATLAB, Igor, Origin and xarray."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanoprobe.storage import Run


def write_h5(run: Run, path: Path) -> None:
    """Write every group of a run with its dimensions, coordinates and units; the run's attributes stand at the root.

    NetCDF knows no complex numbers: they become two arrays, `_re` and `_im`. What is no number or text is JSON.
    """
    xr.Dataset(attrs=_plain(run.attrs)).to_netcdf(path, engine="h5netcdf")
    for name, data in _groups(run):
        _storable(data).to_netcdf(path, mode="a", group=name, engine="h5netcdf")


def _groups(run: Run) -> Iterator[tuple[str, xr.Dataset]]:
    every = {"points": run.points, "ramps": run.ramps, "checks": run.checks, "events": run.events}
    yield from ((name, data) for name, data in every.items() if all(data.sizes.values()))
    yield from run.tables.items()
    yield from ((f"frames/{number}", frame) for number, frame in enumerate(run.frames))


def _storable(data: xr.Dataset) -> xr.Dataset:
    """Return `data` read into memory, without what belongs to the way it was stored."""
    loaded = data.load().drop_encoding()
    for name in [str(name) for name in loaded.variables if np.iscomplexobj(loaded[name].values)]:
        whole = loaded[name]
        loaded = loaded.drop_vars(name).assign({f"{name}_re": whole.real, f"{name}_im": whole.imag})
    for each in loaded.variables:
        if loaded[each].dtype.kind == "T":
            loaded[each] = loaded[each].astype(object)
        loaded[each].attrs = _plain(loaded[each].attrs)
    return loaded.assign_attrs(_plain(loaded.attrs))


def _plain(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): _value(value) for name, value in attrs.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float | str | np.number):
        return value
    flat = isinstance(value, list) and value and all(isinstance(one, int | float) for one in value)
    return value if flat else json.dumps(value, default=str)
