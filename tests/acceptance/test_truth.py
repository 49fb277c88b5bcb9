"""A seeded map of 100 points against what the simulated world knows to be true."""

import pytest
import xarray as xr

from nanoprobe import Plan, open_run
from nanoprobe.engine import execute
from nanoprobe.geometry import Order, visiting_order

RAMP_END = 6.0
SURGE = 0.05
"""A surge takes up to 90 ms from its trigger to the trip level, 45 mV at 0.5 V/s."""


def agrees(point: xr.Dataset, truth: float | None) -> bool:
    if float(point["triggered"]) == 1:
        low, high = abs(float(point["trigger_last_below"])), abs(float(point["trigger_first_above"]))
        return truth is not None and low - SURGE <= truth <= high
    return truth is None or truth > RAMP_END


@pytest.mark.timeout(240)
@pytest.mark.parametrize("sample", ["bare", "ppc"])
def test_at_least_99_of_100_brackets_hold_the_truth_and_censoring_is_exact(sample, lab_starter, tmp_path):
    lab = lab_starter(sample=sample, seed=1)
    outcome = execute(Plan(procedure="trigger-map", bench=str(lab.bench_file)), tmp_path / "run.zarr")
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as run:
        points = run.points.load()
    truth = lab.truth
    assert len(truth) == 100
    right, censored = 0, {"measured": 0, "true": 0}
    for index, known in zip(visiting_order(10, 10, Order.SERPENTINE, 0), truth, strict=True):
        voltage = known["trigger_voltage"]
        right += agrees(points.isel(point=index), voltage)
        censored["measured"] += int(points["triggered"][index] == 0)
        censored["true"] += int(voltage is None or voltage > RAMP_END)
    assert right >= 99
    assert censored["measured"] == censored["true"]
