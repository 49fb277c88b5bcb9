"""The one thread that writes Zarr: it reads the journal as it grows and materialises behind the acquisition.

The journal file itself is the queue, so nothing waits in memory and the run thread never waits for Zarr.
"""

import threading
import time
from pathlib import Path

from nanoprobe.storage.journal import PREAMBLE
from nanoprobe.storage.materialise import Materialiser
from nanoprobe.storage.places import JOURNAL
from nanoprobe.storage.scan import JournalReader

_DUTY = 10
"""Pause at least this many times as long as the last flush took, so that rewriting part-filled chunks stays cheap."""


class Tailer:
    """Materialises the journal of the run at `path` from its beginning, in a thread of its own.

    `replay_end`: up to here the journal is from an earlier process (no partial flushes while catching up);
    `flush_after`: age (s) at which part-filled chunks are written too. `failure`: what stopped the thread, or None.
    """

    def __init__(self, path: Path, replay_end: int, flush_after: float) -> None:
        self.failure: BaseException | None = None
        self._path = path
        self._replay_end = replay_end
        self._flush_after = flush_after
        self._end = replay_end
        self._stopping = False
        self._changed = threading.Condition()
        # A daemon: a process that dies without `finish` loses nothing, the journal has it all.
        self._thread = threading.Thread(target=self._run, name=f"zarr writer of {path.name}", daemon=True)
        self._thread.start()

    def announce(self, end: int) -> None:
        """Say that the journal is good up to `end`."""
        with self._changed:
            self._end = end
            self._changed.notify()

    def drain(self) -> None:
        """Wait until all that was announced is materialised, and end the thread; a second call does nothing."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            journal = JournalReader(self._path / JOURNAL)
            try:
                self._tail(journal, Materialiser(self._path, journal))
            finally:
                journal.close()
        except BaseException as error:  # handed to the run thread, which raises it
            self.failure = error

    def _tail(self, journal: JournalReader, materialiser: Materialiser) -> None:
        position, sequence, dirty = len(PREAMBLE), 0, False
        due = time.monotonic() + self._flush_after
        while True:
            end, stopping = self._wait(position, due if dirty else None)
            if end > position:
                journal.grow(end)
                position, sequence = _take(journal, materialiser, position, sequence)
                dirty = True
            done = stopping and position >= self._settled_end()
            if done or (dirty and time.monotonic() >= due and position >= self._replay_end):
                due, dirty = self._flush(materialiser), False
            if done:
                return

    def _wait(self, position: int, due: float | None) -> tuple[int, bool]:
        """Wait for more journal, the end of the run, or until `due`; return how far the journal is good, and if it ends."""
        with self._changed:
            pause = None if due is None else max(0.0, due - time.monotonic())
            self._changed.wait_for(lambda: self._end > position or self._stopping, pause)
            return self._end, self._stopping

    def _settled_end(self) -> int:
        with self._changed:
            return self._end

    def _flush(self, materialiser: Materialiser) -> float:
        """Write all that is known and return when the next partial flush may be."""
        begun = time.monotonic()
        materialiser.flush()
        ended = time.monotonic()
        return ended + max(self._flush_after, _DUTY * (ended - begun))


def _take(journal: JournalReader, materialiser: Materialiser, position: int, sequence: int) -> tuple[int, int]:
    """Materialise the records from `position` on; return where and with which number the next one will stand."""
    for frame, stamped in journal.records(position, sequence):
        materialiser.apply(frame.offset, stamped)
        position, sequence = frame.end, frame.sequence + 1
    return position, sequence
