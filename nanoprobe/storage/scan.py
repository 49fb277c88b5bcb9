"""A journal read from its beginning: what it amounts to, and single records again later."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.storage.disk import reason
from nanoprobe.storage.journal import PREAMBLE, Frame, frames, read_frame
from nanoprobe.storage.kinds import Record, Stamped, decode
from nanoprobe.storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a journal amounts to: its `ledger`, the `end` of its last good record, and the number of the next."""

    ledger: Ledger
    end: int
    sequence: int


class JournalReader:
    """An open journal for reading, up to the size it had when it was opened. Threads may share it. Raises StorageError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
            self._size = self._file.seek(0, 2)
        except OSError as error:
            raise StorageError(f"{path} could not be read: {reason(error)}") from error
        self._lock = threading.Lock()

    def grow(self, size: int) -> None:
        """Read on up to `size`, where the journal is known to be good."""
        self._size = size

    def records(self, position: int = len(PREAMBLE), sequence: int = 0) -> Iterator[tuple[Frame, Stamped]]:
        """Yield the records from `position` on, every checksum verified, with the frames they came in."""
        for frame in frames(self._file, self._size, position, sequence):
            yield frame, decode(frame.payload)

    def scan(self) -> Scanned:
        """Read the whole journal; memory for the bookkeeping only."""
        ledger, end, sequence = Ledger(), len(PREAMBLE), 0
        with self._lock:
            for frame, stamped in self.records():
                self._take(ledger, frame.offset, stamped.at, stamped.record)
                end, sequence = frame.end, frame.sequence + 1
        if ledger.header is None:
            raise StorageError(f"{self.path} holds no run: its first record is missing")
        return Scanned(ledger, end, sequence)

    def _take(self, ledger: Ledger, offset: int, at: float, record: Record) -> None:
        try:
            ledger.check(record)
        except BadInput as error:
            raise StorageError(f"{self.path} does not make sense at byte {offset}: {error}") from None
        ledger.apply(offset, at, record)

    def record(self, offset: int) -> Record:
        """Return the record at `offset`."""
        with self._lock:
            frame = read_frame(self._file, offset, self._size)
        if frame is None:
            raise StorageError(f"{self.path} has changed on disk: the record at byte {offset} is not readable any more")
        return decode(frame.payload).record

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def scan_journal(path: Path) -> Scanned:
    """Read a whole journal once. Raises StorageError when it is not there or damaged."""
    reader = JournalReader(path)
    try:
        return reader.scan()
    finally:
        reader.close()
