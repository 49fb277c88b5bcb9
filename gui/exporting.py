"""Stored runs as files for elsewhere. Called in the making thread."""

from collections.abc import Mapping
from pathlib import Path

from nanoprobe.storage import open_run

FORMATS: Mapping[str, str] = {"Tables (*.csv)": "csv", "Gwyddion (*.gwy)": "gwy", "HDF5 (*.h5)": "h5"}
"""What may be chosen, as a file dialog shows it, and the name of the kind."""


def export_as(kind: str, paths: Mapping[Path, Path]) -> tuple[Path, ...]:
    """Write each run (key) to its file (value), whose ending is made that of `kind`; return the files.

    Raises BadInput and StorageError as `nanoprobe.interchange.exporting.export_run`.
    """
    from nanoprobe.interchange.exporting import export_run  # its libraries take a while, which the start can do without

    written: list[Path] = []
    for path, target in paths.items():
        with open_run(path) as run:
            written += export_run(run, kind, target.with_suffix(f".{kind}"))
    return tuple(written)
