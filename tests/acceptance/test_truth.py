"""A seeded map of 100 points against what the simulated world knows to be true."""

import pytest
import xarray as xr

from nanoprobe import Plan, open_run
from nanoprobe.engine import execute
from nanoprobe.geometry import Order, visiting_order

RAMP_END = 6.0
SURGE = 0.05
"""A surge takes up to 90 ms from its trigger to the trip level, 45 mV at 0.5 V/s."""


def reached(truth: float | None) -> bool:
    """Whether a spot triggers within the ramp."""
    return truth is not None and truth <= RAMP_END


def holds(point: xr.Dataset, truth: float | None) -> bool:
    """Whether the bracket of a point holds its true trigger voltage; a censored point has none within the ramp."""
    if float(point["triggered"]) != 1:
        return not reached(truth)
    low, high = (abs(float(point[name])) for name in ("trigger_last_below", "trigger_first_above"))
    return truth is not None and low - SURGE <= truth <= high


@pytest.mark.timeout(240)
@pytest.mark.parametrize("sample", ["bare", "ppc"])
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))])
def test_at_least_99_of_100_brackets_hold_the_truth_and_censoring_is_exact(sample, seed, lab_starter, tmp_path):
    lab = lab_starter(sample=sample, seed=seed)
    outcome = execute(Plan(procedure="trigger-map", bench=str(lab.bench_file)), tmp_path / "run.zarr")
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as run:
        points = run.points.load()
    # The lab writes a line at the spot where the tip really is, in the order of the visits.
    visits = [int(index) for index in visiting_order(10, 10, Order.SERPENTINE, 0)]
    truth = {index: line["trigger_voltage"] for index, line in zip(visits, lab.truth, strict=True)}
    assert sum(holds(points.isel(point=index), known) for index, known in truth.items()) >= 99
    censored = {index for index in visits if float(points["triggered"][index]) == 0}
    assert censored == {index for index, known in truth.items() if not reached(known)}
