"""Files for elsewhere, made from stored runs: tables of points and ramps, and the figure of a run."""

import csv
from pathlib import Path

from nanoprobe.errors import StorageError
from nanoprobe.storage import Run, open_run


def export_csv(path: Path, folder: Path) -> Path:
    """Write `<run>-points.csv` and `<run>-ramps.csv` into `folder`; return the first. Raises StorageError."""
    points_file, ramps_file = (folder / f"{path.stem}-{part}.csv" for part in ("points", "ramps"))
    try:
        with open_run(path) as run:
            _write_points(run, points_file)
            _write_ramps(run, ramps_file)
    except OSError as error:
        raise StorageError(f"{folder}: the tables could not be written: {error.strerror}") from error
    return points_file


def _head(run: Run) -> list[str]:
    marks = ["simulated"] if run.simulated else []
    return [f"# {run.header.procedure}", f"started {run.header.started}", f"sample {run.header.sample}", *marks]


def _write_points(run: Run, target: Path) -> None:
    points = run.points
    names = [str(name) for name in (*points.coords, *points.data_vars) if points[name].dims == ("point",)]
    columns = [points[name].values for name in names]
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_head(run))
        writer.writerow(["point", *(f"{name} ({points[name].attrs.get('units', '1')})" for name in names)])
        writer.writerows([index, *(column[index] for column in columns)] for index in range(points.sizes["point"]))


def _write_ramps(run: Run, target: Path) -> None:
    ramps = run.ramps
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_head(run))
        writer.writerow(["point", "time (s)", "bias (V)", "current (A)"])
        for index in range(ramps.sizes.get("point", 0)):
            one = ramps.isel(point=index)
            count = int(one["n_samples"])
            series = [one[name].values[:count].tolist() for name in ("time", "bias", "current")]
            writer.writerows([index, *sample] for sample in zip(*series, strict=True))


def export_picture(path: Path, folder: Path) -> Path:
    """Draw the figure of a run into `folder` and return it. Raises StorageError."""
    from nanoprobe.analysis.figure import draw_run  # takes half a second, which the start of the app can do without

    with open_run(path) as run:
        return draw_run(run, folder / f"{path.stem}.png", run.header.sample)
