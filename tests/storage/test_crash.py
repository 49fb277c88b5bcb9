"""kill -9 at random instants: the run opens, says interrupted, keeps every committed point and line, and is finished."""

import importlib.util
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.records import PointBegin, PointState, Samples
from nanoprobe.storage import RunWriter, open_run, verify
from nanoprobe.storage.tree import Tree

SCRIPT = Path(__file__).with_name("kill_me.py")
_spec = importlib.util.spec_from_file_location("kill_me", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
kill_me = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kill_me)


def kill_after(path: Path, count: int, pick: random.Random) -> list[list[str]]:
    """Run the writer, kill it shortly after it said `count` things, and return all it said."""
    command = [sys.executable, str(SCRIPT), str(path)]
    root = str(SCRIPT.parents[2])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(count)]
        for _ in range(pick.randrange(20000)):  # an instant of its own, at no line's end
            pass
        process.kill()
        said += process.stdout.readlines()
    return [words.split() for words in said if words.endswith("\n")]


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_a_random_instant_nothing_committed_is_lost(tmp_path, seed):
    path, pick = tmp_path / "run.zarr", random.Random(seed)
    said = kill_after(path, 1 + pick.randrange(250), pick)
    points = [int(words[1]) for words in said if words[0] == "point"]
    begun = [int(words[1]) for words in said if words[0] == "begun"]
    lines = [(int(words[1]), int(words[2])) for words in said if words[0] == "line"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        xr.open_zarr(path, chunks=None)
        for group in zarr.open_group(path, mode="r").group_keys():  # those the root has named
            xr.open_zarr(path, group=group, chunks=None).load()
    with open_run(path) as run:
        assert run.status == "interrupted"
        assert run.points_committed in (len(points), len(points) + 1)
        assert run.lines_committed in (len(lines), len(lines) + 1)
        check(run, points, lines)
        assert not set(begun) - set(np.flatnonzero(run.points["state"] != PointState.PLANNED).tolist())
    with RunWriter.reopen(path, flush_after=0.02) as writer:
        assert writer.completed >= set(begun)
        writer.finish("finished")
    with open_run(path) as run:
        assert run.status == "finished"
        check(run, points, lines)
    assert verify(path) == []


def check(run, points, lines):
    ramps, frames = run.ramps.load(), [frame.load() for frame in run.frames]
    for point in points:
        for name, values in kill_me.series(point, 40).items():
            np.testing.assert_array_equal(ramps[name].values[point], values)
    for frame, line in lines:
        np.testing.assert_array_equal(frames[frame]["current"].values[:, line], kill_me.lines(frame, line)["current"])


def test_a_point_begun_is_kept_interrupted_with_its_samples_and_the_rest_is_measured(path, header, layout, ramp):
    writer = RunWriter.create(path, header)
    writer.record(layout)
    writer.record(PointBegin(index=2, x=0.0, y=0.0))
    part = ramp(2, samples=5)
    for piece in (slice(0, 3), slice(3, 5)):
        series = {name: getattr(part, name)[piece] for name in ("time", "bias", "bias_source", "current")}
        writer.record(Samples(point=2, **series))
    writer.close()
    with open_run(path) as run:
        assert run.points["state"].values[2] == PointState.INTERRUPTED
        np.testing.assert_array_equal(run.ramps["current"].values[2, :5], part.current)
        assert (run.points_planned, run.points_committed) == (6, 0)
    again = RunWriter.reopen(path)
    assert again.completed == {2}
    assert again.attempts(2) == 1
    again.record(layout)
    for point in {0, 1, 3, 4, 5}:
        again.record(PointBegin(index=point, x=0.0, y=0.0))
        again.record(ramp(point))
    again.finish("finished")
    with open_run(path) as run:
        assert run.points["state"].values.tolist() == [2, 2, 4, 2, 2, 2]
        np.testing.assert_array_equal(run.ramps["current"].values[2, :5], part.current)
        assert run.notes == ["resumed", "finished"]


def test_a_torn_last_record_is_dropped_and_overwritten(path, header, layout, ramp):
    with RunWriter.create(path, header) as writer:
        writer.record(layout)
        writer.record(ramp(0))
        size = (path / "journal/records/journal.bin").stat().st_size
        writer.record(ramp(1))
    with (path / "journal/records/journal.bin").open("r+b") as file:
        file.truncate(size + 100)
    with open_run(path) as run:
        assert run.points["state"].values.tolist() == [2, 0, 0, 0, 0, 0]
    again = RunWriter.reopen(path)
    again.record(ramp(1))
    again.finish("finished")
    with open_run(path) as run:
        assert run.points["state"].values.tolist() == [2, 2, 0, 0, 0, 0]


def test_damage_before_good_records_is_refused_and_nothing_is_changed(path, header, layout, ramp):
    with RunWriter.create(path, header) as writer:
        writer.record(layout)
        where = (path / "journal/records/journal.bin").stat().st_size + 50
        writer.record(ramp(0))
        writer.record(ramp(1))
    journal = path / "journal/records/journal.bin"
    content = bytearray(journal.read_bytes())
    content[where] ^= 1
    journal.write_bytes(content)
    for attempt in (open_run, RunWriter.reopen):
        with pytest.raises(
            StorageError, match=r"is damaged at byte .*Nothing was changed; restore the file from a copy"
        ):
            attempt(path)
    assert journal.read_bytes() == bytes(content)


def test_one_writer_at_a_time_and_a_reader_does_not_disturb(path, header, layout):
    with RunWriter.create(path, header) as writer:
        with pytest.raises(StorageError, match=r"run\.zarr is being written by another process"):
            RunWriter.reopen(path)
        with open_run(path) as run:
            assert run.status == "running"
        writer.record(layout)
    with open_run(path) as run:
        assert run.status == "interrupted"


def test_a_lost_mark_of_the_arrays_does_not_hide_what_the_journal_knows(path, header, layout, ramp):
    writer = RunWriter.create(path, header, flush_after=0.0)
    writer.record(layout)
    writer.record(ramp(0))
    writer.close()
    for chunk in (path / "ramps/current/c/0/0", path / "points/state/zarr.json", path / "points/zarr.json"):
        chunk.write_bytes(b"")  # what a power cut leaves of a file that was not synced
    with open_run(path) as run:
        np.testing.assert_array_equal(run.ramps["current"].values[0], ramp(0).current)
    again = RunWriter.reopen(path)
    again.finish("finished")
    assert verify(path) == []
    assert xr.open_zarr(path, group="points", chunks=None)["state"].values.tolist() == [2, 0, 0, 0, 0, 0]


def test_sealing_an_interrupted_run_is_asked_for_by_name(path, header, layout, ramp):
    with RunWriter.create(path, header) as writer:
        writer.record(layout)
        writer.record(ramp(0))
    with pytest.raises(BadInput, match="is interrupted: resume it, or seal it as interrupted on purpose"):
        RunWriter.seal(path)
    RunWriter.seal(path, interrupted=True)
    with open_run(path) as run:
        assert (run.status, run.sealed, run.points_committed) == ("interrupted", True, 1)
    with pytest.raises(BadInput, match="cannot be resumed: it is no run, or it is sealed already"):
        RunWriter.reopen(path)


def test_a_seal_cut_short_after_its_mark_is_still_sealed(path, header, layout, ramp):
    writer = RunWriter.create(path, header)
    writer.record(layout)
    writer.finish("aborted")
    Tree(path).set_attrs(sealed=True)
    with open_run(path) as run:
        assert (run.sealed, run.status, run.points_planned) == (True, "aborted", 6)
    RunWriter.seal(path)
    assert not (path / "journal").exists()
    assert verify(path) == []


def test_a_note_from_outside_is_added_without_resuming(path, header, layout, ramp):
    with RunWriter.create(path, header) as writer:
        writer.record(layout)
        writer.record(ramp(0))
    RunWriter.note(path, "guard: output off")
    with open_run(path) as run:
        assert (run.status, run.notes, run.points_committed) == ("interrupted", ["guard: output off"], 1)
    RunWriter.reopen(path).finish("aborted", "by hand")
    RunWriter.note(path, "later")
    with open_run(path) as run:
        assert (run.status, run.notes[-1]) == ("aborted", "later")
