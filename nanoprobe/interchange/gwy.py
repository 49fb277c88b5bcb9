"""Gwyddion files (.gwy), read and written with gwyfile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanoprobe.analysis.of_run import place_of
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.interchange.map_file import MapFile, gather
from nanoprobe.roles import Array
from nanoprobe.storage import Run

_ANGLE, _SIMULATED = "nanoprobe angle (rad)", "nanoprobe simulated"
"""What Gwyddion's fields do not know: it stands in the metadata of each."""


def read_gwy(path: Path) -> MapFile:
    """Return the channels of a Gwyddion file that lie on one frame: the one with most pixels, the first of several.

    Raises BadInput where there is none.
    """
    import gwyfile
    from gwyfile.util import find_datafields

    container = gwyfile.load(str(path))
    fields = [(number, title, container[f"/{number}/data"]) for number, title in sorted(find_datafields(container))]
    if not fields:
        raise BadInput("no image in this Gwyddion file")
    number, _, largest = max(fields, key=lambda one: one[2].data.size)
    # Backwards, so that of several with one title the first counts.
    alike = [one for one in reversed(fields) if _same(one[2], largest)]
    images = {title: (_values(container, n, field), _unit(field)) for n, title, field in alike}
    meta = container.get(f"/{number}/meta", {})
    simulated = meta.get(_SIMULATED) == "True"
    return MapFile(program="Gwyddion", frame=_frame(largest, meta), channels=gather(images), simulated=simulated)


def _same(field: Any, other: Any) -> bool:
    places = ("xreal", "yreal", "xoff", "yoff")
    return field.data.shape == other.data.shape and all(getattr(field, one) == getattr(other, one) for one in places)


def _values(container: Any, number: int, field: Any) -> Array:
    """Return a field's values, lowest row first (Gwyddion's first is the topmost), NaN under its mask."""
    values = np.asarray(field.data, dtype=np.float64)
    mask = container.get(f"/{number}/mask")
    return (values if mask is None else np.where(mask.data > 0, np.nan, values))[::-1]


def _unit(field: Any) -> str:
    unit = field.si_unit_z
    return str(unit.unitstr) or "1" if unit is not None else "1"


def _frame(field: Any, meta: Any) -> Frame:
    width, height = float(field.xreal), float(field.yreal)
    return Frame(
        x=float(field.xoff) + width / 2,
        y=float(field.yoff) + height / 2,
        width=width,
        height=height,
        angle=float(meta.get(_ANGLE, 0.0)),
    )


def write_gwy(run: Run, path: Path) -> None:
    """Write every image of a run, trace and retrace of each channel, with its points as a selection.

    What was not measured stands under a mask. Raises BadInput where the run has no image.
    """
    from gwyfile.objects import GwyContainer

    if not run.frames:
        raise BadInput("a .gwy file holds images, and this run has none; export it as csv or h5")
    container = GwyContainer()
    maps_first = sorted(run.frames, key=lambda frame: frame.attrs.get("purpose") != "map")
    numbered = (one for frame in maps_first for one in _images(frame))
    for number, (title, values, unit, frame) in enumerate(numbered):
        _put(container, number, title, values, unit, place_of(frame))
        container[f"/{number}/meta"] = _meta(run, frame)
        if run.points_planned:
            container[f"/{number}/select/pointer"] = _selection(run.points, place_of(frame))
    container.tofile(str(path))


def _images(frame: xr.Dataset) -> Iterator[tuple[str, Array, str, xr.Dataset]]:
    for name in frame.data_vars:
        if frame[name].dims != ("direction", "y", "x"):
            continue
        for way, values in zip(("trace", "retrace"), frame[name].values, strict=True):
            yield f"{name} {way}", np.asarray(values, dtype=np.float64), str(frame[name].attrs.get("units", "1")), frame


def _put(container: Any, number: int, title: str, values: Array, unit: str, place: Frame) -> None:
    from gwyfile.objects import GwyDataField

    def field(data: Array, z_unit: str) -> Any:
        return GwyDataField(
            np.ascontiguousarray(data[::-1]),
            xreal=place.width,
            yreal=place.height,
            xoff=place.x - place.width / 2,
            yoff=place.y - place.height / 2,
            si_unit_xy="m",
            si_unit_z=z_unit,
        )

    missing = ~np.isfinite(values)
    known = values[~missing]
    filled = np.where(missing, known.mean() if known.size else 0.0, values)
    container[f"/{number}/data"] = field(filled, "" if unit == "1" else unit)
    container[f"/{number}/data/title"] = title
    if missing.any():
        container[f"/{number}/mask"] = field(missing.astype(np.float64), "")


def _meta(run: Run, frame: xr.Dataset) -> Any:
    from gwyfile.objects import GwyContainer

    head = run.header
    said = {
        "sample": head.sample,
        "procedure": head.procedure,
        "started": head.started,
        _SIMULATED: str(head.simulated),
        "sign convention": head.sign_convention,
        "purpose": str(frame.attrs.get("purpose", "map")),
        _ANGLE: repr(float(frame.attrs["angle"])),
    }
    return GwyContainer(said, dict.fromkeys(said, "s"))


def _selection(points: xr.Dataset, place: Frame) -> Any:
    """Return the points as Gwyddion's selection: from the image's upper left corner, y downwards."""
    from gwyfile.objects import GwyObject

    cos, sin = np.cos(place.angle), np.sin(place.angle)
    away = np.column_stack([points["x"].values - place.x, points["y"].values - place.y])
    across, up = (away @ np.array([[cos, -sin], [sin, cos]])).T
    data = np.column_stack([across + place.width / 2, place.height / 2 - up]).ravel()
    return GwyObject("GwySelectionPoint", {"max": len(points["x"]), "data": data}, {"max": "i", "data": "D"})
