"""Cycling killed half-way, at any pace of the lab: what is on disk opens, and resumed it ends with the same capacity curve."""

import subprocess
import sys
import time

import numpy as np
import pytest

from nanoprobe.engine import execute, resume
from nanoprobe.plan import Plan
from nanoprobe.storage import open_run
from sim_instruments.pellet import CellSettings

DEADLINE = 400.0
ONE_SAMPLE = 1.01 * 0.15e-3 * 20
"""Charge (C) by which any cycle may differ: it ends at a sample beyond the cut-off."""


def cycles_in(path) -> int:
    if not (path / "zarr.json").exists():
        return 0
    with open_run(path) as run:
        return run.tables["cycles"].sizes["cycle"] if "cycles" in run.tables else 0


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("cycles", "killed_at"),
    [
        pytest.param(12, 2, id="12 cycles"),
        pytest.param(300, 150, id="300 cycles", marks=pytest.mark.slow),
    ],
)
def test_killed_half_way_and_resumed_it_ends_with_the_same_capacity_curve(lab_starter, tmp_path, cycles, killed_at):
    parameters = {"cell": "full", "cycles": cycles, "formation_cycles": 1, "interval": 20}
    options = {"sample": "ppc", "seed": 31, "cell": CellSettings(kind="lfp")}
    lab = lab_starter(**options)
    plan = Plan(procedure="galvanostatic-cycling", bench=str(lab.bench_file), parameters=parameters)
    assert execute(plan, tmp_path / "whole.zarr").status == "finished"

    lab, out = lab_starter(**options), tmp_path / "killed.zarr"
    given = [word for name, value in parameters.items() for word in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "nanoprobe.cli", "run", "galvanostatic-cycling"]
    app = subprocess.Popen(
        [*command, "--bench", str(lab.bench_file), *given, "--out", str(out)], stdout=subprocess.DEVNULL
    )
    end = time.monotonic() + DEADLINE
    while cycles_in(out) < killed_at and app.poll() is None:
        assert time.monotonic() < end
    app.kill()
    app.wait(10)

    with open_run(out) as run:
        assert run.status == "interrupted"
        assert killed_at <= run.tables["cycles"].sizes["cycle"] < cycles
    assert resume(out, bench=str(lab.bench_file)).status == "finished"
    capacity = {}
    for name in ("whole", "killed"):
        with open_run(tmp_path / f"{name}.zarr") as run:
            assert list(run.tables["cycles"]["number"].values) == list(range(cycles))
            capacity[name] = run.tables["cycles"]["discharge_capacity"].values
            repeated = run.tables["cycles"]["resumed"].values > 0
    assert repeated.sum() == 1
    alike = np.isclose(capacity["killed"], capacity["whole"], rtol=1e-4)
    assert np.sum(~alike & ~repeated) <= 2, "a fading cell needs a sample less from some cycle on, give or take one"
    np.testing.assert_allclose(capacity["killed"], capacity["whole"], atol=ONE_SAMPLE)
    assert lab.lab.log.unsafe == []
