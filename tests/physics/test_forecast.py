"""The time a case will still take, and what a terminal shows of it."""

import math
import os
import pty
import subprocess
import sys

import pytest

from nanoprobe.physics.cases import CASES, run_case
from nanoprobe.physics.forecast import Mesh, Step, time_left

NAN = math.nan


@pytest.mark.parametrize(
    ("done", "dofs", "tolerance", "left"),
    [
        pytest.param([Mesh(100, 0.1, 1.0)], 10_000, 0.0, NAN, id="one mesh says nothing"),
        pytest.param([Mesh(100, 0.1, 1.0), Mesh(400, 0.05, 4.0)], 1000, 0.0, 0.0, id="the next would be too large"),
        pytest.param([Mesh(100, 0.1, 1.0), Mesh(400, 0.05, 4.0)], 7000, 0.0, 16 + 64, id="two more"),
        pytest.param([Mesh(100, 0.1, 1.0), Mesh(400, 0.05, 4.0)], 7000, 0.03, 16, id="the next is exact enough"),
        pytest.param(
            [Mesh(810, 0.1, 0.81), Mesh(900, 0.1, 2 * 0.9), Mesh(1000, 0.1, 1.0)],
            1112,
            0.0,
            10 / 9 * 2 ** (1 / 3),
            id="one mesh while the machine was busy",
        ),
        pytest.param([Mesh(100, NAN, 1.0), Mesh(400, 0.05, 4.0)], 2000, 0.01, 16, id="no estimate at first"),
    ],
)
def test_the_time_left_is_that_of_the_meshes_to_come(done, dofs, tolerance, left):
    assert time_left(done, dofs, tolerance) == pytest.approx(left, nan_ok=True)


def test_a_case_tells_each_mesh_and_that_nothing_is_left_after_the_last():
    steps: list[Step] = []
    found = run_case(CASES["hemisphere"], {}, 5000, watch=steps.append)
    assert [step.count for step in steps] == [1, 2, 3, 4]
    assert steps[-1].mesh.dofs == found.dofs
    assert (math.isnan(steps[0].left), steps[1].left > 0, steps[-1].left) == (True, True, 0.0)


def test_a_terminal_shows_what_is_being_done_and_the_time_left():
    ours, theirs = pty.openpty()
    line = [
        sys.executable,
        "-m",
        "nanoprobe.cli",
        "simulate",
        "flux",
        "--case",
        "hemisphere",
        "--dofs",
        "20000",
        "--json",
    ]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        out, _ = process.communicate(timeout=60)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert process.returncode == 0
    assert b'"resistance"' in out
    assert "hemisphere: mesh" in shown
    assert "unknowns" in shown
