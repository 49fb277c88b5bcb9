"""What is recorded is what is read: live, interrupted, closed and sealed, by us and by xarray alone."""

import warnings
from threading import Thread

import numpy as np
import pytest
import xarray as xr

from nanoprobe.errors import BadInput
from nanoprobe.records import CheckDone, Note, PointBegin, PointState, Samples
from nanoprobe.storage import RunWriter, open_run, verify


def fill(writer, layout, ramp, frame, line):
    writer.record(frame(0))
    for index in range(4):
        writer.record(line(0, index))
    writer.record(layout)
    for point in (4, 1, 2):
        writer.record(PointBegin(index=point, x=point * 1.1e-6, y=0.0, drift_x=1e-9))
        done = ramp(point, samples=3 + point)
        writer.record(
            Samples(
                point=point,
                time=done.time[:2],
                bias=done.bias[:2],
                bias_source=done.bias_source[:2],
                current=done.current[:2],
            )
        )
        writer.record(done)
    writer.record(ramp(5, samples=0, values={}, way="none", state=PointState.FAILED, reason="no contact"))
    writer.record(CheckDone(True, {"x": 0.0, "force": 5e-8}))
    writer.record(Note("hello µm"))
    writer.record(frame(1, purpose="drift"))
    writer.record(line(1, 2))


def datasets(run):
    return {"points": run.points, "ramps": run.ramps, "checks": run.checks, "events": run.events} | {
        f"frames/{number}": frame for number, frame in enumerate(run.frames)
    }


def test_sealed_run_equals_what_the_journal_said(path, header, layout, ramp, frame, line):
    writer = RunWriter.create(path, header)
    fill(writer, layout, ramp, frame, line)
    writer.record(Note("last"))
    with open_run(path) as live:
        before = {name: group.load() for name, group in datasets(live).items()}
    writer.finish("finished")
    with open_run(path) as sealed:
        assert (sealed.status, sealed.sealed, sealed.simulated) == ("finished", True, True)
        assert (sealed.points_planned, sealed.points_committed, sealed.lines_committed) == (6, 4, 5)
        after = datasets(sealed)
        assert after.keys() == before.keys()
        for name in after.keys() - {"events"}:
            xr.testing.assert_identical(after[name].load(), before[name])
        assert sealed.notes == ["hello µm", "last", "finished"]
        assert sealed.header == header
    assert verify(path) == []
    assert not (path / "journal").exists()


def test_samples_state_and_coordinates_come_back(path, header, layout, ramp, frame, line):
    with RunWriter.create(path, header) as writer:
        fill(writer, layout, ramp, frame, line)
        with open_run(path) as run:
            assert run.status == "running"
            assert run.points["state"].values.tolist() == [0, 2, 2, 0, 2, 3]
            assert set(run.points.coords) == {"x", "y"}
            assert run.points["x"].attrs["units"] == "m"
            assert run.points["reason"].values[5] == "no contact"
            np.testing.assert_array_equal(run.ramps["current"][4, :7], ramp(4, 7).current)
            assert np.isnan(run.ramps["current"][4, 7])
            assert run.ramps["n_samples"].values.tolist() == [0, 4, 5, 0, 7, 0]
            image = run.frames[0]
            np.testing.assert_array_equal(image["current"][:, 2], line(0, 2).line.values["current"])
            np.testing.assert_array_equal(
                image["current"].sel(direction="retrace")[:, ::2], image["current"].values[1, :, ::2]
            )
            assert image.attrs["angle"] == 0.1
            assert run.frames[1]["line_state"].values.tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("state", ["live", "interrupted", "aborted", "finished"])
def test_plain_xarray_opens_every_group_without_a_warning(path, header, layout, ramp, frame, line, state):
    writer = RunWriter.create(path, header, flush_after=0.0)
    fill(writer, layout, ramp, frame, line)
    if state in ("aborted", "finished"):
        writer.finish(state)
    elif state == "interrupted":
        writer.close()
    else:
        writer._tailer.drain()
    groups = [None, "points", "ramps", "frames", "frames/0", "frames/1", "checks", "events"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for group in groups:
            for consolidated in (None, False):
                opened = xr.open_zarr(path, group=group, consolidated=consolidated, chunks=None)
                opened.load()
        tree = xr.open_datatree(path, engine="zarr")
        tree.close()
    assert [str(warning.message) for warning in caught] == []
    assert "/frames/1" in tree.groups
    expected = "running" if state in ("live", "interrupted") else state
    assert xr.open_zarr(path, chunks=None).attrs["status"] == expected
    writer.close()


@pytest.mark.parametrize(
    ("status", "journal_left"), [("finished", False), ("aborted", True), ("failed", True), ("interrupted", True)]
)
def test_only_a_finished_run_drops_its_journal(path, header, layout, ramp, frame, line, status, journal_left):
    writer = RunWriter.create(path, header)
    fill(writer, layout, ramp, frame, line)
    writer.finish(status, "because")
    assert (path / "journal").exists() is journal_left
    assert verify(path) == []
    with open_run(path) as run:
        assert (run.status, run.attrs["reason"]) == (status, "because")


def test_a_run_without_anything_has_empty_groups(path, header):
    RunWriter.create(path, header).finish("finished")
    with open_run(path) as run:
        assert (run.points_planned, run.points_committed, run.frames) == (0, 0, [])
        assert run.ramps.sizes == {"point": 0, "sample": 0}
        assert run.checks.sizes == {"check": 0}
        assert "trigger_last_below" in run.points


def test_a_layout_without_points_is_stored(path, header, layout):
    empty = type(layout)(np.zeros(0), np.zeros(0), 0)
    writer = RunWriter.create(path, header)
    writer.record(empty)
    writer.finish("finished")
    with open_run(path) as run:
        assert run.points_planned == 0
        assert run.ramps["current"].shape == (0, 0)


def test_a_ramp_longer_than_planned_is_kept_whole(path, header, layout, ramp):
    writer = RunWriter.create(path, header)
    writer.record(layout)
    writer.record(ramp(0))
    writer.record(ramp(3, samples=21))
    writer.record(ramp(1))
    writer.finish("finished")
    with open_run(path) as run:
        assert run.ramps.sizes["sample"] == 21
        for point, samples in ((0, 8), (3, 21), (1, 8)):
            np.testing.assert_array_equal(run.ramps["current"][point, :samples], ramp(point, samples).current)
    assert xr.open_zarr(path, group="ramps", chunks=None).sizes["sample"] == 21


def test_samples_measured_again_keep_the_journal_with_the_first_attempt(path, header, layout, ramp):
    writer = RunWriter.create(path, header)
    writer.record(layout)
    for attempt in (1, 2):
        writer.record(PointBegin(index=0, x=0.0, y=0.0, attempt=attempt))
        writer.record(ramp(0, samples=attempt))
    writer.finish("finished")
    assert (path / "journal" / "records" / "journal.bin").exists()
    with open_run(path) as run:
        assert (run.status, int(run.points["attempt"][0]), int(run.ramps["n_samples"][0])) == ("finished", 2, 1 + 1)


def test_a_frame_scanned_again_keeps_old_lines_until_they_are_replaced(path, header, frame, line):
    writer = RunWriter.create(path, header)
    writer.record(frame(0))
    for index in range(4):
        writer.record(line(0, index))
    writer.record(frame(0))
    writer.record(line(0, 1, scale=7.0))
    writer.finish("finished")
    with open_run(path) as run:
        assert run.frames[0]["line_state"].values.tolist() == [1, 2, 1, 1]
        np.testing.assert_array_equal(run.frames[0]["height"][:, 0], line(0, 0).line.values["height"])
        np.testing.assert_array_equal(run.frames[0]["height"][:, 1], line(0, 1, scale=7.0).line.values["height"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda f: f["ramp"](9), "point 9 is not in this run: it has 6 points, counted from 0"),
        (lambda f: f["ramp"](0, values={"trigered": 1.0}), "unknown point values: trigered; known are triggered"),
        (lambda f: f["ramp"](0, way="magic"), "unknown way of tripping 'magic'; known are none, source-meter"),
        (lambda f: f["ramp"](0, time=np.zeros(3)), "the samples of point 0 need one axis of one length"),
        (lambda f: f["line"](0, 9), "line 9 is not in frame 0: it has 4 lines"),
        (lambda f: f["line"](1, 0), "a line of frame 1 came before the frame was begun"),
        (lambda f: f["line"](0, 0, pixels=6), r"a line of frame 0 needs \(2, 5\) of \('height', 'current'\)"),
        (lambda f: f["frame"](2), "frame 2 cannot begin: the next one of this run is 1"),
        (lambda f: f["frame"](0, lines=9), "frame 0 was begun with another plan: use the next index, 1"),
        (
            lambda f: type(f["layout"])(np.ones(6), np.ones(6), 8),
            "the points differ from those this run was begun with",
        ),
        (lambda f: "text", "a run stores no str; it stores RunHeader"),
    ],
    ids=["point", "value", "way", "lengths", "line", "no frame", "pixels", "frame", "plan", "layout", "type"],
)
def test_a_record_that_cannot_belong_is_refused_and_nothing_is_stored(
    path, header, layout, ramp, frame, line, make, message
):
    with RunWriter.create(path, header) as writer:
        writer.record(layout)
        writer.record(frame(0))
        size = (path / "journal/records/journal.bin").stat().st_size
        with pytest.raises(BadInput, match=message):
            writer.record(make({"ramp": ramp, "line": line, "frame": frame, "layout": layout}))
        assert (path / "journal/records/journal.bin").stat().st_size == size


def test_notes_of_another_thread_do_not_spoil_the_journal(path, header):
    """Who makes the bench safe notes what failed, while the run thread may still store."""
    with RunWriter.create(path, header) as writer:

        def note(name: str) -> None:
            for number in range(200):
                writer.record(Note(f"{name} {number}"))

        threads = [Thread(target=note, args=(name,)) for name in ("run", "safe state")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.finish("aborted")
    with open_run(path) as run:
        assert run.status == "aborted"
        for name in ("run", "safe state"):
            assert [one for one in run.notes if one.startswith(name)] == [f"{name} {number}" for number in range(200)]
