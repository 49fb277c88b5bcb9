"""Files of recorded traffic inside a run: compressed blocks, each framed like a record of the journal.

They lie in the folder of an empty array, since Zarr looks into groups only, and stay when the run is sealed. A block
whose frame is torn or damaged ends what can be used; what lies behind it is counted, not read.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from numcodecs import zstd

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.storage.disk import reason, sync_descriptor, sync_folder, write_all
from nanoprobe.storage.journal import magics, pack, read_frame
from nanoprobe.storage.places import STAGING

WIRE_GROUP = "wire"
"""Holds the recordings of a run, where there are any."""
TRAFFIC = Path(WIRE_GROUP, "traffic")
SUFFIX = ".wire"
PREAMBLE = b"nanoprobe-wire/1\n".ljust(32, b"\0")
LEVEL = 3
"""Of Zstandard: a sixth smaller than level 1 on this traffic, at a cost that does not show."""
LARGEST_BLOCK = 1 << 26
"""A block that unpacks to more (bytes) is refused: what is written here is far smaller."""
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class TrafficWriter:
    """One open file of traffic. Used by one thread. Raises OSError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._sequence = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o644)
        write_all(self._descriptor, PREAMBLE)
        sync_folder(path.parent)

    @classmethod
    def of_run(cls, run: Path) -> "TrafficWriter":
        """Begin the next file of the run at `run`."""
        _plant(run)
        return cls(run / TRAFFIC / f"{len(traffic_files(run))}{SUFFIX}")

    def append(self, block: bytes) -> None:
        """Write a block."""
        write_all(self._descriptor, pack(self._sequence, 0, zstd.compress(block, LEVEL)))
        self._sequence += 1

    def sync(self) -> None:
        """Return when the device holds every block."""
        sync_descriptor(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _plant(run: Path) -> None:
    """Make the place of traffic in a run, whole in one step, unless it is there."""
    if (run / WIRE_GROUP).exists():
        return
    from nanoprobe.storage.tree import plant_group  # here: it brings Zarr, and every driver brings this module

    staging = run / STAGING / WIRE_GROUP
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    plant_group(staging / "group", "traffic", "recordings of the wire traffic lie in this folder", staging)
    os.replace(staging / "group", run / WIRE_GROUP)
    sync_folder(run)


def traffic_files(run: Path) -> list[Path]:
    """Return the files of traffic in a run in the order they were made: one each time it was started or resumed."""
    return sorted((run / TRAFFIC).glob(f"*{SUFFIX}"), key=lambda place: (len(place.name), place.name))


class TrafficReader:
    """A file of traffic. `trouble` says what is wrong with it, as far as it was read; empty where nothing is.

    Raises BadInput when it is none, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        try:
            with path.open("rb") as file:
                found = file.read(len(PREAMBLE))
        except OSError as error:
            raise StorageError(f"{path} could not be read: {reason(error)}") from error
        if found != PREAMBLE:
            name = found.rstrip(b"\0\n").decode("ascii", "replace")
            raise BadInput(
                f"{path} is no recording this version can read: it begins with {name!r}, not 'nanoprobe-wire/1'"
            )

    def blocks(self) -> Iterator[bytes]:
        """Yield the good blocks up to the first bad one."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            offset, sequence = len(PREAMBLE), 0
            while (frame := read_frame(file, offset, size)) is not None and frame.sequence == sequence:
                try:
                    block = _unpacked(frame.payload)
                except (ValueError, RuntimeError) as error:
                    self.trouble = f"{self.path.name} holds a block at byte {offset} that is none ({error})"
                    return
                yield block
                offset, sequence = frame.end, sequence + 1
            if offset < size:
                good = sum(read_frame(file, place, size) is not None for place in magics(file, offset, size))
                behind = f"; {good} good blocks behind it are not used" if good else ""
                self.trouble = f"{self.path.name} is damaged or cut off at byte {offset} of {size}{behind}"


def _unpacked(payload: bytes) -> bytes:
    if payload[:4] != _ZSTD_MAGIC:
        raise ValueError("not compressed as this version does")
    block = bytes(zstd.decompress(payload))
    if len(block) > LARGEST_BLOCK:
        raise ValueError(f"{len(block)} bytes in one block")
    return block


def bad_traffic(run: Path) -> list[str]:
    """Return the names of traffic files that are damaged or cut off."""
    bad = []
    for path in traffic_files(run):
        try:
            reader = TrafficReader(path)
            for _ in reader.blocks():
                pass
        except (BadInput, StorageError):
            bad.append(str(path.relative_to(run)))
            continue
        if reader.trouble:
            bad.append(str(path.relative_to(run)))
    return bad
