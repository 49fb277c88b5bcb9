"""The ramp that is looked at, while others come and go."""

from pathlib import Path

import numpy as np
import pytest

from gui.ramp_model import MOST_KEPT, RampModel, signed_log
from nanoprobe.events import Recorded, RunStarted
from nanoprobe.records import PointBegin, RampDone, Samples

RUN = Path("a.zarr")


def samples(point: int, count: int) -> Recorded:
    series = np.arange(count, dtype=np.float64)
    return Recorded("samples", Samples(point=point, time=series, bias=-series, bias_source=series, current=-series))


def done(point: int, trigger: float = -3.0) -> Recorded:
    bias = np.linspace(0, -4, 41)
    values = {"triggered": 1.0, "trigger_last_below": trigger + 0.1, "trigger_first_above": trigger, "charge": -1e-9}
    ramp = RampDone(
        point=point, time=np.arange(41.0), bias=bias, bias_source=-bias, current=-bias, values=values, way="host"
    )
    return Recorded("ramp", ramp)


@pytest.fixture
def model() -> RampModel:
    made = RampModel()
    made.take(RunStarted(RUN, "TriggerMap"))
    return made


def test_samples_grow_and_the_verdict_replaces_them(model: RampModel) -> None:
    model.take(Recorded("point", PointBegin(index=0, x=0.0, y=0.0)))
    model.take(samples(0, 3))
    model.take(samples(0, 4))
    assert model.shown is not None
    assert len(model.shown.time) == 7
    assert model.shown.verdict() == "point 0: running, 7 samples"
    model.take(done(0))
    assert model.shown.verdict() == "point 0: triggered between -2.9 V and -3 V, charge -1 nC"
    assert model.shown.trigger_time == 30.0


def test_the_view_follows_the_running_ramp_until_another_is_chosen(model: RampModel) -> None:
    for point in (0, 1):
        model.take(Recorded("point", PointBegin(index=point, x=0.0, y=0.0)))
        model.take(done(point))
    assert model.looked_at == 1
    model.look_at(0)
    model.take(Recorded("point", PointBegin(index=2, x=0.0, y=0.0)))
    model.take(samples(2, 3))
    assert model.looked_at == 0
    model.follow_live()
    assert model.looked_at == 2
    assert [ramp.point for ramp in model.behind()] == [1, 0] or [ramp.point for ramp in model.behind()] == [0, 1]


def test_a_ramp_begun_without_samples_leaves_the_last_one_in_view(model: RampModel) -> None:
    model.take(done(0))
    model.take(Recorded("point", PointBegin(index=1, x=0.0, y=0.0)))
    assert model.shown is not None
    assert model.shown.point == 0


def test_a_ramp_that_left_memory_is_asked_for_and_taken(model: RampModel) -> None:
    wanted: list[tuple[Path, int]] = []
    model.wanted.connect(lambda run, point: wanted.append((run, point)))
    for point in range(MOST_KEPT + 3):
        model.take(done(point))
    model.look_at(1)
    assert wanted == [(RUN, 1)]
    assert model.shown is None


def test_steps_go_from_ramp_to_ramp_and_stop_at_the_ends(model: RampModel) -> None:
    for point in (2, 5, 9):
        model.take(done(point))
    seen = []
    for by in (-1, -1, -1, 1, 1, 1):
        model.step(by)
        seen.append(model.looked_at)
    assert seen == [5, 2, 2, 5, 9, 9]


@pytest.mark.parametrize(
    ("current", "expected"),
    [(1e-12, 0.0), (-1e-9, -3.0), (1e-6, 6.0), (-1e-15, 0.0), (0.0, 0.0)],
    ids=["floor", "cathodic", "anodic", "below the floor", "zero"],
)
def test_the_signed_logarithm_counts_decades_above_the_floor(current: float, expected: float) -> None:
    assert signed_log(np.array([current]), 1e-12)[0] == pytest.approx(expected)
