"""Tables for a spreadsheet (.csv): SI units in the headings, the run's origin in the first line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanoprobe.errors import BadInput
from nanoprobe.storage import Run

_SERIES = ("time", "bias", "bias_source", "current")
Rows = Iterator[Sequence[Any]]


def write_csv(run: Run, path: Path) -> list[Path]:
    """Write a run's first table to `path`, each further one beside it with its name behind, and return the files.

    Points, ramps (a sample a row), contact checks, every table of the run, maps (a line a row; images taken for drift are left
    to gwy and h5). Raises BadInput where the
    run holds none of them.
    """
    written: list[Path] = []
    for name, headings, rows in _tables(run):
        target = path if not written else path.with_name(f"{path.stem}-{name}{path.suffix}")
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_origin(run, name))
            writer.writerow(headings)
            writer.writerows(rows)
        written.append(target)
    if not written:
        raise BadInput("this run holds no point, image or table yet")
    return written


def _origin(run: Run, name: str) -> list[str]:
    marks = ["SIMULATED: no real sample"] if run.simulated else []
    head = run.header
    return [f"# {name}", f"procedure {head.procedure}", f"sample {head.sample}", f"started {head.started}", *marks]


def _tables(run: Run) -> Iterator[tuple[str, list[str], Rows]]:
    if run.points_planned:
        yield ("points", *_columns(run.points, "point"))
        yield "ramps", ["point", *(_heading(run.ramps, name) for name in _SERIES)], _samples(run.ramps)
    if run.checks.sizes["check"]:
        yield ("checks", *_columns(run.checks, "check"))
    for name, table in run.tables.items():
        yield (name, *_columns(table, str(next(iter(table.sizes)))))
    for number, frame in enumerate(run.frames):
        if frame.attrs.get("purpose") == "map":
            yield from _images(frame, number)


def _heading(data: xr.Dataset, name: str) -> str:
    return f"{name} ({data[name].attrs.get('units', '1')})"


def _columns(data: xr.Dataset, dim: str) -> tuple[list[str], Rows]:
    """Return headings and rows of what has a number for each of `dim`; an inner dimension becomes a column for each place."""
    names = [str(name) for name in (*data.coords, *data.data_vars) if data[name].dims[:1] == (dim,) and name != dim]
    columns = {heading: column for name in names for heading, column in _spread(data, name)}
    values = list(columns.values())
    rows = ([number, *(column[number] for column in values)] for number in range(data.sizes[dim]))
    return [dim, *columns], rows


def _spread(data: xr.Dataset, name: str) -> Iterator[tuple[str, Any]]:
    values, heading = data[name].values, _heading(data, name)
    parts = [("re ", values.real), ("im ", values.imag)] if np.iscomplexobj(values) else [("", values)]
    for part, numbers in parts:
        if numbers.ndim == 1:
            yield f"{part}{heading}", numbers
            continue
        for place, column in enumerate(numbers.reshape(len(numbers), -1).T):
            yield f"{part}{heading} [{place}]", column


def _samples(ramps: xr.Dataset) -> Rows:
    for point in range(ramps.sizes["point"]):
        one = ramps.isel(point=point)
        count = int(one["n_samples"])
        series = [one[name].values[:count].tolist() for name in _SERIES]
        yield from ([point, *sample] for sample in zip(*series, strict=True))


def _images(frame: xr.Dataset, number: int) -> Iterator[tuple[str, list[str], Rows]]:
    across = [repr(float(x)) for x in frame["x"].values]
    for name in frame.data_vars:
        if frame[name].dims != ("direction", "y", "x"):
            continue
        for way, values in zip(("trace", "retrace"), frame[name].values, strict=True):
            lines = zip(frame["y"].values, values, strict=True)
            title = f"frame{number}-{name}-{way}"
            yield title, [f"y (m) \\ x (m): {_heading(frame, str(name))}", *across], ([y, *line] for y, line in lines)
