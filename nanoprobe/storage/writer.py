"""The one writer of a run: each record is in the journal, synced, when `record` returns; Zarr follows behind."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.records import Note, PointState, Samples
from nanoprobe.storage.attrs import root_attrs
from nanoprobe.storage.disk import check_new, reason, sync_folder, sync_tree
from nanoprobe.storage.header import Finished, Resumed, RunHeader
from nanoprobe.storage.journal import Journal
from nanoprobe.storage.kinds import Record, encode
from nanoprobe.storage.ledger import Ledger
from nanoprobe.storage.lock import RunLock
from nanoprobe.storage.places import JOURNAL, LOCK, RECORDS
from nanoprobe.storage.scan import scan_journal
from nanoprobe.storage.sealing import close_view, sweep
from nanoprobe.storage.tailer import Tailer
from nanoprobe.storage.tree import Tree, plant

FLUSH_AFTER = 5.0
"""Age (s) at which chunks that are not full yet become visible to other programs."""

Clock = Callable[[], float]


class RunWriter:
    """Writes one run; made by `create` or `reopen`. All methods but `record` belong to one thread, the run's.

    Use as a context manager, or call `finish`: what is left without it reads as interrupted.
    """

    def __init__(
        self, path: Path, lock: RunLock, journal: Journal, ledger: Ledger, flush_after: float, now: Clock
    ) -> None:
        self.path = path
        self._lock = lock
        self._journal = journal
        self._ledger = ledger
        self._now = now
        self._tailer = Tailer(path, journal.end, flush_after)
        self._open = True
        # Who makes the bench safe notes what failed while the run thread may still store: two at once would spoil the journal.
        self._one_at_a_time = threading.Lock()

    @classmethod
    def create(
        cls, path: Path, header: RunHeader, *, flush_after: float = FLUSH_AFTER, now: Clock = time.time
    ) -> "RunWriter":
        """Begin a run at `path`, which appears there whole or not at all.

        `now`: wall clock, s since 1970. Raises BadInput when the path exists or its folder does not; StorageError when
        the disk refuses.
        """
        path = Path(os.path.abspath(path))
        check_new(path)
        try:
            _plant(path, header, now())
        except OSError as error:
            raise StorageError(f"{path} could not be made: {reason(error)}. Nothing was stored yet") from error
        return cls._take(path, flush_after, now)

    @classmethod
    def reopen(cls, path: Path, *, flush_after: float = FLUSH_AFTER, now: Clock = time.time) -> "RunWriter":
        """Go on with a run that was not finished: interrupted, aborted or failed, and not sealed.

        Points that were begun and never done are interrupted for good. Raises BadInput for what is no such run,
        StorageError when it is being written or the disk refuses.
        """
        path = Path(os.path.abspath(path))
        _require_journal(path, "resumed")
        return cls._resumed(cls._take(path, flush_after, now, resume=True))

    @classmethod
    def seal(cls, path: Path, *, interrupted: bool = False) -> None:
        """Turn a run that has ended into plain Zarr: arrays completed, compared with the journal, journal removed.

        It cannot be resumed then. With `interrupted` a run whose writer died is ended as interrupted first. A sealed
        run is left as it is. Raises BadInput when the run has not ended, StorageError as `finish` does.
        """
        path = Path(os.path.abspath(path))
        if (path / JOURNAL).exists() and not Tree(path).attrs.get("sealed"):
            cls._seal(cls._take(path, FLUSH_AFTER, time.time), interrupted)
        sweep(path)

    @classmethod
    def note(cls, path: Path, text: str) -> None:
        """Add a line to the log of a run whose writer is gone, without resuming it: its status stays as it is.

        Raises BadInput for what is no run or is sealed, StorageError when it is being written or the disk refuses.
        """
        path = Path(os.path.abspath(path))
        _require_journal(path, "noted in")
        with cls._take(path, FLUSH_AFTER, time.time) as writer:
            writer.record(Note(text))

    def _seal(self, interrupted: bool) -> None:
        with self:
            if self._ledger.finished is None:
                if not interrupted:
                    raise BadInput(f"{self.path} is interrupted: resume it, or seal it as interrupted on purpose")
                self._commit(Finished("interrupted"))
            self._complete(drop_journal=True)

    @classmethod
    def _take(cls, path: Path, flush_after: float, now: Clock, *, resume: bool = False) -> "RunWriter":
        """Lock the run, read what it holds and open its journal behind the last good record."""
        lock = None
        try:
            lock = RunLock(path / LOCK)
            scanned = scan_journal(path / JOURNAL)
            if resume:
                _require_unfinished(path, scanned.ledger)
                Tree(path).set_attrs(status="running", reason="", ended=None)
            journal = Journal.reopen(path / JOURNAL, scanned.end, scanned.sequence)
            return cls(path, lock, journal, scanned.ledger, flush_after, now)
        except BaseException as error:
            if lock is not None:
                lock.release()
            if isinstance(error, OSError):
                raise StorageError(f"{path} cannot be written: {reason(error)}") from error
            raise

    def _resumed(self) -> "RunWriter":
        try:
            self._commit(Resumed())
        except StorageError:
            self.close()
            raise
        return self

    @property
    def completed(self) -> frozenset[int]:
        """Points that are not to be ramped again: begun, done, failed or interrupted."""
        states = [state for state in PointState if state is not PointState.PLANNED]
        return self._ledger.points_in(*states)

    @property
    def frames_done(self) -> frozenset[int]:
        """Frames with every line measured."""
        return frozenset(index for index, entry in enumerate(self._ledger.frames) if entry.done)

    @property
    def next_frame(self) -> int:
        """The first index no frame was begun with."""
        return len(self._ledger.frames)

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows committed of each table begun."""
        return {name: entry.rows for name, entry in self._ledger.tables.items()}

    def attempts(self, point: int) -> int:
        """Return how many times a point was begun."""
        attempt = self._ledger.table["attempt"][point]
        return int(attempt) if attempt >= 1 else 0

    def record(self, record: Record) -> None:
        """Store one record, from any thread; when this returns it survives a power cut (Samples: a killed process).

        Raises BadInput for a record that cannot belong to the run (nothing is stored) and StorageError when the disk
        refuses: it says what is safe. When the thread that writes Zarr has failed, the record is still stored in the
        journal, and StorageError tells of the failure.
        """
        with self._one_at_a_time:
            self._ledger.check(record)
            if self._ledger.is_known(record):
                return
            self._commit(record)
        if self._tailer.failure is not None:
            raise self._view_failed(self._tailer.failure)

    def _commit(self, record: Record) -> None:
        at = self._now()
        payload = encode(record, at)
        try:
            offset = self._journal.append(payload, sync=not isinstance(record, Samples))
        except OSError as error:
            raise StorageError(
                f"{self.path} could not take this {type(record).__name__}: {reason(error)}. {self._safe()}"
            ) from error
        self._ledger.apply(offset, at, record)
        self._tailer.announce(self._journal.end)

    def _safe(self) -> str:
        points = len(self._ledger.points_in(PointState.DONE, PointState.FAILED))
        lines = sum(len(entry.lines) for entry in self._ledger.frames)
        rows = "".join(f", {rows} rows of table {name}" for name, rows in self.rows.items())
        return (
            f"Safe on disk are {points} points and {lines} image lines{rows} committed before;"
            f" free the disk, then `nanoprobe resume {self.path}`"
        )

    def _view_failed(self, failure: BaseException) -> StorageError:
        cause = reason(failure) if isinstance(failure, OSError) else f"{type(failure).__name__}: {failure}"
        error = StorageError(f"the arrays of {self.path} could not be written: {cause}. {self._safe()}")
        error.__cause__ = failure
        return error

    def finish(self, status: str, reason: str = "") -> None:
        """End the run as "finished", "aborted", "failed" or "interrupted", and give it free.

        A finished run is sealed: the arrays are read back, compared with the journal, and only then the journal goes.
        Any other run keeps its journal, so that it can be resumed. Raises StorageError when that could not be done; the
        lock is given back whatever happens.
        """
        end = Finished(status, reason)
        try:
            with self._one_at_a_time:
                self._ledger.check(end)
                self._commit(end)
            self._complete(drop_journal=status == "finished")
        finally:
            self.close()
        sweep(self.path)

    def _complete(self, *, drop_journal: bool) -> None:
        self._tailer.drain()
        if self._tailer.failure is not None:
            raise self._view_failed(self._tailer.failure)
        self._journal.close()
        close_view(self.path, drop_journal=drop_journal)

    def close(self) -> None:
        """Let go without an end: the run reads as interrupted. A second call does nothing."""
        if self._open:
            self._open = False
            self._tailer.drain()
            self._journal.close()
            self._lock.release()

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


def _require_journal(path: Path, what: str) -> None:
    if not (path / JOURNAL).exists() or Tree(path).attrs.get("sealed"):
        raise BadInput(f"{path} cannot be {what}: it is no run, or it is sealed already")


def _require_unfinished(path: Path, ledger: Ledger) -> None:
    if ledger.finished is not None and ledger.finished.status == "finished":
        raise BadInput(f"{path} is finished: there is nothing to resume")


def _plant(path: Path, header: RunHeader, at: float) -> None:
    """Make the run beside `path` and rename it into place."""
    attrs = root_attrs(header)
    staged = path.parent / f".{path.name}.{os.getpid()}.new"
    staged.mkdir()
    try:
        plant(staged, attrs)
        journal = Journal.create(staged / JOURNAL)
        try:
            journal.append(encode(header, at), sync=True)
        finally:
            journal.close()
        (staged / LOCK).touch()
        sync_tree(staged / RECORDS)
        os.replace(staged, path)
        sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
