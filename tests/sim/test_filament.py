"""The switch a dendrite leaves behind, against the distributions it is drawn from."""

import math

import numpy as np
import pytest

from sim_instruments.drift import DriftSettings
from sim_instruments.filament import Filament
from sim_instruments.noise import Noise
from sim_instruments.world import World, WorldSettings

STILL = DriftSettings(rate=0.0, walk=0.0)


def filament(seed: int = 0, trigger: float = 3.0) -> Filament:
    noise = Noise(seed)
    return Filament(trigger, lambda event, cycle: noise.uniform(event, cycle))


def cycle(neck: Filament, now: float, limit: float = 100e-9) -> None:
    for step, volts in enumerate((3.0, 0.0, -3.0, 0.0)):
        neck.see(now + 0.1 * step, volts, limit)


def formed(seed: int = 0, limit: float = 100e-9) -> Filament:
    neck = filament(seed)
    neck.see(0.0, 3.0, limit)
    neck.see(0.1, 0.0, 1e-3)
    return neck


def events(neck: Filament, kind: str) -> list[float]:
    return [event.voltage for event in neck.history if event.kind == kind]


def test_a_neck_stands_once_the_bias_is_back_and_its_resistance_follows_the_limit_it_grew_under() -> None:
    tight, wide = formed(limit=10e-9), formed(limit=100e-9)
    assert tight.conducting
    assert tight.resistance == pytest.approx(10 * wide.resistance)
    assert wide.resistance == pytest.approx(0.3 / 100e-9, rel=0.6)


def test_switching_scatters_from_cycle_to_cycle_as_it_should() -> None:
    resets, sets, on, off = [], [], [], []
    for seed in range(20):
        neck = formed(seed)
        for n in range(25):
            cycle(neck, 1.0 + n)
        resets += events(neck, "reset")
        sets += events(neck, "set")
        on += [e.resistance for e in neck.history if e.kind == "set"]
        off += [e.resistance for e in neck.history if e.kind == "reset"]
    for values, median, spread in ((resets, 0.8, 0.2), (on, 3e6, 0.15), (off, 3e11, 0.5), (sets, 1.5, 0.12)):
        logs = np.log(values)
        assert np.median(logs) == pytest.approx(math.log(median), abs=4 * spread / math.sqrt(len(logs) / 4))
        assert np.std(logs) == pytest.approx(spread, rel=0.25)


def test_necks_stick_at_the_hazard_they_should() -> None:
    stuck = 0
    for seed in range(30):
        neck = formed(seed)
        for n in range(1000):
            cycle(neck, 1.0 + n)
        stuck += bool(neck.stuck)
    # 1000 cycles at 1e-4 (1 + n/100) and 1e-4: exp(-0.7) survive.
    assert stuck / 30 == pytest.approx(1 - math.exp(-0.7), abs=0.3)


def test_a_neck_at_rest_creeps_and_ruptures_by_itself_and_a_gap_stays() -> None:
    neck = formed()
    assert neck.conductance(1e4, 0.0) == pytest.approx(neck.conductance(0.1, 0.0) * math.exp(-0.02 * 4), rel=1e-3)
    neck.see(neck.life + 1.0, 0.05, 1.0)
    assert not neck.conducting
    gap = neck.conductance(neck.life + 2.0, 0.0)
    assert neck.conductance(1e9, 0.0) == gap


def landed(**settings: object) -> World:
    world = World(WorldSettings(drift=STILL, **settings))  # type: ignore[arg-type]
    world.feedback(True, 50e-9)
    world.advance(5.0)
    return world


def bias(world: World, volts: float, seconds: float, limit: float = 20e-9) -> None:
    """Hold the bias V_we `volts` for `seconds`, 10 ms at a time."""
    for _ in range(max(1, round(seconds / 0.01))):
        world.set_source("source_meter", -volts, limit)
        world.advance(world.now + 0.01)


def grown(seed: int = 3, amount: float = 3e-10) -> World:
    world = landed(seed=seed)
    while world.contacts.present is not None and world.contacts.present.charge < amount:
        bias(world, -6.0, 0.01)
    bias(world, 0.0, 0.1)
    return world


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_what_was_plated_is_stripped_with_the_efficiency_of_the_spot(seed: int) -> None:
    world = grown(seed)
    contact = world.contacts.present
    assert contact is not None
    bias(world, 1.5, 120.0)
    assert contact.left < 0.03 * contact.charge
    assert contact.stripped == pytest.approx(contact.efficiency * contact.charge, rel=0.03)
    assert 0.9 < contact.efficiency <= 1.0
    assert contact.filament is not None
    assert not contact.filament.conducting


def test_a_read_below_the_onset_moves_no_lithium() -> None:
    world = grown()
    contact = world.contacts.present
    assert contact is not None
    before = (contact.charge, contact.stripped)
    bias(world, -0.1, 5.0)
    assert (contact.charge, contact.stripped) == before


def test_lithium_heals_by_itself_without_bias() -> None:
    world = grown()
    contact = world.contacts.present
    assert contact is not None
    left = contact.left
    world.advance(world.now + 1e4)
    bias(world, -0.01, 0.01)
    assert contact.left == pytest.approx(left * (1 - 0.02 * 4), rel=0.01)


def test_a_tip_that_was_lifted_finds_the_lithium_but_not_the_neck() -> None:
    world = grown()
    first = world.contacts.present
    world.feedback(False, 50e-9)
    world.set_z(world.z_range[1])
    world.feedback(True, 50e-9)
    world.advance(world.now + 5.0)
    again = world.contacts.present
    assert again is not None
    assert again is not first
    assert again.deposit is first
    assert again.filament is None
    bias(world, 1.0, 1.0)
    assert first is not None
    assert first.stripped > 0.0


def test_a_neck_is_torn_when_the_sample_has_drifted_away_under_the_tip() -> None:
    world = World(WorldSettings(seed=3, drift=DriftSettings(rate=2e-9 / 60, walk=0.0)))
    world.feedback(True, 50e-9)
    world.advance(5.0)
    bias(world, -6.0, 0.5)
    bias(world, 0.0, 0.1)
    contact = world.contacts.present
    assert contact is not None
    assert contact.filament is not None
    world.advance(world.now + 600.0)
    assert world.contacts.present is contact
    world.advance(world.now + 1200.0)
    assert world.contacts.present is not contact
