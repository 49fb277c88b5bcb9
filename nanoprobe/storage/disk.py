"""Writing to disk so that it stays there: synced files and folders, replacement in one step, and links refused."""

import os
import tempfile
from pathlib import Path

from nanoprobe.errors import BadInput, StorageError


def sync_descriptor(descriptor: int) -> None:
    """Wait until the device holds what was written to an open file (its length included)."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the device holds the names in `folder`. Windows has no such call and keeps names by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until the device holds every file and name below `folder`."""
    for parent, _, names in os.walk(folder):
        for name in names:
            _sync_file(Path(parent, name))
        sync_folder(Path(parent))


def _sync_file(path: Path) -> None:
    # Windows flushes only through a handle that may write.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes, staging: Path) -> None:
    """Put `content` at `path` in one step: readers see the old file or the new one.

    The new file grows in `staging` (same disk), since a stray name in a Zarr group makes its readers warn.
    """
    fresh = staging / f"{path.name}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
    try:
        write_all(descriptor, content)
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)
    os.replace(fresh, path)
    sync_folder(path.parent)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`; an operating system may take a part of it at a time (a disk about to be full does)."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def refuse_links(folder: Path) -> None:
    """Raise StorageError when anything below `folder` is a link: a run from elsewhere must not lead out of itself."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if os.path.islink(place := os.path.join(parent, name)):
                raise StorageError(f"{place} is a link; a run holds plain files only, so it was not opened")


def check_new(path: Path) -> None:
    """Raise BadInput unless a new folder could be made at `path`."""
    if os.path.lexists(path):
        raise BadInput(f"{path} exists already: choose another place for the run, or move that one away")
    if not path.parent.is_dir():
        raise BadInput(f"{path.parent} is no folder: make it first, or choose another place for the run")


def check_new_file(path: Path) -> None:
    """Raise BadInput unless a new file could be made at `path`."""
    if path.exists():
        raise BadInput(f"{path} exists; choose another name, nothing was changed")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{path}: its folder does not exist")


def check_place(path: Path) -> None:
    """Raise BadInput unless a new folder can be made at `path`; makes one beside it for a moment."""
    check_new(path)
    try:
        # Only trying tells: permissions say nothing to an administrator or on a disk that is mounted read-only.
        os.rmdir(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise BadInput(f"{path.parent} cannot be written ({reason(error)}): choose another place for the run") from None


def reason(error: OSError) -> str:
    """Return the operating system's own words about `error`."""
    return error.strerror or str(error)
