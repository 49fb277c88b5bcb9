"""`nanoprobe safe` without a bench, and a bench whose instruments do not answer: what a person reads then."""

import asyncio
import subprocess
import sys

import pytest

from nanoprobe.benchfile import read_bench_file
from nanoprobe.live_runs import live_runs, noted
from tests.acceptance.conftest import NEAR


def end(lab):
    """Close every port of the lab, as if its process had ended."""
    asyncio.run_coroutine_threadsafe(lab.lab.stop(), lab.loop).result(10)


def cut_off(bench, run):
    """Leave the note of a run that did not end normally."""
    with pytest.raises(KeyboardInterrupt), noted(run, read_bench_file(bench)):
        raise KeyboardInterrupt


def test_a_simulated_lab_that_is_gone_is_told_in_a_line_and_forgotten(lab_starter, nanoprobe, tmp_path):
    lab = lab_starter(controller=NEAR)
    cut_off(lab.bench_file, tmp_path / "run.zarr")
    end(lab)
    said = nanoprobe("safe")
    assert said.status == 0
    assert said.out.strip() == f"{tmp_path / 'run.zarr'}: simulated; its lab is gone, nothing to make safe"
    assert live_runs() == []


def test_the_bench_of_a_run_that_was_cut_off_is_made_safe(lab_starter, nanoprobe, tmp_path):
    lab = lab_starter(controller=NEAR)
    cut_off(lab.bench_file, tmp_path / "run.zarr")
    said = nanoprobe("safe")
    assert (said.status, said.out.strip()) == (0, f"{tmp_path / 'run.zarr'}: simulated; made safe")
    assert live_runs() == []


def test_a_guarded_bench_that_does_not_answer_is_one_line_without_a_word_of_the_guard(lab_starter):
    lab = lab_starter(controller=NEAR, guard=True)
    end(lab)
    command = [sys.executable, "-m", "nanoprobe.cli", "bench", "check", "--bench", str(lab.bench_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55)
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert "no Keithley 2450" in line
