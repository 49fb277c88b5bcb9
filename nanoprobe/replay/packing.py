"""A run in one file, to be sent: packed with what nobody else is to see left out, and unpacked again for a replay.

What is hidden is replaced by as many asterisks wherever it stands: in the header, the log, the journal, the traffic. So
lengths, and with them the frames of binary protocols, stay right, and the run still replays.
"""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import zarr

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.storage import open_run
from nanoprobe.storage.disk import reason
from nanoprobe.storage.journal import PREAMBLE, frames, pack
from nanoprobe.storage.places import JOURNAL, LOCK, STAGING
from nanoprobe.storage.traffic import TrafficReader, TrafficWriter, traffic_files

SUFFIX = ".zip"
LARGEST = 1 << 32
"""Largest run (bytes, unpacked) that is taken from a packed file."""
_SHORTEST = 3
"""A shorter text would be hidden where it stands by chance."""


def pack_run(run: Path | str, to: Path | str, hide: Sequence[str] = ()) -> dict[str, int]:
    """Pack the run at `run` into the new file `to`. Returns how often each text of `hide` stood in it.

    Raises BadInput for a run that is live or no run, for texts too short, and where `to` exists.
    """
    run, to = Path(run), Path(to)
    if to.exists():
        raise BadInput(f"{to} exists already: choose another name")
    for text in hide:
        if len(text.encode()) < _SHORTEST:
            raise BadInput(f"'{text}' is too short to be hidden: it would be found where it only stands by chance")
    with open_run(run) as opened:
        if opened.status == "running":
            raise BadInput(f"{run} is being written: pack it when the run has ended")
    with tempfile.TemporaryDirectory(prefix="nanoprobe-pack-") as folder:
        copy = Path(folder) / run.name
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns(STAGING.name, LOCK.name))
        found = _hide(copy, [text.encode() for text in hide]) if hide else []
        _zip(copy, to)
    return dict(zip(hide, found, strict=True))


def _zip(folder: Path, to: Path) -> None:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))


class _Hider:
    """Replaces texts by asterisks, and counts."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._texts = texts
        self.counts = [0] * len(texts)

    def __call__(self, content: bytes) -> bytes:
        for index, text in enumerate(self._texts):
            if text in content:
                self.counts[index] += content.count(text)
                content = content.replace(text, b"*" * len(text))
        return content


def _hide(run: Path, texts: Sequence[bytes]) -> list[int]:
    hider = _Hider(texts)
    for path in run.rglob("zarr.json"):
        path.write_bytes(hider(path.read_bytes()))
    for path in traffic_files(run):
        _hide_in_traffic(path, hider)
    if (run / JOURNAL).exists():
        _hide_in_journal(run / JOURNAL, hider)
    for name, node in zarr.open_group(run, mode="r").members(max_depth=None):
        if isinstance(node, zarr.Array) and node.dtype.kind in "TO":
            _hide_in_texts(run / name, hider)
    return hider.counts


def _hide_in_traffic(path: Path, hider: _Hider) -> None:
    reader, fresh = TrafficReader(path), path.with_suffix(".new")
    writer = TrafficWriter(fresh)
    for block in reader.blocks():
        writer.append(hider(block))
    writer.close()
    os.replace(fresh, path)


def _hide_in_journal(path: Path, hider: _Hider) -> None:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        parts = [pack(each.sequence, each.synced, hider(each.payload)) for each in frames(file, size)]
    path.write_bytes(b"".join([PREAMBLE, *parts]))


def _hide_in_texts(path: Path, hider: _Hider) -> None:
    array = zarr.open_array(path, mode="r+")
    texts = [hider(str(text).encode()).decode() for text in np.asarray(array[...]).ravel()]
    array[...] = np.array(texts, dtype=np.dtypes.StringDType()).reshape(array.shape)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give the run at `path` as a folder for the time of the block: as it is, or unpacked where it is a packed file."""
    if path.is_dir() or path.suffix != SUFFIX:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="nanoprobe-unpack-") as folder:
        place = Path(folder) / path.stem
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(info.file_size for info in archive.infolist()) > LARGEST:
                    raise BadInput(f"{path} would unpack to more than {LARGEST >> 30} GiB; it was not unpacked")
                archive.extractall(place)
        except zipfile.BadZipFile as error:
            raise BadInput(f"{path} is no packed run: {error}") from None
        except OSError as error:
            raise StorageError(f"{path} could not be unpacked: {reason(error)}") from error
        yield place
