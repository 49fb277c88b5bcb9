"""The world: sources and signs, contact, ramps, truth, images, determinism."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from sim_instruments.drift import DriftSettings
from sim_instruments.world import World, WorldSettings

STILL = DriftSettings(rate=0.0, walk=0.0)


def land(world: World, x: float = 0.0, y: float = 0.0, force: float = 50e-9) -> None:
    """Lift, move, land at bias 0."""
    world.set_source("source_meter", 0.0)
    world.feedback(False, 0.0)
    world.set_z(world.tip.z + 500e-9)
    world.place(x, y)
    world.feedback(True, force)
    for _ in range(4):
        world.advance(world.now + 0.05)


def ramp(world: World, stop: float = 6.0, trip: float = 1e-9, step: float = 0.01) -> list[tuple[float, float]]:
    """Ramp the source-meter at 0.5 V/s until `trip`; return bias and current at every step."""
    samples = []
    start = world.now
    for count in range(1, round(stop / step) + 1):
        volts = count * step
        world.set_source("source_meter", volts, 10e-9)
        world.advance(start + 0.02 * count)
        samples.append((volts, world.source_current("source_meter")))
        if samples[-1][1] >= trip:
            break
    world.set_source("source_meter", 0.0)
    return samples


def landed(**settings: Any) -> World:
    world = World(WorldSettings(**settings))
    land(world)
    return world


def test_starts_withdrawn_without_current() -> None:
    world = World()
    world.advance(1.0)
    assert not world.tip.in_contact
    assert world.source_current("source_meter") == 0.0
    assert world.tip.force == 0.0


def test_landing_reaches_the_setpoint() -> None:
    world = landed()
    assert world.tip.in_contact
    assert world.tip.force == pytest.approx(50e-9, rel=1e-6)
    assert 0.0 < world.surface_height(0.0, 0.0) - world.tip.z < 2e-9


def test_drift_changes_the_force_once_feedback_is_off() -> None:
    world = landed(drift=DriftSettings(rate=2e-9 / 60.0, walk=0.0))
    world.feedback(False, 0.0)
    world.advance(world.now + 12.0)
    # 0.4 nm on 40 N/m is 16 nN; the contact's own compliance takes a little of it.
    assert abs(world.tip.force - 50e-9) == pytest.approx(14.5e-9, rel=0.1)


def test_adhesion_holds_the_tip_a_little_above_the_surface() -> None:
    world = landed(drift=STILL)
    world.feedback(False, 0.0)
    height = world.surface_height(0.0, 0.0)
    world.set_z(height + 0.1e-9)
    assert world.tip.in_contact
    assert world.tip.force < 0.0
    world.set_z(height + 2e-9)
    assert not world.tip.in_contact


@pytest.mark.parametrize("applied_to", ["sample", "tip"])
def test_plating_current_has_the_labs_signs(applied_to: str) -> None:
    world = landed(sample="ppc", bias_applied_to=applied_to, seed=2)
    plating = 3.0 if applied_to == "sample" else -3.0
    world.set_source("source_meter", plating)
    world.advance(world.now + 5.0)
    assert math.copysign(1.0, world.source_current("source_meter")) == math.copysign(1.0, plating)
    assert world.preamp_current() > 1e-12


def test_sources_add_up() -> None:
    one, two = landed(sample="ppc"), landed(sample="ppc")
    one.set_source("source_meter", 4.0)
    two.set_source("source_meter", 3.0)
    two.set_source("probe", 1.0)
    for world in (one, two):
        world.advance(world.now + 2.0)
    assert two.source_current("probe") == one.source_current("source_meter")


def test_high_impedance_lets_no_current_flow() -> None:
    world = landed(sample="ppc")
    world.set_source("probe", 3.0)
    world.set_source("source_meter", None)
    world.advance(world.now + 1.0)
    assert world.preamp_current() == 0.0


def test_compliance_clamps_and_the_terminals_give_way() -> None:
    world = landed(sample="ppc")
    world.set_source("source_meter", 5.0, 10e-12)
    world.advance(world.now + 2.0)
    assert world.clamped("source_meter")
    assert not world.clamped("probe")
    assert world.source_current("source_meter") == pytest.approx(10e-12)
    assert 0.5 < world.source_voltage("source_meter") < 5.0


def test_clamped_surge_lowers_the_voltage() -> None:
    world = landed(seed=1)
    ramp(world, trip=math.inf)
    world.set_source("source_meter", 6.0, 10e-9)
    world.advance(world.now + 0.5)
    assert world.clamped("source_meter")
    assert world.source_voltage("source_meter") < 3.0


def test_staircase_shows_the_displacement_current_of_its_ramp() -> None:
    world = landed(drift=STILL)
    samples = ramp(world, stop=0.5)
    assert samples[-1][1] == pytest.approx(0.5e-12, rel=0.15)


@pytest.mark.parametrize(("sample", "seed"), [("bare", 1), ("ppc", 1)])
def test_trigger_lies_in_the_ramps_bracket(sample: str, seed: int) -> None:
    truths: list[dict[str, Any]] = []
    world = World(WorldSettings(seed=seed, sample=sample))
    world.truth = truths.append
    outcomes = []
    for index in range(100):
        x, y = (index % 10 - 4.5) * 1e-6, (index // 10 - 4.5) * 1e-6
        truths.clear()
        land(world, x, y)
        samples = ramp(world)
        true = truths[0]["trigger_voltage"]
        assert len(truths) == 1
        assert math.hypot(truths[0]["x"] - x, truths[0]["y"] - y) < 100e-9
        last, first = samples[-1][0] - 0.01, samples[-1][0]
        triggered = samples[-1][1] >= 1e-9
        reached = true is not None and true <= 6.0
        outcomes.append(last - 0.05 <= true <= first if triggered and reached else triggered == reached)
    assert outcomes.count(True) >= 99


def test_truth_names_the_voltage_of_this_ramps_rate() -> None:
    volts = []
    for rate in (0.5, 5.0):
        truths: list[dict[str, Any]] = []
        world = landed(seed=4, drift=STILL)
        world.truth = truths.append
        start = world.now
        for count in range(1, 100):
            world.set_source("source_meter", 0.01 * count)
            world.advance(start + 0.01 * count / rate)
        volts.append(truths[0]["trigger_voltage"])
        assert set(truths[0]) == {"t", "x", "y", "site", "trigger_voltage"}
    assert volts[1] > volts[0]


def test_triggered_spot_is_no_longer_pristine() -> None:
    truths: list[dict[str, Any]] = []
    world = landed(seed=1, drift=STILL)
    world.truth = truths.append
    ramp(world)
    land(world)
    ramp(world)
    assert truths[1]["trigger_voltage"] < 0.5 * truths[0]["trigger_voltage"]
    assert truths[1]["site"] == truths[0]["site"]


def test_spot_that_did_not_trigger_repeats() -> None:
    truths: list[dict[str, Any]] = []
    world = landed(seed=1, drift=STILL)
    world.truth = truths.append
    for _ in range(2):
        ramp(world, stop=1.0)
        land(world)
    assert truths[0]["trigger_voltage"] == pytest.approx(truths[1]["trigger_voltage"], rel=1e-9)


def test_reading_changes_nothing() -> None:
    quiet, watched = landed(seed=6), landed(seed=6)
    for world in (quiet, watched):
        start = world.now
        for count in range(1, 400):
            world.set_source("source_meter", 0.015 * count, 10e-9)
            if world is watched:
                world.preamp_current()
                world.source_voltage("probe")
                world.noise("any", world.now)
                world.surface_height(1e-6, 1e-6)
            world.advance(start + 0.02 * count)
    assert watched.source_current("source_meter") == quiet.source_current("source_meter")
    assert watched.tip == quiet.tip


def image(world: World, pixels: int, size: float, centre: tuple[float, float]) -> tuple[Any, Any, Any, Any]:
    """Scan at 0.5 Hz; return x and y (sample frame), height and current."""
    step = size / pixels
    x = centre[0] + (np.arange(pixels) - pixels / 2) * step
    rows = []
    for row in range(pixels):
        y = np.full(pixels, centre[1] + (row - pixels / 2) * step)
        signals = world.image_line(x, y, world.now + np.arange(pixels) / pixels)
        rows.append((x, y, signals.height, signals.current))
        world.advance(world.now + 2.0)
    columns = tuple(np.array([row[column] for row in rows]) for column in range(4))
    return columns[0], columns[1], columns[2], columns[3]


@pytest.mark.parametrize("sample", ["bare", "ppc"])
def test_boundaries_stand_out_of_a_current_map(sample: str) -> None:
    world = landed(seed=3, sample=sample, drift=STILL)
    world.set_source("source_meter", 0.2)
    world.advance(world.now + 5.0)
    x, y, _, current = image(world, 128, 128 * 20e-9, (0.0, 0.0))
    edges = world.surface.grains.boundaries(x.ravel(), y.ravel())
    distance, u = edges.distance.reshape(x.shape), edges.misorientation.reshape(x.shape)
    background = current[distance > 300e-9]
    centre = current[(distance < 10e-9) & (u > 0.0)]
    ratio = (centre - background.mean()) / background.std()
    assert len(centre) > 30
    assert float(np.median(ratio)) > 8.0
    assert float(np.mean(ratio >= 5.0)) > 0.9


def test_grooves_mark_the_boundaries_in_topography() -> None:
    world = landed(seed=3, drift=STILL)
    x, y, height, _ = image(world, 128, 128 * 20e-9, (0.0, 0.0))
    distance = world.surface.grains.boundaries(x.ravel(), y.ravel()).distance.reshape(x.shape)
    beside = height[(distance > 80e-9) & (distance < 150e-9)]
    assert beside.mean() - height[distance < 15e-9].mean() > 7e-9


def test_scanning_wears_the_tip() -> None:
    world = landed(drift=STILL)
    image(world, 32, 5e-6, (0.0, 0.0))
    assert world.tip.scanned == pytest.approx(32 * 5e-6, rel=0.1)
    assert world.tip.radius > 25e-9


def test_withdrawn_tip_images_noise() -> None:
    world = World()
    world.set_source("source_meter", 0.2)
    x = np.linspace(0.0, 5e-6, 256)
    signals = world.image_line(x, np.zeros(256), np.arange(256) * 4e-3)
    assert signals.height.std() < 0.2e-9
    assert abs(float(signals.current.mean())) < 0.1e-12


def test_drift_moves_the_sample_at_the_settled_rate() -> None:
    world = World(WorldSettings(drift=dataclasses.replace(DriftSettings(), walk=0.0)))
    x, y, _ = world._mechanics.drift.at(600.0)
    assert math.hypot(x, y) == pytest.approx(20e-9, rel=1e-6)


@pytest.mark.parametrize("bad", [{"volts": math.nan}, {"volts": 1.0, "compliance": 0.0}])
def test_senseless_source_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="source source_meter"):
        World().set_source("source_meter", **bad)
