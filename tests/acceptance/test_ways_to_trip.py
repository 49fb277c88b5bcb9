"""Each way to trip, chosen by bench and plan, through the run engine: recorded, right about the truth, bench left off."""

import pytest
import xarray as xr

from nanoprobe import Plan
from nanoprobe.engine import execute
from tests.acceptance.conftest import edited, unsafe

SURGE = 0.05
"""A surge takes up to 90 ms from its trigger to the trip level, 45 mV at 0.5 V/s."""
PYMEASURES_OWN = ('driver = "keithley2450"', 'driver = "pymeasure2450"')


def on_pymeasures_driver(lab) -> str:
    text = lab.bench_file.read_text(encoding="utf-8")
    (poll,) = [line for line in text.splitlines() if line.startswith("poll_interval")][:1]
    bench = edited(lab, *PYMEASURES_OWN)
    path = lab.bench_file.with_name("edited.toml")
    path.write_text(path.read_text(encoding="utf-8").replace(poll + "\n", "", 1), encoding="utf-8")
    return bench


def as_written(lab) -> str:
    return str(lab.bench_file)


WAYS = {
    "on the source-meter": ("source_meter", as_written, "source-meter"),
    "host loop": ("source_meter", as_written, "host"),
    "on the controller": ("probe", as_written, "controller"),
    "PyMeasure's own driver": ("source_meter", on_pymeasures_driver, "host"),
    "the best of the source-meter": ("source_meter", as_written, "auto"),
    "the best of the controller": ("probe", as_written, "auto"),
    "the best of PyMeasure's own driver": ("source_meter", on_pymeasures_driver, "auto"),
}
BEST = {
    "the best of the source-meter": "source-meter",
    "the best of the controller": "controller",
    "the best of PyMeasure's own driver": "host",
}


@pytest.mark.parametrize(("bias_source", "bench", "way"), WAYS.values(), ids=WAYS)
def test_a_ramp_trips_brackets_the_truth_and_says_who_tripped(bias_source, bench, way, lab_starter, tmp_path, request):
    lab = lab_starter(bias_source=bias_source, seed=2)
    plan = Plan(procedure="trigger-ramp", bench=bench(lab), parameters={"trip_way": way})
    outcome = execute(plan, tmp_path / "run.zarr")
    assert outcome.status == "finished", outcome.error
    with xr.open_zarr(outcome.path, group="points") as points:
        point = points.isel(point=0).load()
    meanings = dict(zip(point["way"].attrs["flag_values"], point["way"].attrs["flag_meanings"].split(), strict=True))
    assert meanings[int(point["way"])] == BEST.get(request.node.callspec.id, way)
    low, high = (abs(float(point[name])) for name in ("trigger_last_below", "trigger_first_above"))
    (spot,) = lab.truth
    assert low - SURGE <= spot["trigger_voltage"] <= high
    assert float(point["tripped"]) == 1
    assert 0 <= float(point["trip_latency"]) < 0.5
    assert float(point["overshoot"]) >= 0
    assert float(point["charge_after_trigger"]) < 0  # cathodic
    assert unsafe(lab) == ["tip of probe: engaged"]  # a run that ends well leaves the tip in contact


@pytest.mark.parametrize(
    ("bias_source", "way", "words"),
    [
        pytest.param(
            "source_meter", "controller", "trips by source-meter or host", id="controller, source-meter biases"
        ),
        pytest.param("probe", "source-meter", "trips by controller", id="source-meter, controller biases"),
    ],
)
def test_a_way_the_wiring_does_not_have_is_bad_usage(bias_source, way, words, lab_starter, tmp_path, nanoprobe):
    lab = lab_starter(bias_source=bias_source)
    said = nanoprobe(
        *("run", "trigger-ramp", "--bench", str(lab.bench_file), "--set", f"trip_way={way}"),
        *("--out", str(tmp_path / "run.zarr")),
    )
    assert said.status == 2
    assert words in said.line
    assert not (tmp_path / "run.zarr").exists()
    assert unsafe(lab) == []
