"""When a run can take no more: its last samples put somewhere else on this computer, and read back from there."""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from nanoprobe.errors import StorageError
from nanoprobe.records import RampDone, Samples, TableRows
from nanoprobe.storage.disk import reason
from nanoprobe.storage.journal import Journal, frames
from nanoprobe.storage.kinds import Record, decode, encode

Kept = Samples | RampDone | TableRows


def rescue(path: Path, samples: Kept | Iterable[Kept]) -> Path:
    """Store samples or table rows that the run at `path` could not take in a file of their own, and return its place.

    Tried in turn: beside the run, the home folder, the temporary folder. Raises StorageError when all three refuse.
    """
    records = [samples] if isinstance(samples, Kept) else list(samples)
    refusals: list[str] = []
    for folder in (path.absolute().parent, Path.home(), Path(tempfile.gettempdir())):
        place = folder / f"{path.stem}.rescue-{time.time_ns()}.journal"
        try:
            _write(place, records)
        except OSError as error:
            place.unlink(missing_ok=True)
            refusals.append(f"{folder}: {reason(error)}")
        else:
            return place
    raise StorageError(f"the last samples of {path} could not be stored anywhere ({'; '.join(refusals)})")


def _write(place: Path, records: Iterable[Record]) -> None:
    journal = Journal.create(place)
    try:
        for record in records:
            journal.append(encode(record, time.time()), sync=True)
    finally:
        journal.close()


def read_rescue(place: Path) -> list[Record]:
    """Return what a rescue file holds, in order. Raises StorageError when it is none or damaged."""
    try:
        with place.open("rb") as file:
            return [decode(frame.payload).record for frame in frames(file, file.seek(0, 2))]
    except OSError as error:
        raise StorageError(f"{place} could not be read: {reason(error)}") from error
