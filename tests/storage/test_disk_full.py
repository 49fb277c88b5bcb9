"""The disk fills up, or refuses: nothing committed is lost, and the message says what is safe.

A limit on the size of files (RLIMIT_FSIZE) makes the operating system itself refuse writes, half-written ones included.
"""

import random
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from nanoprobe.cli.runs import resume
from nanoprobe.errors import BadInput, StorageError
from nanoprobe.records import PointBegin, PointState
from nanoprobe.storage import RunWriter, open_run, read_rescue, rescue, verify

resource = pytest.importorskip("resource", reason="file size limits are a Unix thing")


@contextmanager
def files_no_larger_than(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def journal_size(path: Path) -> int:
    return (path / "journal/records/journal.bin").stat().st_size


@pytest.mark.parametrize("seed", range(12))
def test_a_full_disk_at_any_byte_of_the_journal_loses_nothing_committed(path, header, layout, ramp, seed):
    writer = RunWriter.create(path, header, flush_after=1e9)
    writer.record(layout)
    committed, room = [], random.Random(seed).randrange(3000)

    def measure():
        for point in range(6):
            writer.record(PointBegin(index=point, x=0.0, y=0.0))
            writer.record(ramp(point))
            committed.append(point)

    with files_no_larger_than(journal_size(path) + room), pytest.raises(StorageError) as caught:
        measure()
    assert f"Safe on disk are {len(committed)} points and 0 image lines committed before" in str(caught.value)
    assert f"free the disk, then `nanoprobe resume {path}`" in str(caught.value)
    with pytest.raises(StorageError, match=r"takes no more records|the arrays of .* could not be written"):
        writer.record(ramp(5))  # the one who writes behind may have met the full disk too, and is heard first
    with pytest.raises(StorageError):
        writer.finish("failed", "disk full")
    with open_run(path) as run:
        assert run.status in ("interrupted", "failed")  # where the journal had room again, it says how the run ended
        assert run.points_committed == len(committed)
    again = RunWriter.reopen(path)
    for point in set(range(6)) - again.completed:
        again.record(ramp(point))
    again.finish("finished")
    with open_run(path) as run:
        for point in committed:
            np.testing.assert_array_equal(run.ramps["current"].values[point], ramp(point).current)
    assert verify(path) == []


def test_when_the_arrays_cannot_be_written_the_next_record_says_so_and_is_safe(path, header, layout, ramp):
    writer = RunWriter.create(path, header, flush_after=1e9)
    (path / "ramps").write_bytes(b"in the way")  # no folder can be made there: the thread that writes Zarr fails
    writer.record(layout)
    writer._tailer.drain()
    with pytest.raises(
        StorageError, match=r"the arrays of .*run\.zarr could not be written: .*Safe on disk are 1 points"
    ):
        writer.record(ramp(0))
    with pytest.raises(StorageError, match="could not be written"):
        writer.finish("finished")
    (path / "ramps").unlink()
    with open_run(path) as run:
        assert (run.status, run.points_committed) == ("finished", 1)
    RunWriter.seal(path)
    assert verify(path) == []


def test_a_full_disk_while_sealing_keeps_the_journal(path, header, layout, ramp):
    writer = RunWriter.create(path, header, flush_after=1e9)
    writer.record(layout)
    writer.record(ramp(0))
    room = journal_size(path) + 200
    with files_no_larger_than(room), pytest.raises(StorageError, match="could not be"):
        writer.finish("finished")
    with open_run(path) as run:
        assert (run.status, run.points_committed) == ("finished", 1)
    assert resume(path) == 0  # as the message told the operator
    with open_run(path) as run:
        assert (run.status, run.sealed) == ("finished", True)


def test_samples_that_found_no_room_are_rescued_and_read_back(tmp_path, ramp):
    place = rescue(tmp_path / "run.zarr", ramp(3))
    assert place.parent == tmp_path
    (found,) = read_rescue(place)
    assert (found.point, found.state) == (3, PointState.DONE)
    np.testing.assert_array_equal(found.current, ramp(3).current)


def test_rescue_goes_elsewhere_when_the_folder_of_the_run_is_gone(tmp_path, ramp, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert rescue(tmp_path / "network drive" / "run.zarr", [ramp(0), ramp(1)]).parent == tmp_path


def test_rescue_that_fails_everywhere_names_every_place(tmp_path, ramp):
    with files_no_larger_than(10), pytest.raises(StorageError, match=r"could not be stored anywhere .*too large"):
        rescue(tmp_path / "run.zarr", ramp(0))
    assert list(tmp_path.iterdir()) == []


def test_a_rescue_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "x.journal").write_bytes(b"hello")
    with pytest.raises(StorageError, match=r"x\.journal is no journal of a run"):
        read_rescue(tmp_path / "x.journal")


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_an_existing_path_is_never_written(tmp_path, header, kind):
    path = tmp_path / "run.zarr"
    {"file": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to("nowhere")}[kind]()
    with pytest.raises(BadInput, match=r"run\.zarr exists already: choose another place for the run"):
        RunWriter.create(path, header)


def test_a_missing_folder_is_named(tmp_path, header):
    with pytest.raises(BadInput, match="typo is no folder: make it first"):
        RunWriter.create(tmp_path / "typo" / "run.zarr", header)


@pytest.mark.skipif(sys.platform != "linux", reason="a folder nobody can write to, root included")
def test_a_folder_that_cannot_be_written_is_named(header):
    with pytest.raises(StorageError, match=r"/proc/run\.zarr could not be made: .*Nothing was stored yet"):
        RunWriter.create(Path("/proc/run.zarr"), header)


def test_a_run_that_could_not_be_made_leaves_nothing_behind(tmp_path, header):
    with files_no_larger_than(100), pytest.raises(StorageError, match="could not be made"):
        RunWriter.create(tmp_path / "run.zarr", header)
    assert list(tmp_path.iterdir()) == []
