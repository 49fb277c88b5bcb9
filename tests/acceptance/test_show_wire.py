"""`nanoprobe show RUN.zarr --wire`: the traffic as commands with names and units, among what the run says happened."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nanoprobe.engine import execute
from nanoprobe.plan import Plan
from tests.acceptance.conftest import NEAR

LINE = re.compile(r" *(?P<time>-?\d+\.\d+) s  (?P<who>.{22})(?P<text>.*)")
RAMP = {"stop_bias": -3.0, "rate": 2.0}


def run(bench: Path, path: Path) -> Path:
    outcome = execute(Plan(procedure="trigger-ramp", bench=str(bench), parameters=RAMP), path)
    assert outcome.status == "finished", outcome.error
    return outcome.path


@pytest.fixture
def shown(lab_starter: Callable[..., Any], nanoprobe: Callable[..., Any], tmp_path: Path) -> Callable[..., list[Any]]:
    path = run(lab_starter(controller=NEAR).bench_file, tmp_path / "run.zarr")

    def show(*options: str) -> list[tuple[float, str, str]]:
        said = nanoprobe("show", str(path), "--wire", *options)
        assert (said.status, said.err) == (0, "")
        found = [LINE.fullmatch(line) for line in said.out.splitlines()]
        assert all(found), said.out
        return [(float(one["time"]), one["who"].strip(), one["text"]) for one in found if one]

    return show


def test_commands_answers_and_events_are_told_in_order_with_names_and_units(shown):
    lines = shown()
    told = [(who, text) for _, who, text in lines]
    assert ("Keithley 2450", "-> *IDN?") in told
    assert ("Nanonis", "-> ZCtrl.OnOffSet on=1") in told
    assert any(re.fullmatch(r"-> :SOUR:VOLT level=\S+ V", text) for who, text in told if who == "Keithley 2450")
    own = next(index for index, (who, text) in enumerate(told) if "the run leaves tip" in text)
    assert 10 < own < len(told) - 1, "the run's own events stand among the traffic"
    times = [time for time, _, _ in lines]
    assert times == sorted(times)


def test_one_instrument_or_a_part_of_the_time_alone(shown):
    for asked in ("source_meter", "keithley"):
        assert {who for _, who, _ in shown("--instrument", asked)} == {"Keithley 2450"}
    lines = shown()
    middle = lines[len(lines) // 2][0] + 5e-7  # between two of the microseconds that are shown
    assert shown("--from", f"{middle:.7f}") == [line for line in lines if line[0] > middle]
    assert shown("--to", f"{middle:.7f}") == [line for line in lines if line[0] < middle]


def test_an_instrument_the_recording_does_not_have_is_refused_with_those_it_has(lab_starter, nanoprobe, tmp_path):
    path = run(lab_starter(controller=NEAR).bench_file, tmp_path / "run.zarr")
    said = nanoprobe("show", str(path), "--wire", "--instrument", "foo")
    assert (said.status, said.out) == (2, "")
    assert "the recording has no instrument 'foo'; there are: " in said.line
    assert "probe, run, source_meter" in said.line


def test_a_run_that_was_not_recorded_says_so(lab_starter, nanoprobe, tmp_path):
    bench = lab_starter(controller=NEAR).bench_file
    silent = tmp_path / "silent.toml"
    silent.write_text(bench.read_text().replace("record = true", "record = false"))
    said = nanoprobe("show", str(run(silent, tmp_path / "run.zarr")), "--wire")
    assert (said.status, said.out) == (2, "")
    assert "no recording" in said.line
