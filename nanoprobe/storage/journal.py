"""The journal: an append-only file of framed records, the truth of a live run.

A frame is a 32-byte head (magic, payload length, sequence number, length known to be synced when it was written,
CRC32C of the payload, CRC32C of the head) and the payload. What follows the last good frame is a torn tail: it was
never promised, and is dropped. Bad bytes *before* a good frame that knew them to be synced are damage: refused.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from nanoprobe.errors import StorageError
from nanoprobe.storage.disk import sync_descriptor, sync_folder, write_all

PREAMBLE = b"nanoprobe-journal/1\n".ljust(32, b"\0")
MAGIC = b"NPJ1"
LARGEST = 1 << 28
"""Largest payload (bytes): a length beyond it is damage, never a wish for memory."""

_HEAD = struct.Struct("<4sIQQII")
_CRC = struct.Struct("<I")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Frame:
    """A good frame: `offset` of its first byte, `end` behind its last, `sequence` from 0, and its `payload`."""

    offset: int
    end: int
    sequence: int
    synced: int
    payload: bytes


def pack(sequence: int, synced: int, payload: bytes) -> bytes:
    """Return the bytes of one frame."""
    head = _HEAD.pack(MAGIC, len(payload), sequence, synced, _crc(payload), 0)[: -_CRC.size]
    return b"".join([head, _CRC.pack(_crc(head)), payload])


def read_frame(file: BinaryIO, offset: int, size: int) -> Frame | None:
    """Return the frame at `offset` of a journal `size` bytes long, or None where there is no good one."""
    file.seek(offset)
    head = file.read(_HEAD.size) if offset + _HEAD.size <= size else b""
    if len(head) < _HEAD.size:
        return None
    magic, length, sequence, synced, payload_crc, head_crc = _HEAD.unpack(head)
    end = offset + _HEAD.size + length
    if magic != MAGIC or head_crc != _crc(head[: -_CRC.size]) or length > LARGEST or end > size:
        return None
    payload = file.read(length)
    if len(payload) < length or _crc(payload) != payload_crc:
        return None
    return Frame(offset, end, sequence, synced, payload)


def frames(file: BinaryIO, size: int, start: int = len(PREAMBLE), sequence: int = 0) -> Iterator[Frame]:
    """Yield the good frames of the first `size` bytes from offset `start`, whose number is `sequence`; stop at a torn tail.

    Raises StorageError when the file is no journal, or for damage before good frames. A journal that is being written
    may be read too: pass its size as seen once at the beginning.
    """
    _check_preamble(file, size)
    offset = start
    while (frame := read_frame(file, offset, size)) is not None and frame.sequence == sequence:
        yield frame
        offset, sequence = frame.end, sequence + 1
    _refuse_damage(file, offset, size, sequence)


def _check_preamble(file: BinaryIO, size: int) -> None:
    file.seek(0)
    if size < len(PREAMBLE) or file.read(len(PREAMBLE)) != PREAMBLE:
        raise StorageError(f"{file.name} is no journal of a run, or its first bytes are damaged")


def _refuse_damage(file: BinaryIO, offset: int, size: int, sequence: int) -> None:
    """Raise StorageError when a good frame behind `offset` knows the bytes at `offset` to have been synced."""
    for candidate in magics(file, offset, size):
        frame = read_frame(file, candidate, size)
        if frame is not None and frame.sequence >= sequence and frame.synced > offset:
            raise StorageError(
                f"{file.name} is damaged at byte {offset}: record {sequence} is bad, yet record {frame.sequence} behind"
                " it is good. Nothing was changed; restore the file from a copy, or read the arrays of the run with"
                " xarray as they are"
            )


def magics(file: BinaryIO, offset: int, size: int) -> Iterator[int]:
    """Yield where a frame could begin at or behind `offset`, reading a block at a time."""
    while offset < size:
        file.seek(offset)
        block = file.read(min(_BLOCK, size - offset))
        found = block.find(MAGIC)
        while found >= 0:
            yield offset + found
            found = block.find(MAGIC, found + 1)
        if offset + len(block) >= size or not block:
            return
        offset += len(block) - len(MAGIC) + 1


def _crc(data: bytes) -> int:
    return int(google_crc32c.value(data))


class Journal:
    """The open journal of a writer. Used from one thread.

    `end`: offset behind the last good frame; `failure`: what broke it, after which nothing more is written.
    """

    def __init__(self, path: Path, descriptor: int, end: int, sequence: int) -> None:
        self.path = path
        self.end = end
        self.failure: OSError | None = None
        self._sequence = sequence
        self._synced = end
        self._descriptor: int | None = descriptor

    @classmethod
    def create(cls, path: Path) -> "Journal":
        """Make an empty journal at `path`, on the device when this returns. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        try:
            write_all(descriptor, PREAMBLE)
            sync_descriptor(descriptor)
            sync_folder(path.parent)
        except OSError:
            os.close(descriptor)
            raise
        return cls(path, descriptor, len(PREAMBLE), 0)

    @classmethod
    def reopen(cls, path: Path, end: int, sequence: int) -> "Journal":
        """Go on with a journal behind its last good frame (`end`, number `sequence` next); cut off the torn tail."""
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            sync_descriptor(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        return cls(path, descriptor, end, sequence)

    def append(self, payload: bytes, *, sync: bool) -> int:
        """Write one record and return its offset; with `sync` it is on the device when this returns.

        Raises OSError when the disk refuses. The records before are whole then, and the journal takes no more:
        after a failed sync nobody knows which bytes arrived.
        """
        if self.failure is not None or self._descriptor is None:
            raise OSError(None, f"the journal takes no more records ({self.failure or 'closed'})")
        offset = self.end
        try:
            content = pack(self._sequence, self._synced, payload)
            write_all(self._descriptor, content)
            if sync:
                sync_descriptor(self._descriptor)
        except OSError as error:
            self.failure = error
            self._cut(offset)
            raise
        self.end = offset + len(content)
        self._sequence += 1
        if sync:
            self._synced = self.end
        return offset

    def _cut(self, end: int) -> None:
        """Take a half-written frame off again; where the disk refuses that too it stays as a torn tail."""
        if self._descriptor is not None:
            try:
                os.ftruncate(self._descriptor, end)
            except OSError as error:
                self.failure = self.failure or error

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
