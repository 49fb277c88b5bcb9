"""A run as a file for another program."""

from collections.abc import Callable
from pathlib import Path

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.interchange.csv_file import write_csv
from nanoprobe.interchange.gwy import write_gwy
from nanoprobe.interchange.netcdf import write_h5
from nanoprobe.storage import Run
from nanoprobe.storage.disk import check_new_file

KINDS = ("csv", "gwy", "h5")


def export_run(run: Run, kind: str, path: Path) -> list[Path]:
    """Write `run` as `kind` (csv, gwy or h5) to `path` and return the files written.

    Nothing is overwritten. Raises BadInput for another kind, an existing file, a missing folder, or a run without what the
    kind can hold; StorageError when the disk refuses.
    """
    writers: dict[str, Callable[[Run, Path], list[Path] | None]] = {"csv": write_csv, "gwy": write_gwy, "h5": write_h5}
    if kind not in writers:
        raise BadInput(f"a run is exported as {', '.join(KINDS)}, not as '{kind}'")
    check_new_file(path)
    try:
        return writers[kind](run, path) or [path]
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror or error}") from error
