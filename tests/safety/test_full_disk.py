"""A disk that fills up in the middle of a map: bench safe first, committed points kept, samples in memory rescued."""

import os
import resource
from collections.abc import Iterator

import pytest

from nanoprobe import Plan, open_run
from nanoprobe.engine import execute
from nanoprobe.errors import StorageError
from nanoprobe.events import Events, Recorded
from nanoprobe.storage import read_rescue
from nanoprobe.storage.places import JOURNAL

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the limit on file sizes is POSIX")


@pytest.fixture
def file_limit() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_ends_the_map_safely_and_its_samples_are_kept_elsewhere(lab, tmp_path, file_limit):
    out, events = tmp_path / "run.zarr", Events()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def fill(event: object) -> None:
        if isinstance(event, Recorded) and event.topic == "point" and event.record.index == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, ((out / JOURNAL).stat().st_size + 100, hard))

    events.event.connect(fill)
    parameters = {"nx": 6, "ny": 1, "image_every": 0, "check_every": 0}
    plan = Plan(procedure="trigger-map", bench=str(lab.bench_file), parameters=parameters)
    outcome = execute(plan, out, events)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if hard < 0 else hard, hard))
    assert isinstance(outcome.error, StorageError)
    assert "The samples in memory were kept in" in str(outcome.error)
    assert lab.lab.log.unsafe == []
    (place,) = tmp_path.glob("run.rescue-*.journal")
    assert read_rescue(place)
    with open_run(out) as run:
        assert run.points_committed == 4
