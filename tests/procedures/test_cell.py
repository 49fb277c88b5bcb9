"""Experiments on the simulated pellet cell against what the lab knows to be true, on seeds nobody tuned for."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from nanoprobe.analysis.critical_current import KIND as STAIRCASE
from nanoprobe.analysis.cycling import KIND as CYCLING
from nanoprobe.cli.app import app
from nanoprobe.engine import execute, resume
from nanoprobe.errors import Interlocked, LimitExceeded, NanoprobeError
from nanoprobe.plan import Plan
from nanoprobe.storage import open_run
from sim_instruments.pellet import CellSettings

FULL = CellSettings(kind="lfp")
QUICK = {"cell": "full", "cycles": 8, "formation_cycles": 1, "interval": 60}


def run(lab, path, procedure, **parameters):
    outcome = execute(Plan(procedure=procedure, bench=str(lab.bench_file), parameters=parameters), path)
    if outcome.error is not None:
        raise outcome.error
    return open_run(path)


@pytest.mark.parametrize(
    ("sample", "seed", "first", "step"),
    [("ppc", 20261126, 8.0, 1.0), pytest.param("bare", 20261127, 0.25, 0.25, marks=pytest.mark.slow)],
)
def test_the_staircase_finds_the_drawn_critical_current_density_and_interface(
    lab_starter, tmp_path, sample, seed, first, step
):
    lab = lab_starter(sample=sample, seed=seed)
    stairs = {"first": first, "step": step, "capacity": 1800.0, "interval": 2.0}
    run(lab, tmp_path / "run.zarr", "critical-current-density", **stairs).close()
    answer = CliRunner().invoke(app, ["analyze", str(tmp_path / "run.zarr"), "--json"])
    found, true = json.loads(answer.stdout), lab.cell_truth
    assert abs(found["critical_current_density"] - true["critical_current_density"]) <= step
    low, high = found["critical_current_density_interval"]
    assert low <= true["critical_current_density"] * 1.02
    assert true["critical_current_density"] <= high * 1.02
    low, high = found["area_specific_resistance_interval"]
    assert low <= true["area_specific_resistance"] <= high
    assert lab.lab.log.unsafe == []


@pytest.mark.parametrize(("cell", "seed"), [("symmetric", 77), ("full", 78)])
def test_a_spectrum_gives_the_interface_within_its_interval(lab_starter, tmp_path, cell, seed):
    lab = lab_starter(sample="ppc", seed=seed, cell=FULL if cell == "full" else CellSettings())
    run(lab, tmp_path / "run.zarr", "eis", cell=cell).close()
    found = json.loads(CliRunner().invoke(app, ["analyze", str(tmp_path / "run.zarr"), "--json"]).stdout)
    low, high = found["area_specific_resistance_interval"]
    assert low <= lab.cell_truth["area_specific_resistance"] <= high
    with open_run(tmp_path / "run.zarr") as stored:
        spectra = stored.tables["spectra"]
        assert spectra["impedance"].dims == ("spectrum", "frequency")
        assert spectra["frequency"].attrs["units"] == "Hz"
        assert np.all(spectra["kept"] == 1)
        assert float(spectra["residual"].max()) < 0.02


def test_the_voltage_limit_ends_the_staircase_without_a_short(lab_starter, tmp_path):
    lab = lab_starter(sample="ppc", seed=5)
    stairs = {"first": 4.0, "step": 1.0, "voltage_limit": 0.15, "between_steps": False, "interval": 2.0}
    with run(lab, tmp_path / "run.zarr", "critical-current-density", **stairs) as stored:
        found = STAIRCASE.analyse(stored, STAIRCASE.choices(), 0).numbers["critical_current_density"]
        assert "the voltage reached 150 mV" in " ".join(stored.notes)
    assert np.isnan(found.value)
    assert np.isinf(found.high)


def test_a_full_cell_cycles_between_its_cut_offs_and_its_fade_is_found(lab_starter, tmp_path):
    lab = lab_starter(sample="bare", seed=21, cell=FULL)
    lab.call(lambda: object.__setattr__(lab.lab.world.cell.drawn, "critical", 100.0))
    with run(lab, tmp_path / "run.zarr", "galvanostatic-cycling", **{**QUICK, "cycles": 12, "interval": 10}) as stored:
        cycles = stored.tables["cycles"]
        fade = CYCLING.analyse(stored, CYCLING.choices(), 0).numbers["capacity_fade"]
        assert list(cycles["charge_ended"].values) == [1] * 12
        assert list(cycles["discharge_ended"].values) == [2] * 12
    assert fade.value == pytest.approx(3e-3, abs=4e-4)


@pytest.mark.slow
def test_constant_voltage_after_the_charge_adds_to_it(lab_starter, tmp_path):
    capacities = []
    for mode in ("cc", "cc-cv"):
        lab = lab_starter(sample="ppc", seed=22, cell=FULL)
        with run(
            lab, tmp_path / f"{mode}.zarr", "galvanostatic-cycling", **{**QUICK, "cycles": 3, "mode": mode}
        ) as stored:
            capacities.append(float(stored.tables["cycles"]["charge_capacity"][-1]))
            ended = int(stored.tables["cycles"]["charge_ended"][-1])
    assert ended == 4
    assert capacities[1] >= capacities[0]


def test_a_symmetric_cell_is_cycled_by_charge_and_its_books_balance(lab_starter, tmp_path):
    lab = lab_starter(sample="ppc", seed=23)
    with run(lab, tmp_path / "run.zarr", "galvanostatic-cycling", cycles=5, interval=60) as stored:
        cycles = stored.tables["cycles"]
    np.testing.assert_allclose(cycles["discharge_capacity"], 7200e-4, rtol=1e-6)
    np.testing.assert_allclose(cycles["net_charge"], 0, atol=1e-6)
    np.testing.assert_allclose(cycles["temperature"], 298, atol=0.5)


@pytest.mark.parametrize("cell", ["full", "symmetric"])
def test_a_cable_pulled_mid_cycle_keeps_the_data_and_the_run_goes_on(lab_starter, tmp_path, cell):
    wanted = {**QUICK, "cell": cell}
    options = {"sample": "ppc", "seed": 24, "cell": FULL if cell == "full" else CellSettings()}
    with run(lab_starter(**options), tmp_path / "whole.zarr", "galvanostatic-cycling", **wanted) as stored:
        whole = stored.tables["cycles"]["discharge_capacity"].values
    lab = lab_starter(**options)
    moment = 80000 if cell == "full" else 30000
    lab.call(lambda: lab.lab.inject(f"potentiostat:close-at-once@time={moment},for=1"))
    plan = Plan(procedure="galvanostatic-cycling", bench=str(lab.bench_file), parameters=wanted)
    outcome = execute(plan, tmp_path / "run.zarr")
    assert outcome.status in ("failed", "aborted")
    assert "connection to EmStat4" in str(outcome.error)
    assert lab.lab.log.unsafe == []
    with open_run(tmp_path / "run.zarr") as stored:
        done = stored.tables["cycles"].sizes["cycle"]
        assert 0 < done < 8
        assert stored.tables["series"].sizes["sample"] > 0
    assert resume(tmp_path / "run.zarr").status == "finished"
    with open_run(tmp_path / "run.zarr") as stored:
        cycles = stored.tables["cycles"]
        assert list(cycles["number"].values) == list(range(8))
        assert cycles["resumed"].values.sum() <= 1
    np.testing.assert_allclose(cycles["discharge_capacity"], whole, rtol=2e-3)
    assert lab.lab.log.unsafe == []


def test_a_short_ends_cycling_with_the_cell_off_and_says_so(lab_starter, tmp_path):
    lab = lab_starter(sample="bare", seed=25)
    with pytest.raises(NanoprobeError, match="short: the voltage fell"):
        run(lab, tmp_path / "run.zarr", "galvanostatic-cycling", cycles=5, density=8.0, interval=2)
    assert lab.lab.log.unsafe == []


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        pytest.param("symmetric", {"cell": "full"}, "the cell rests at .* that is no full cell", id="no cathode there"),
        pytest.param("lfp", {"cell": "symmetric"}, "that is no symmetric cell", id="a cathode there"),
        pytest.param(
            "symmetric", {"density": 200.0}, "cell current: 20 mA is beyond the bench's limit of 10 mA", id="current"
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_before_anything_is_stored_or_on(
    lab_starter, tmp_path, kind, parameters, says
):
    lab = lab_starter(cell=CellSettings(kind=kind))
    with pytest.raises((LimitExceeded, NanoprobeError), match=says):
        run(lab, tmp_path / "run.zarr", "galvanostatic-cycling", **parameters)
    assert not (tmp_path / "run.zarr").exists()
    assert not any(event["what"] == "cell" and event["state"] for event in lab.lab.events)


def test_a_hot_cell_ends_the_run(lab_starter, tmp_path):
    lab = lab_starter(sample="ppc", seed=26, temperature=340.0)
    with pytest.raises(Interlocked, match="the cell is at"):
        run(lab, tmp_path / "run.zarr", "galvanostatic-cycling", cycles=3, interval=60)


def test_open_circuit_and_cyclic_voltammetry_keep_every_sample(lab_starter, tmp_path):
    lab = lab_starter(sample="ppc", cell=FULL)
    with run(lab, tmp_path / "rest.zarr", "open-circuit", duration=30, interval=1) as stored:
        assert stored.tables["series"].sizes["sample"] == 30
        assert float(stored.tables["series"]["voltage"].std()) < 1e-3
    sweep = {"start": 3.3, "first": 3.5, "second": 3.3, "rate": 0.01, "scans": 2}
    with pytest.raises(NanoprobeError, match="leave nothing to sweep"):
        run(lab, tmp_path / "none.zarr", "cyclic-voltammetry", **{**sweep, "first": 3.3})
    with run(lab, tmp_path / "cv.zarr", "cyclic-voltammetry", **sweep) as stored:
        voltage = stored.tables["series"]["voltage"].values
        assert voltage.max() == pytest.approx(3.5)
        assert voltage.min() == pytest.approx(3.3)
