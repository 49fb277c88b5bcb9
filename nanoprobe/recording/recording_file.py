"""The recording of a run as it is written: by a thread of its own, behind the run.

A recording must never hold up an instrument. What is said goes into a bounded buffer; where the disk does not keep up
the buffer drops what comes and says how much. What was flushed survives a killed process; it is synced to the device
every few seconds, so a power cut may cost the last traffic, never a result.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from nanoprobe.recording.items import HEAD, NO_SESSION, Item, Kind, pack_items
from nanoprobe.storage.disk import reason
from nanoprobe.storage.traffic import TrafficWriter

_log = logging.getLogger(__name__)

BLOCK = 1 << 18
"""Traffic (bytes) of a block: enough to compress well, little enough to lose."""
WRITE_EVERY = 0.5
"""Longest time traffic stays in memory (s)."""
SYNC_EVERY = 5.0
"""Time between two syncs to the device (s): each one makes the run's own sync wait."""
BUFFER_MOST = 1 << 26
"""Most traffic (bytes) that may wait for the disk."""
FLUSH_TIMEOUT = 10.0
"""Longest time a result waits for the recording of what led to it (s)."""


class Buffer:
    """Items waiting, `most` bytes of them at the most; what comes beyond is dropped and counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: list[Item] = []
        self._dropped = 0
        self._lock = threading.Lock()
        self.size = 0
        """Bytes waiting."""

    def put(self, item: Item) -> None:
        """Take an item."""
        length = HEAD.size + len(item[3])
        with self._lock:
            if self.size + length > self._most:
                self._dropped += length
                return
            if self._dropped:
                self._items.append(Item(item[0], NO_SESSION, Kind.LOST, str(self._dropped).encode()))
                self._dropped = 0
            self.size += length
            self._items.append(item)

    def take(self) -> Sequence[Item]:
        """Return the items, which are gone then."""
        with self._lock:
            found, self._items, self.size = self._items, [], 0
            return found

    def look(self) -> Sequence[Item]:
        """Return the items, which stay."""
        with self._lock:
            return tuple(self._items)


class RecordingFile(Buffer):
    """One recording being written into a run. `trouble` says what is missing in it."""

    def __init__(self, run: Path) -> None:
        super().__init__(BUFFER_MOST)
        self.trouble = ""
        self._run = run
        self._writer: TrafficWriter | None = None
        self._wake = threading.Event()
        self._written = threading.Condition()
        self._asked = self._done = 0
        self._closing = self._writing = False
        self._thread = threading.Thread(target=self._work, name="nanoprobe-recording", daemon=True)

    def start(self) -> None:
        """Make the file and begin to write."""
        try:
            self._writer = TrafficWriter.of_run(self._run)
        except OSError as error:
            self._fail(error)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Take an item; never waits for the disk."""
        super().put(item)
        if self.size >= BLOCK and not self._wake.is_set():
            self._wake.set()

    def flush(self) -> None:
        """Return when everything put so far is written, or after FLUSH_TIMEOUT."""
        if self.trouble or (not self.size and not self._writing):
            return
        with self._written:
            self._asked += 1
            asked = self._asked
            self._wake.set()
            self._written.wait_for(lambda: self._done >= asked, FLUSH_TIMEOUT)

    def close(self) -> None:
        """Write the rest and end."""
        self._closing = True
        self._wake.set()
        self._thread.join(FLUSH_TIMEOUT)
        if self._thread.is_alive():
            self.trouble = self.trouble or "the disk did not take its end in time"

    def _work(self) -> None:
        closing, synced = False, time.monotonic()
        while not closing:
            self._wake.wait(WRITE_EVERY)
            self._wake.clear()
            closing, asked = self._closing, self._asked
            self._writing = True  # before the items leave the buffer: `flush` sees them in one place or the other
            self._write(self.take())
            self._writing = False
            with self._written:
                self._done = asked
                self._written.notify_all()
            if closing or time.monotonic() - synced >= SYNC_EVERY:
                self._sync()
                synced = time.monotonic()
        if self._writer is not None:
            self._writer.close()

    def _write(self, waiting: Sequence[Item]) -> None:
        if self._writer is None or self.trouble:
            return
        try:
            for part in _parts(waiting):
                self._writer.append(pack_items(part))
        except OSError as error:
            self._fail(error)

    def _sync(self) -> None:
        if self._writer is None or self.trouble:
            return
        try:
            self._writer.sync()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.trouble = f"the traffic from {time.strftime('%H:%M:%S')} on could not be written: {reason(error)}"
        _log.warning("the recording of %s ends: %s; the run goes on", self._run, self.trouble)


def _parts(waiting: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut items into parts of about BLOCK bytes."""
    start = size = 0
    for index, item in enumerate(waiting):
        size += HEAD.size + len(item.content)
        if size >= BLOCK:
            yield waiting[start : index + 1]
            start, size = index + 1, 0
    if start < len(waiting):
        yield waiting[start:]
