"""A run from elsewhere: what is no run is said to be none, nothing is written, nothing leads out of it."""

import json

import numpy as np
import pytest

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.records import PointLayout
from nanoprobe.storage import RunWriter, open_run


@pytest.fixture
def sealed(path, header, layout, ramp):
    writer = RunWriter.create(path, header)
    writer.record(layout)
    writer.record(ramp(0))
    writer.finish("finished")
    return path


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(BadInput, match=r"nothing\.zarr does not exist"):
        open_run(tmp_path / "nothing.zarr")


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"attributes": 3}', b"\xff\xfe", b'{"attributes": []}'])
def test_what_is_no_run_is_said_to_be_none(tmp_path, content):
    if content is not None:
        (tmp_path / "zarr.json").write_bytes(content)
    with pytest.raises(BadInput, match="is no run"):
        open_run(tmp_path)


def test_a_plain_file_is_no_run(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(BadInput, match=r"notes\.txt is no run: a run is a folder with Zarr metadata"):
        open_run(tmp_path / "notes.txt")


def test_another_layout_is_named(sealed):
    change(sealed / "zarr.json", lambda node: node["attributes"].update(schema="nanoprobe-run/99"))
    with pytest.raises(BadInput, match="its layout is 'nanoprobe-run/99', known is 'nanoprobe-run/1'"):
        open_run(sealed)


def test_a_link_out_of_the_run_is_refused(sealed, tmp_path):
    (tmp_path / "secret").mkdir()
    (sealed / "frames").symlink_to(tmp_path / "secret", target_is_directory=True)
    with pytest.raises(StorageError, match="frames is a link; a run holds plain files only"):
        open_run(sealed)


def test_a_chunk_beyond_all_sense_is_refused_before_it_is_read(sealed):
    grid = {"name": "regular", "configuration": {"chunk_shape": [1 << 40]}}
    change(sealed / "points/x/zarr.json", lambda node: node.update(chunk_grid=grid))
    with pytest.raises(
        StorageError, match=r"points/x/zarr\.json is no Zarr metadata of a run \(chunks of 1099511627776"
    ):
        open_run(sealed)


def test_a_missing_journal_is_said(path, header):
    RunWriter.create(path, header).close()
    (path / "journal/records/journal.bin").unlink()
    with pytest.raises(StorageError, match=r"lacks its journal \(.*journal\.bin\); read its arrays with xarray"):
        open_run(path)


def test_reading_changes_nothing(path, header, layout, ramp):
    with RunWriter.create(path, header, flush_after=0.0) as writer:
        writer.record(layout)
        writer.record(ramp(0))
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with open_run(path) as run:
        run.points.load()
        run.ramps.load()
        assert run.notes == []
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_a_header_that_json_cannot_hold_is_refused_and_nothing_is_made(path, header):
    header.parameters["force"] = float("nan")
    with pytest.raises(BadInput, match="the header of the run holds a value that JSON cannot hold"):
        RunWriter.create(path, header)
    assert list(path.parent.iterdir()) == []


def test_a_huge_plan_of_few_points_costs_no_memory(path, header):
    with RunWriter.create(path, header, flush_after=1e9) as writer:
        writer.record(PointLayout(np.zeros(1), np.zeros(1), 10_000_000))
        with open_run(path) as run:
            assert run.ramps["current"].shape == (1, 10_000_000)
            assert np.isnan(run.ramps["current"][0, :3]).all()


def change(file, edit):
    node = json.loads(file.read_bytes())
    edit(node)
    file.write_text(json.dumps(node))
