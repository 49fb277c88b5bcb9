"""Stored runs as files for elsewhere. Called in the making thread."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import xarray as xr

from nanoprobe.errors import StorageError
from nanoprobe.storage import Run, open_run

CSV = "Tables (*.csv)"
FORMATS = (CSV,)
"""What may be chosen, as a file dialog shows it."""
Rows = Iterable[list[Any]]


def export_csv(path: Path, base: Path) -> tuple[Path, ...]:
    """Write points, ramps and every table of a run as `<base>-points.csv` and so on; return the files. Raises StorageError."""
    written: list[Path] = []
    try:
        with open_run(path) as run:
            for part, head, rows in _parts(run):
                target = base.with_name(f"{base.name}-{part}.csv")
                _write(target, run, head, rows)
                written.append(target)
    except OSError as error:
        raise StorageError(f"{base.parent}: the tables could not be written: {error.strerror}") from error
    return tuple(written)


def _parts(run: Run) -> Iterator[tuple[str, list[str], Rows]]:
    """Yield name, headings and rows of each file; what a run has none of is left out."""
    if run.points_planned:
        yield "points", *_columns(run.points, "point")
        yield "ramps", ["point", "time (s)", "bias (V)", "current (A)"], _ramp_rows(run.ramps)
    for name, table in run.tables.items():
        yield name, *_columns(table, str(table.attrs["dim"]))


def _columns(dataset: xr.Dataset, dim: str) -> tuple[list[str], Rows]:
    """Return the columns of single numbers: their headings, and a row for each entry along `dim`."""
    names = [str(name) for name, found in dataset.variables.items() if found.dims == (dim,)]
    columns = [dataset[name].values.tolist() for name in names]
    head = [f"{name} ({dataset[name].attrs.get('units', '1')})" for name in names]
    return [dim, *head], ([index, *row] for index, row in enumerate(zip(*columns, strict=True)))


def _ramp_rows(ramps: xr.Dataset) -> Rows:
    for index in range(ramps.sizes.get("point", 0)):
        one = ramps.isel(point=index)
        count = int(one["n_samples"])
        series = [one[name].values[:count].tolist() for name in ("time", "bias", "current")]
        yield from ([index, *sample] for sample in zip(*series, strict=True))


def _write(target: Path, run: Run, head: list[str], rows: Rows) -> None:
    header = run.header
    marks = ["SIMULATED"] if run.simulated else []
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f"# {header.procedure}", f"started {header.started}", f"sample {header.sample}", *marks])
        writer.writerow(head)
        writer.writerows(rows)
