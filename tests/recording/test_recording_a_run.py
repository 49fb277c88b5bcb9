"""What a run records: every byte both ways, of every session, from the opening of the bench to the end of the run."""

import warnings

import pytest
import xarray as xr

from nanoprobe.bench import open_bench
from nanoprobe.engine import execute, execute_on
from nanoprobe.errors import BadInput
from nanoprobe.plan import Plan
from nanoprobe.recording import Kind, recordings_of
from nanoprobe.recording.items import STARTS_AGAIN
from nanoprobe.storage import open_run, verify
from nanoprobe.storage.traffic import traffic_files


def read(path):
    (recording,) = recordings_of(path)
    return recording, list(recording.items())


def test_every_session_is_there_with_role_driver_and_resource(recorded):
    recording, _ = read(recorded().path)
    assert [(s.role, s.driver, s.name) for s in recording.sessions.values()][:3] == [
        ("source_meter", "keithley2450", "Keithley 2450"),
        ("probe", "nanonis", "Nanonis"),
        ("probe", "nanonis", "Nanonis (abort port)"),
    ]
    assert all("127.0.0.1" in session.resource for session in recording.sessions.values())
    assert (recording.troubles, recording.ended) == ([], True)


def test_it_begins_with_the_opening_of_the_bench_and_ends_with_the_output_off(recorded):
    _, items = read(recorded().path)
    lines = [item.content for item in items if item.kind == Kind.SENT and item.session == 0]
    assert lines[0] == b"*IDN?\n"
    assert lines[-2:] == [b":OUTP OFF\n", b":ABOR;:OUTP OFF\n"]
    identity = next(item for item in items if item.kind == Kind.RECEIVED and item.session == 0)
    assert identity.content.startswith(b"KEITHLEY INSTRUMENTS,MODEL 2450")


def test_times_never_go_back(recorded):
    _, items = read(recorded().path)
    # The head of the file (sessions, clock) is written when the run begins, later than the opening it is put before.
    times = [item.time for item in items if item.kind in (Kind.SENT, Kind.RECEIVED)]
    assert times == sorted(times)


def test_as_many_commands_are_recorded_as_the_lab_has_got(lab_starter, tmp_path):
    lab = lab_starter()
    plan = Plan(procedure="trigger-ramp", bench=str(lab.bench_file), parameters={"stop_bias": -3.0, "rate": 2.0})
    with open_bench(lab.bench_file) as bench:
        execute_on(plan, bench, tmp_path / "run.zarr")
        came = {name: lab.lab.commands(name) for name in ("source_meter", "probe")}
    recording, items = read(tmp_path / "run.zarr")
    sent = [recording.sessions[item.session].role for item in items if item.kind == Kind.SENT]
    assert {name: sent.count(name) for name in came} == came


def test_a_second_run_on_an_open_bench_holds_the_opening_too_and_programs_the_limits_again(lab, tmp_path):
    plan = Plan(procedure="trigger-ramp", bench=str(lab.bench_file), parameters={"stop_bias": -2.0, "rate": 2.0})
    with open_bench(lab.bench_file) as bench:
        execute_on(plan, bench, tmp_path / "first.zarr")
        bench.probe.read("current")  # of no run
        execute_on(plan, bench, tmp_path / "second.zarr")
    sent = {}
    for name in ("first", "second"):
        _, items = read(tmp_path / f"{name}.zarr")
        assert (STARTS_AGAIN in [item.text for item in items if item.kind == Kind.MARK]) == (name == "second")
        sent[name] = [item.content for item in items if item.kind == Kind.SENT and item.session == 0]
    assert sent["first"].count(b"*RST\n") == 1
    assert sent["second"].count(b"*RST\n") == 2
    assert sent["second"][0] == b"*IDN?\n"


def test_a_bench_that_does_not_record_leaves_nothing_and_says_how_to_get_it(lab, tmp_path):
    text = lab.bench_file.read_text().replace("record = true\n", "")
    lab.bench_file.write_text(text)
    plan = Plan(procedure="trigger-ramp", bench=str(lab.bench_file), parameters={"stop_bias": -2.0, "rate": 2.0})
    assert execute(plan, tmp_path / "run.zarr").status == "finished"
    assert not (tmp_path / "run.zarr/wire").exists()
    with pytest.raises(BadInput, match=r"holds no recording of its wire traffic: set record = true under \[bench\]"):
        recordings_of(tmp_path / "run.zarr")


def test_neither_zarr_nor_xarray_mind_a_recording_and_verify_knows_it(recorded):
    path = recorded().path
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for group in (None, "points", "ramps"):
            xr.open_zarr(path, group=group).close()
    with open_run(path) as run:
        assert run.sealed
    assert verify(path) == []


@pytest.mark.parametrize("harm", ["truncated", "changed", "foreign"])
def test_verify_names_a_recording_that_cannot_be_trusted(recorded, harm):
    path = recorded().path
    (file,) = traffic_files(path)
    content = bytearray(file.read_bytes())
    if harm == "changed":
        content[len(content) // 2] ^= 1
    file.write_bytes({"truncated": content[:-1], "changed": content, "foreign": b"hello"}[harm])
    assert verify(path) == ["wire/traffic/0.wire"]


def test_good_blocks_of_a_truncated_recording_are_used_and_the_rest_is_named(recorded):
    path = recorded().path
    _, whole = read(path)
    (file,) = traffic_files(path)
    file.write_bytes(file.read_bytes()[:-20])
    recording, items = read(path)
    assert 0 < len(items) < len(whole)
    assert items == whole[: len(items)]
    assert "0.wire is damaged or cut off at byte" in recording.troubles[0]


def test_a_recording_of_another_version_is_named(recorded):
    path = recorded().path
    (file,) = traffic_files(path)
    file.write_bytes(file.read_bytes().replace(b"nanoprobe-wire/1", b"nanoprobe-wire/7", 1))
    with pytest.raises(BadInput, match="it begins with 'nanoprobe-wire/7', not 'nanoprobe-wire/1'"):
        recordings_of(path)
