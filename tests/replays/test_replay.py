"""A recorded run played again: identical data, or the first difference with the line of code that made it."""

import shutil

import pytest

from drivers.nanonis_session import NanonisSession
from nanoprobe.errors import BadInput
from nanoprobe.storage import open_run
from nanoprobe.storage.traffic import traffic_files


@pytest.mark.parametrize("procedure", ["trigger-ramp", "current-map"])
def test_a_replay_gives_identical_data(recorded, replayed, procedure):
    result = replayed(recorded(procedure))
    assert (result.wire, result.values, result.remarks, result.status) == (None, [], [], "finished")
    assert result.same


def test_a_bench_biased_by_the_controller_is_replayed_too(recorded, replayed):
    result = replayed(recorded("trigger-ramp", bias_source="probe"))
    assert (result.wire, result.values) == (None, [])


def test_a_replay_with_the_recorded_timing_gives_the_same(recorded, replayed):
    result = replayed(recorded("trigger-ramp"), pace=1.0)
    assert (result.wire, result.values) == (None, [])


def test_the_first_difference_names_instrument_exchange_commands_and_the_line_that_sent_it(
    recorded, replayed, monkeypatch
):
    path = recorded("trigger-map")
    original = NanonisSession.call

    def slower(self, command, layout="", *values, **kwargs):
        values = (values[0] / 2, *values[1:]) if command == "FolMe.SpeedSet" else values
        return original(self, command, layout, *values, **kwargs)

    monkeypatch.setattr(NanonisSession, "call", slower)
    result = replayed(path)
    difference = str(result.wire)
    assert difference.startswith("Nanonis, exchange ")
    assert "recorded: FolMe.SpeedSet speed=4.99999987e-06 m/s custom=1" in difference
    assert "replayed: FolMe.SpeedSet speed=2.49999994e-06 m/s custom=1" in difference
    caller = result.sent_from[-1]
    assert (caller.file, caller.function) == ("drivers/nanonis_tip.py", "move_to")
    assert caller.code == 'self._session.call("FolMe.SpeedSet", "f I", self._pace.speed, 1)'


def test_values_that_differ_are_named_with_place_and_unit(recorded, replayed, monkeypatch):
    path = recorded("trigger-ramp")
    monkeypatch.setattr("nanoprobe.wiring.Wiring.current", lambda self, current: -2 * current)
    result = replayed(path)
    assert result.wire is None
    assert any(text.startswith("points/preamp_current at point 0: recorded ") for text in result.values)


def test_the_new_run_has_the_operator_and_plan_of_the_old(recorded, replayed):
    path = recorded("trigger-ramp")
    result = replayed(path)
    with open_run(path) as old, open_run(result.path) as new:
        assert new.header.operator == "E. Noether"
        assert new.header.parameters == old.header.parameters


def damaged(path, tmp_path, change):
    copy = tmp_path / "copy.zarr"
    shutil.copytree(path, copy)
    (file,) = traffic_files(copy)
    content = bytearray(file.read_bytes())
    file.write_bytes(change(content))
    return copy


def cut(content):
    return content[: len(content) - 500]


def flipped(content):
    content[-500] ^= 1
    return content


@pytest.mark.parametrize("change", [cut, flipped])
def test_what_is_good_of_a_damaged_recording_is_replayed_and_the_rest_is_named(recorded, replayed, tmp_path, change):
    result = replayed(damaged(recorded("trigger-map"), tmp_path, change))
    assert "0.wire is damaged or cut off at byte" in result.remarks[0]
    assert result.wire is None
    assert result.values == []


def test_a_recording_that_is_none_is_refused(recorded, replayed, tmp_path):
    with pytest.raises(BadInput, match="it begins with 'hello'"):
        replayed(damaged(recorded("trigger-map"), tmp_path, lambda content: b"hello"))
