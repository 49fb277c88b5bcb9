"""A disk that fills up in the middle of a map: bench safe first, committed points kept, samples in memory rescued."""

import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nanoprobe import Plan, open_run
from nanoprobe.engine import execute, resume
from nanoprobe.errors import StorageError
from nanoprobe.events import Events, Recorded
from nanoprobe.outcome import Outcome
from nanoprobe.storage import read_rescue
from nanoprobe.storage.places import JOURNAL

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the limit on file sizes is POSIX")


@pytest.fixture
def file_limit() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def run_until_full(lab, out: Path, room: int, when: Callable[[Recorded], bool]) -> Outcome:
    """Run a map of 6 points; once a record is `when`, the disk has `room` bytes left for the journal."""
    events, hard = Events(), resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def fill(event: object) -> None:
        if isinstance(event, Recorded) and when(event):
            resource.setrlimit(resource.RLIMIT_FSIZE, ((out / JOURNAL).stat().st_size + room, hard))

    events.event.connect(fill)
    parameters = {"nx": 6, "ny": 1, "image_every": 0, "check_every": 0}
    plan = Plan(procedure="trigger-map", bench=str(lab.bench_file), parameters=parameters)
    outcome = execute(plan, out, events)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if hard < 0 else hard, hard))
    return outcome


def test_a_full_disk_ends_the_map_safely_and_its_samples_are_kept_elsewhere(lab, tmp_path, file_limit):
    out = tmp_path / "run.zarr"
    outcome = run_until_full(lab, out, 100, lambda event: event.topic == "point" and event.record.index == 4)
    assert isinstance(outcome.error, StorageError)
    assert "The samples in memory were kept in" in str(outcome.error)
    assert lab.lab.log.unsafe == []
    (place,) = tmp_path.glob("run.rescue-*.journal")
    assert read_rescue(place)
    with open_run(out) as run:
        assert run.points_committed == 4


def test_a_disk_that_is_full_when_all_is_measured_leaves_the_tip_up_and_the_run_resumes_to_its_end(
    lab, tmp_path, file_limit
):
    out = tmp_path / "run.zarr"
    outcome = run_until_full(lab, out, 10, lambda event: event.topic == "note" and "leaves tip" in event.record.text)
    assert outcome.status == "failed"
    assert "could not take this Finished" in str(outcome.error)
    assert lab.lab.log.unsafe == []
    with open_run(out) as run:
        assert run.points_committed == 6
    assert resume(out, bench=str(lab.bench_file)).status == "finished"
