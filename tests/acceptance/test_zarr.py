"""A run opens as plain Zarr in xarray: dimensions, coordinates, units, and no warning (which would be an error here)."""

import math

import numpy as np
import pytest
import xarray as xr

from nanoprobe import Plan
from nanoprobe.engine import execute

SMALL = {
    "nx": 2,
    "ny": 2,
    "image_every": 4,
    "image_pixels": 16,
    "min_confidence": 0.0,
    "check_every": 4,
    "check_dwell": 0.02,
    "map_first": True,
    "map_pixels": 16,
}
FIXED = {
    "points": {
        "x": "m",
        "y": "m",
        "triggered": "1",
        "trigger_last_below": "V",
        "trigger_first_above": "V",
        "charge": "C",
        "charge_after_trigger": "C",
        "overshoot": "A",
        "trip_latency": "s",
        "attempt": "1",
        "drift_x": "m",
        "drift_confidence": "1",
    },
    "ramps": {"time": "s", "bias": "V", "bias_source": "V", "current": "A", "n_samples": "1"},
    "frames/0": {"x": "m", "y": "m", "height": "m"},
    "frames/1": {"x": "m", "y": "m", "height": "m", "current": "A"},
    "checks": {"contact_resistance": "ohm", "force": "N"},
}
DIMENSIONS = {
    "points": {"point": 4},
    "ramps": {"point": 4, "sample": 606},
    "frames/0": {"direction": 2, "y": 16, "x": 16},
    "frames/1": {"direction": 2, "y": 16, "x": 16},
    "checks": {"check": 1},
}
COORDINATES = {"points": {"x", "y"}, "frames/0": {"x", "y", "direction"}, "frames/1": {"x", "y", "direction"}}


@pytest.fixture(scope="module")
def run_path(tmp_path_factory):
    from tests.conftest import start_lab

    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NANOPROBE_STATE", str(folder / "state"))
        lab = start_lab(folder / "lab", seed=1)
        try:
            plan = Plan(
                procedure="trigger-map",
                bench=str(lab.bench_file),
                sample="pellet 7",
                operator="A. Person",
                parameters=SMALL,
            )
            outcome = execute(plan, folder / "run.zarr")
        finally:
            lab.stop()
    assert outcome.status == "finished", outcome.error
    return outcome.path


def test_the_root_describes_the_run(run_path):
    with xr.open_zarr(run_path) as root:
        attrs = root.attrs
    assert (attrs["schema"], attrs["status"], attrs["simulated"]) == ("nanoprobe-run/1", "finished", True)
    assert (attrs["procedure"], attrs["sample"], attrs["operator"]) == ("trigger-map", "pellet 7", "A. Person")
    assert "MODEL 2450" in attrs["identities"]["source_meter"]
    assert attrs["tip"]["identity"] == "simulated PtIr tip"
    assert "plating negative" in attrs["sign_convention"]
    assert len(attrs["plan_sha256"]) == 64
    assert attrs["started"].endswith("+00:00")
    assert attrs["ended"].endswith("+00:00")
    assert attrs["bench"]["bench"]["wiring"]["bias_applied_to"] == "sample"


@pytest.mark.parametrize("group", FIXED)
def test_a_group_has_dimensions_coordinates_and_units(run_path, group):
    with xr.open_zarr(run_path, group=group) as dataset:
        assert dict(dataset.sizes) == DIMENSIONS[group]
        assert COORDINATES.get(group, set()) <= set(dataset.coords)
        assert {name: dataset[name].attrs["units"] for name in FIXED[group]} == FIXED[group]


def test_every_number_has_a_unit_or_says_what_its_codes_mean(run_path):
    for group in (*FIXED, "frames/2"):
        with xr.open_zarr(run_path, group=group) as dataset:
            for name, array in dataset.variables.items():
                if array.dtype.kind in "fiu":
                    assert {"units", "flag_meanings"} & array.attrs.keys(), (group, name)


def test_a_ramp_is_nan_past_its_end_and_only_there(run_path):
    with xr.open_zarr(run_path, group="ramps") as ramps:
        for point in range(ramps.sizes["point"]):
            one, length = ramps.isel(point=point).load(), int(ramps["n_samples"][point])
            for name in ("time", "bias", "bias_source", "current"):
                assert np.isfinite(one[name][:length]).all()
                assert np.isnan(one[name][length:]).all()
            assert (np.diff(one["time"][:length]) > 0).all()


def test_plating_and_its_current_are_negative(run_path):
    with xr.open_zarr(run_path, group="points") as points:
        low, high = points["trigger_last_below"].values, points["trigger_first_above"].values
        assert (points["triggered"] == 1).all()
    assert (high < low).all()
    assert (low < 0).all()
    with xr.open_zarr(run_path, group="ramps") as ramps:
        last = int(ramps["n_samples"][0]) - 1
        assert float(ramps["current"][0, last]) < -1e-9
        source, bias = float(ramps["bias_source"][0, last]), float(ramps["bias"][0, last])
        assert source > 0  # applied to the sample
        drop = 10e6 * abs(float(ramps["current"][0, last]))
        assert math.isclose(bias, -(source - drop), rel_tol=1e-6)
