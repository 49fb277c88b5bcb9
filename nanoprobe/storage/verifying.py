"""Checking a run on disk without changing it."""

import os
from pathlib import Path

import numpy as np
import zarr

from nanoprobe.errors import BadInput
from nanoprobe.storage.lock import is_locked
from nanoprobe.storage.places import JOURNAL, LOCK
from nanoprobe.storage.reader import open_run
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.sealing import differences
from nanoprobe.storage.traffic import bad_traffic


def verify(path: str | Path) -> list[str]:
    """Return the names of arrays, and of recordings of traffic, that cannot be trusted; empty when all is well.

    A run with a journal: arrays that do not hold what the journal says (after a crash they lag behind; `open_run` and
    `resume` go by the journal). A sealed run: arrays with a chunk that fails its checksum. Raises BadInput for a run
    that is being written, StorageError when the journal itself is damaged.
    """
    place = Path(os.path.abspath(path))
    with open_run(place) as run:
        if run.sealed:
            return [name for name in _array_names(place) if not _readable(place, name)] + bad_traffic(place)
    if is_locked(place / LOCK):
        raise BadInput(f"{place} is being written: verify it when the run has ended")
    journal = JournalReader(place / JOURNAL)
    try:
        return [*differences(place, journal.scan().ledger, journal), *bad_traffic(place)]
    finally:
        journal.close()


def _array_names(path: Path) -> list[str]:
    return sorted(
        name for name, node in zarr.open_group(path, mode="r").members(max_depth=None) if isinstance(node, zarr.Array)
    )


def _readable(path: Path, name: str) -> bool:
    try:
        array = zarr.open_array(path / name, mode="r")
        for first in range(0, array.shape[0], array.chunks[0]):
            np.asarray(array[first : first + array.chunks[0]])
    except (OSError, ValueError, RuntimeError, KeyError):
        return False
    return True
