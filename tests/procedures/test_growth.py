"""Growth and healing on the simulated lab, held against what the world knows of the lithium under the tip."""

from typing import Any

import numpy as np
import pytest

from nanoprobe.control import RunControl
from nanoprobe.errors import BadInput, LimitExceeded
from nanoprobe.events import Events, Recorded
from procedures.chrono_growth import ChronoGrowth
from procedures.growing import Ended, equivalent_radius
from procedures.heal import Over


def scalars(run: Any, table: str) -> dict[str, float]:
    return {name: float(values[-1]) for name, values in run.tables[table].items()}


def test_the_charge_at_a_constant_bias_is_what_the_world_has_plated_and_the_stop_current_ends_it(session):
    lab = session(seed=3)
    run = lab.run("chrono-growth", bias=-6.0, sample_rate=400.0)
    growth, series = scalars(run, "growth"), run.tables["series"]
    assert growth["ended"] == Ended.CURRENT
    assert -growth["charge"] == pytest.approx(
        lab.contact.charge, abs=2 * growth["charge_error"] + 0.1 * lab.contact.charge
    )
    assert growth["radius"] == equivalent_radius(growth["charge"])
    assert float(series["charge"][-1]) == growth["charge"]
    assert growth["peak_current"] == float(np.abs(series["current"]).max())
    assert "the instrument runs the growth and takes its samples" in run.notes
    assert float(run.points["charge"][0]) == growth["charge"]


def test_the_charge_stop_ends_growth_at_a_constant_current(session):
    lab = session(seed=3)
    run = lab.run("galvano-growth", current=200e-12, charge_stop=200e-12)
    growth, series = scalars(run, "growth"), run.tables["series"]
    assert growth["ended"] == Ended.CHARGE
    assert 200e-12 <= -growth["charge"] <= 200e-12 + 200e-12 * 1.0
    assert -growth["charge"] == pytest.approx(lab.contact.charge, rel=0.1)
    bias = series["bias"].values
    assert bias.min() == pytest.approx(bias[:5].min())  # the dip of nucleation comes first, then the plateau
    assert -1.0 < bias[-1] < -0.1


def test_a_current_that_cannot_be_held_below_the_voltage_limit_ends_growth(session):
    run = session(seed=3).run("galvano-growth", voltage_limit=0.5, duration=20.0)
    assert scalars(run, "growth")["ended"] == Ended.VOLTAGE


def test_growth_that_does_not_start_is_stored_as_such(session):
    run = session(seed=3).run("chrono-growth", bias=-0.5, duration=2.0)
    growth = scalars(run, "growth")
    assert growth["ended"] == Ended.TIME
    assert abs(growth["charge"]) < 5 * growth["charge_error"]


@pytest.mark.parametrize(("seed", "mode"), [(3, "hold"), (5, "ramp")])
def test_the_coulombic_efficiency_is_the_spots_own_within_its_uncertainty(session, seed, mode):
    lab = session(seed=seed)
    lab.run("galvano-growth", current=100e-12, charge_stop=300e-12)
    truth = lab.contact
    run = lab.run("heal", growth_run=str(lab.path), mode=mode, bias=1.5, rate=0.5, hold_time=200.0)
    heal = scalars(run, "heal")
    assert heal["ended"] in (Over.CURRENT, Over.CHARGE)
    assert abs(heal["efficiency"] - truth.stripped / truth.charge) < 2 * heal["efficiency_error"]
    assert heal["stripped"] == pytest.approx(truth.stripped, abs=2 * heal["stripped_error"])
    assert truth.stripped + truth.healed + truth.left == pytest.approx(truth.efficiency * truth.charge)
    assert heal["r_after"] > 10 * heal["r_before"]


@pytest.mark.parametrize("what", ["none", "missing", "no growth", "too little"])
def test_a_heal_before_any_growth_is_refused_before_anything_moves(session, tmp_path, what):
    lab = session(seed=3)
    growth_run, text = {
        "none": ("", "growth_run is empty: a heal needs the run that has grown something at the spot"),
        "missing": (str(tmp_path / "none.zarr"), "none.zarr does not exist"),
        "no growth": ("", "has grown nothing: it is a contact-check run"),
        "too little": ("", "has grown nothing that can be told from zero"),
    }[what]
    if what == "no growth":
        lab.run("contact-check", reference_pad=False)
    elif what == "too little":
        lab.run("chrono-growth", bias=-0.3, duration=1.0)
    before = len(lab.lab.lab.events)
    with pytest.raises(BadInput, match=text):
        lab.run("heal", growth_run=growth_run or (str(lab.path) if what not in ("none", "missing") else ""))
    assert len(lab.lab.lab.events) == before


def test_an_abort_in_the_middle_of_growth_leaves_the_bench_safe_and_the_samples_kept(session):
    lab, control, events = session(seed=3), RunControl(), Events()

    def stop(event: Any) -> None:
        if isinstance(event, Recorded) and event.topic == "rows":
            control.abort("a test")

    events.event.connect(stop)
    run = lab.run("chrono-growth", status="aborted", control=control, events=events, bias=-0.5)
    world = lab.lab.lab.world
    assert lab.lab.call(lambda: (world.source_voltage("source_meter"), world.tip.in_contact)) == (0.0, False)
    assert 0 < run.tables["series"].sizes["sample"] < 12_000
    assert run.tables["growth"].sizes["spot"] == 0


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"stop_current": 30e-9}, BadInput, "stop_current 30 nA must lie below compliance 20 nA"),
        ({"bias": -9.0}, BadInput, "bias = -9.0 is not allowed: a number from -8 V to 0 V"),
        ({"charge_stop": 1e-6}, BadInput, "charge_stop = 1e-06 is not allowed"),
        ({"stop_current": 200e-9}, BadInput, "stop_current = 2e-07 is not allowed"),
        ({"compliance": 1e-6, "charge_stop": 99e-9}, LimitExceeded, "charge per point"),
    ],
    ids=["never stops", "bias", "charge", "current", "charge bound"],
)
def test_growth_that_cannot_be_is_refused_before_anything_moves(session, values, error, text):
    lab = session()
    before = len(lab.lab.lab.events)
    with pytest.raises(error, match=text):
        lab.run("chrono-growth", **values)
    assert len(lab.lab.lab.events) == before


def test_the_outlook_bounds_the_charge_by_the_charge_stop():
    from nanoprobe.wiring import Wiring

    ahead = ChronoGrowth().foresee(Wiring())
    assert ahead.charge == pytest.approx(1e-9 + 20e-9 * 1.0)
    assert (ahead.bias_min, ahead.bias_max) == (-3.0, 0.0)
