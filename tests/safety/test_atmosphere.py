"""The glovebox's sensors are read at the controller; air that leaks in stops everything."""

from pathlib import Path

import pytest

from nanoprobe import Plan, open_run
from nanoprobe.bench import open_bench
from nanoprobe.engine import execute
from nanoprobe.errors import BadInput, Interlocked

INPUT_3 = 8
"""Index of the signal "Input 3 (V)"."""
SENSOR = """
[atmosphere]
oxygen = { channel = "oxygen", per_volt = 1e-6, limit = 5e-6 }
"""


def with_sensor(bench_file: Path, renamed: bool = True) -> Path:
    text = bench_file.read_text()
    if renamed:
        text = text.replace("[instruments.probe]", '[instruments.probe]\nchannels = { oxygen = "Input 3" }')
    bench_file.write_text(text + SENSOR)
    return bench_file


def test_good_air_lets_a_ramp_run(lab, tmp_path):
    lab.call(lambda: lab.lab.controller.signals.bind(INPUT_3, lambda: 0.5))
    plan = Plan(procedure="trigger-ramp", bench=str(with_sensor(lab.bench_file)))
    assert execute(plan, tmp_path / "run.zarr").status == "finished"


def test_air_in_the_glovebox_latches_the_interlock_before_anything_moves(lab):
    lab.call(lambda: lab.lab.controller.signals.bind(INPUT_3, lambda: 9.0))
    with pytest.raises(Interlocked, match=r"oxygen in the glovebox is 9 ppm, 5 ppm are allowed"):
        with open_bench(with_sensor(lab.bench_file)) as bench:
            bench.probe.approach(50e-9)
    assert not lab.lab.world.tip.in_contact


def test_air_that_leaks_in_during_a_map_ends_it_safely_with_its_points_kept(lab, tmp_path):
    world = lab.lab.world
    lab.call(lambda: lab.lab.controller.signals.bind(INPUT_3, lambda: 0.5 if world.now < 60 else 9.0))
    plan = Plan(
        procedure="trigger-map",
        bench=str(with_sensor(lab.bench_file)),
        parameters={"nx": 4, "ny": 4, "image_every": 0, "check_every": 0},
    )
    outcome = execute(plan, tmp_path / "run.zarr")
    assert (outcome.status, outcome.exit_status) == ("aborted", 3)
    assert "oxygen in the glovebox is 9 ppm" in str(outcome.error)
    assert not world.tip.in_contact
    assert world.source_voltage("source_meter") == 0
    with open_run(outcome.path) as run:
        assert 0 < run.points_committed < 16


def test_a_sensor_nobody_can_read_is_refused(lab):
    with pytest.raises(BadInput, match=r"\[atmosphere\] oxygen: the controller has no channel 'oxygen' in volts"):
        with open_bench(with_sensor(lab.bench_file, renamed=False)):
            pass
