"""Healing on the simulated lab, held against what the world has stripped of the lithium under the tip."""

import numpy as np
import pytest

from nanoprobe.errors import BadInput
from procedures.healing import Over

PLATED = {
    "a constant current": ("galvano-growth", {"current": 100e-12, "charge_stop": 300e-12, "sample_rate": 100.0}),
    "a constant bias": (
        "chrono-growth",
        {"bias": -4.0, "charge_stop": 100e-12, "compliance": 5e-9, "stop_current": 4e-9},
    ),
    "a trigger": ("trigger-ramp", {"rate": 2.0, "sample_rate": 400.0, "trip_current": 5e-9}),
}
"""What leaves lithium at a spot: necks of gigaohms and of megaohms, for a neck is as thin as its growth was gentle."""
MODES = {
    "hold": {"mode": "hold", "bias": 1.5, "hold_time": 200.0},
    "ramp": {"mode": "ramp", "bias": 1.0, "rate": 0.2},
    "fast ramp": {"mode": "ramp", "bias": 1.5, "rate": 1.0},
}


def healed(lab, plated, mode):
    """Plate, heal, and return the last row of table `heal`, the run, and what the world knows of the spot."""
    procedure, given = PLATED[plated]
    lab.run(procedure, **given)
    truth = lab.contact
    run = lab.run("heal", growth_run=str(lab.path), sample_rate=100.0, **MODES[mode])
    return {name: float(column[-1]) for name, column in run.tables["heal"].items()}, run, truth


def holds(heal, truth):
    """Hold what was reported of a heal against the world."""
    assert abs(heal["efficiency"] - truth.stripped / truth.charge) < 2 * heal["efficiency_error"]
    assert abs(heal["stripped"] - truth.stripped) < 2 * heal["stripped_error"]
    assert heal["passed"] == pytest.approx(heal["stripped"] + heal["leaked"])
    assert truth.stripped + truth.healed + truth.left == pytest.approx(truth.efficiency * truth.charge)
    assert heal["ended"] in (Over.CURRENT, Over.CHARGE)
    assert heal["r_after"] > 10 * heal["r_before"]


@pytest.mark.parametrize(("seed", "mode"), [(3, "hold")])
def test_after_growth_at_a_constant_current_the_efficiency_is_known_to_a_tenth(session, seed, mode):
    heal, _, truth = healed(session(seed=seed), "a constant current", mode)
    holds(heal, truth)
    assert heal["efficiency_error"] < 0.1


@pytest.mark.parametrize(("plated", "mode"), [("a constant bias", "ramp"), ("a trigger", "hold")])
def test_where_the_neck_leaks_much_the_efficiency_says_how_little_is_known(session, plated, mode):
    heal, _, truth = healed(session(seed=3), plated, mode)
    holds(heal, truth)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("plated", PLATED)
@pytest.mark.parametrize("seed", [1, 2, 3])  # these trigger at -4 V
def test_the_efficiency_is_the_spots_own_within_its_uncertainty(session, seed, plated, mode):
    heal, _, truth = healed(session(seed=seed), plated, mode)
    holds(heal, truth)


def test_a_ramp_breaks_the_neck_on_its_way_and_check_ramps_show_it_before_and_its_gap_after(session):
    heal, run, truth = healed(session(seed=5), "a constant current", "ramp")
    holds(heal, truth)
    assert heal["efficiency_error"] < 0.1
    series, checks = run.tables["series"].load(), run.tables["check_ramps"].load()
    bias = series["bias"].values
    assert np.max(np.diff(bias)) < 2 * 0.2 / 100  # it rises a step of the ramp at a time
    assert bias.max() == pytest.approx(MODES["ramp"]["bias"], abs=0.05)
    formed, broke = truth.filament.history
    assert broke.kind in ("stripped", "reset")
    assert heal["leaked"] > 0
    assert checks["after"].values.tolist() == [0] * 5 + [1] * 5
    np.testing.assert_allclose(checks["bias"], np.tile([-0.02, -0.04, -0.06, -0.08, -0.1], 2), atol=1e-3)
    assert heal["r_before"] == pytest.approx(formed.resistance, rel=0.15)
    assert not heal["before_below"]
    assert bool(heal["after_below"]) or heal["r_after"] == pytest.approx(broke.resistance, rel=0.5)


def test_a_check_at_0_v_is_refused_before_anything_moves(session):
    lab = session(seed=3)
    lab.run("galvano-growth", charge_stop=300e-12)
    before = len(lab.lab.lab.events)
    with pytest.raises(BadInput, match="check_bias 0 V shows no resistance: use 1 mV or more, of either sign"):
        lab.run("heal", growth_run=str(lab.path), check_bias=0.0)
    assert len(lab.lab.lab.events) == before


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
