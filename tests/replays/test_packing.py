"""A run packed for a bug report: what is hidden is gone from it, and it still replays."""

import zipfile

import pytest

from nanoprobe.cli.runs import summary
from nanoprobe.errors import BadInput
from nanoprobe.execution import Execution
from nanoprobe.recording import recordings_of
from nanoprobe.replay.packing import pack_run, unpacked
from nanoprobe.storage import open_run

SERIAL = "4500001"


@pytest.fixture
def packed(recorded, tmp_path):
    to = tmp_path / "packed.zip"
    found = pack_run(recorded("trigger-ramp"), to, hide=["E. Noether", SERIAL, "simulated PtIr", "xyzzy-42"])
    return to, found


def test_hidden_texts_are_nowhere_in_the_packed_run_and_counted(packed):
    to, found = packed
    assert found["xyzzy-42"] == 0
    assert all(found[text] > 0 for text in ("E. Noether", SERIAL, "simulated PtIr"))
    with unpacked(to) as run, open_run(run) as opened:
        assert opened.header.operator == "*" * 10
        assert SERIAL not in str(summary(opened))
        assert not any("simulated PtIr" in note for note in opened.notes)
        traffic = b"".join(item.content for item in recordings_of(run)[0].items())
        assert SERIAL.encode() not in traffic
        assert b"*" * len(SERIAL) in traffic


def test_a_packed_run_still_replays(packed, replayed):
    with unpacked(packed[0]) as run:
        result = replayed(run)
    assert (result.wire, result.values) == (None, [])


def test_an_unsealed_run_is_hidden_in_its_journal_too(recorded, tmp_path, monkeypatch):
    with unpacked(tmp_path / "no such folder") as same:
        assert same == tmp_path / "no such folder"
    monkeypatch.setattr(Execution, "_verdict", lambda self: ("failed", "E. Noether pulled the plug"))
    path = recorded("current-map", seed=1, status="failed")
    pack_run(path, tmp_path / "packed.zip", hide=["E. Noether"])
    with unpacked(tmp_path / "packed.zip") as run, open_run(run) as opened:
        assert (opened.sealed, opened.status) == (False, "failed")
        assert opened.attrs["reason"] == "********** pulled the plug"
        assert opened.header.operator == "*" * 10


@pytest.mark.parametrize(("hide", "message"), [(["ab"], "'ab' is too short to be hidden")])
def test_a_text_found_by_chance_is_refused(recorded, tmp_path, hide, message):
    with pytest.raises(BadInput, match=message):
        pack_run(recorded("trigger-ramp"), tmp_path / "packed.zip", hide=hide)


def test_an_existing_file_is_not_overwritten(packed, recorded):
    with pytest.raises(BadInput, match="exists already"):
        pack_run(recorded("trigger-ramp"), packed[0])


def test_what_is_no_packed_run_is_said_to_be_none(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"hello")
    with pytest.raises(BadInput, match=r"bad\.zip is no packed run"), unpacked(tmp_path / "bad.zip"):
        pass


def test_a_packed_run_holds_no_lock_and_nothing_half_made(packed):
    names = zipfile.ZipFile(packed[0]).namelist()
    assert not [name for name in names if "lock" in name or "staging" in name]
