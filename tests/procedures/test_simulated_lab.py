"""The procedures on the simulated lab, over the instruments' real protocols."""

import logging
from threading import Thread

import pandas as pd
import pytest
from pymeasure.experiment import Procedure, Results, Worker

from nanoprobe.bench import open_bench
from procedures.contact_check import ContactCheck
from procedures.current_map import CurrentMap
from procedures.trigger_map import TriggerMap
from procedures.trigger_ramp import TriggerRamp

SURGE = 0.05
"""Bias (V) the ramp goes on by while the surge takes its time to the trip level."""


def test_a_map_brackets_the_true_trigger_voltage_of_the_spots_it_ramped(lab_starter, engine):
    lab = lab_starter(seed=3)
    with open_bench(lab.bench_file) as bench:
        engine.run(TriggerMap(nx=3, ny=3, image_every=5, image_pixels=32, check_every=4), bench)
    ramps, truth = engine.of("ramp"), lab.truth
    assert len(ramps) == len(truth) == 9
    for done, spot in zip(ramps, truth, strict=True):
        low, high = sorted(-done.values[name] for name in ("trigger_last_below", "trigger_first_above"))
        assert low - SURGE <= spot["trigger_voltage"] <= high, (done.point, spot)
        assert done.way == "source-meter"
    assert [check.passed for check in engine.of("check")] == [True] * 3


def test_censored_points_are_those_whose_trigger_lies_beyond_the_ramp(lab_starter, engine):
    lab = lab_starter(seed=3)
    with open_bench(lab.bench_file) as bench:
        engine.run(TriggerMap(nx=3, ny=3, stop_bias=-4.0, image_every=0, check_every=0), bench)
    triggered = [bool(done.values["triggered"]) for done in engine.of("ramp")]
    assert triggered == [spot["trigger_voltage"] is not None and spot["trigger_voltage"] <= 4.0 for spot in lab.truth]
    assert len(set(triggered)) == 2


@pytest.mark.parametrize("way", ["source-meter", "host"])
def test_every_way_to_trip_gives_a_bracket_and_is_recorded(lab_starter, engine, way):
    procedure = TriggerRamp(trip_way=way)
    with open_bench(lab_starter().bench_file) as bench:
        engine.run(procedure, bench)
    (done,) = engine.of("ramp")
    assert procedure.tip_log.record.spring_constant == 40
    assert done.way == way
    assert done.values["triggered"] == 1


def test_a_controller_that_biases_trips_by_its_own_safe_condition(lab_starter, engine):
    lab = lab_starter(bias_source="probe")
    with open_bench(lab.bench_file) as bench:
        engine.run(TriggerRamp(trip_way="controller"), bench)
    (done,) = engine.of("ramp")
    assert done.way == "controller"
    low, high = sorted(-done.values[name] for name in ("trigger_last_below", "trigger_first_above"))
    assert low - SURGE <= lab.truth[0]["trigger_voltage"] <= high


def test_the_same_seed_and_commands_give_the_same_data_twice(lab_starter):
    from_first, from_second = (_ramps(lab_starter(seed=5)) for _ in range(2))
    assert from_first == from_second


def _ramps(lab):
    collected = []
    procedure = TriggerMap(nx=2, ny=1, image_every=1, image_pixels=16, check_every=1)
    procedure.emit = lambda topic, record: collected.append(record) if topic == "ramp" else None
    procedure.should_stop = lambda: False
    with open_bench(lab.bench_file) as bench:
        procedure.lab = bench
        procedure.startup()
        procedure.execute()
        procedure.shutdown()
    return [
        (done.point, done.bias.tobytes(), done.current.tobytes(), repr(sorted(done.values.items())))
        for done in collected
    ]


@pytest.mark.parametrize(
    ("cls", "values", "rows"),
    [
        pytest.param(ContactCheck, {}, 1, id="contact check"),
        pytest.param(CurrentMap, {"pixels": 32}, 32, id="current map"),
        pytest.param(TriggerRamp, {}, 1, id="trigger ramp"),
        pytest.param(TriggerMap, {"nx": 2, "ny": 2, "image_every": 3, "image_pixels": 32}, 4, id="trigger map"),
    ],
)
def test_each_runs_unchanged_under_pymeasures_worker_and_results(lab_starter, tmp_path, cls, values, rows):
    procedure = cls(bench=str(lab_starter().bench_file), **values)
    worker = Worker(Results(procedure, str(tmp_path / "out.csv")), log_level=logging.WARNING)
    worker.start()
    Thread.join(worker, 40)
    assert procedure.status == Procedure.FINISHED
    table = pd.read_csv(tmp_path / "out.csv", comment="#")
    assert len(table) == rows
    assert list(table.columns) == cls.DATA_COLUMNS
