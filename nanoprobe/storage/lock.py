"""The operating system's lock on a run: held by the one writer, gone with its process whatever ended it.

A process made by a bare `fork` shares its parent's lock; start helpers with `subprocess` (they do not inherit it).
"""

import os
import sys
import time
from pathlib import Path
from types import TracebackType

from nanoprobe.errors import StorageError

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


PATIENCE = 0.5
"""How long (s) to go on trying: somebody who only looks (`is_locked`) holds the lock for microseconds."""


class RunLock:
    """The lock in file `path`, taken by the constructor. Raises StorageError when another writer has it."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + PATIENCE
        while not _taken(self._descriptor):
            if time.monotonic() > deadline:
                self.release()
                raise StorageError(f"{path.parents[2]} is being written by another process: stop that one first")
            time.sleep(0.01)

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Say whether a writer holds the lock in file `path`; a missing file is not locked. Writes nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        _take(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    return True
