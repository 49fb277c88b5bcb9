"""Growth on the simulated lab, held against what the world knows of the lithium under the tip."""

from typing import Any

import numpy as np
import pytest

from nanoprobe.errors import BadInput, LimitExceeded
from procedures.chrono_growth import ChronoGrowth
from procedures.growing import STOP_LATENCY, Ended, equivalent_radius


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


def test_the_charge_stop_ends_growth_at_a_constant_bias(session):
    lab = session(seed=3)
    run = lab.run("chrono-growth", bias=-5.0, charge_stop=20e-12, stop_current=19e-9)
    growth = scalars(run, "growth")
    assert growth["ended"] == Ended.CHARGE
    assert 20e-12 <= -growth["charge"] <= 20e-12 + 20e-9 * STOP_LATENCY
    assert lab.contact.charge < 20e-12 + 20e-9 * STOP_LATENCY


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
