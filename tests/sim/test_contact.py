"""Current, trigger and growth under one contact."""

import itertools
import math

import pytest

from nanoprobe.physics.constants import FARADAY, LITHIUM_MOLAR_VOLUME, lithium_volume, thermal_voltage
from sim_instruments.contact import FILAMENT_SHARE, Contact, plating_current
from sim_instruments.force_law import contact_force, contact_radius, reduced_modulus, travel_for
from sim_instruments.sample import BARE, PPC, Sample
from sim_instruments.surface import Site

SITE = Site("interior", 0.0, 0.0, 0.5, 0.6, 3e-2, 0.046, 0.046, 1e-7, 1.0, 1.0)
COATED = Site("interior", 0.0, 0.0, 0.5, 0.6, 14e-4, 0.046, 0.046, 1e-7, 1.0, 1.0)


def contact(sample: Sample, spikes: bool = False) -> Contact:
    radius = contact_radius(50e-9, 25e-9, reduced_modulus(sample.contact_modulus or 150e9))
    chance = (lambda index: 0.3) if spikes else (lambda index: 1e-300)
    return Contact(SITE if sample is BARE else COATED, sample, radius, 10e6, chance)


@pytest.mark.parametrize("drive", [1e-6, 0.01, 0.5, 5.0, 10.0])
@pytest.mark.parametrize("resistance", [1e7, 1e10, 1e15])
@pytest.mark.parametrize("scale", [1e-14, 1e-11, 1e-9])
@pytest.mark.parametrize("guess", [0.0, 1e-15, 1.0])
def test_current_solves_its_equation(drive: float, resistance: float, scale: float, guess: float) -> None:
    current = plating_current(drive, resistance, scale, guess)
    again = current * resistance + 2.0 * thermal_voltage() * math.asinh(current / scale)
    assert again == pytest.approx(drive, rel=1e-8)


def test_hertz_radius_is_the_references() -> None:
    assert contact_radius(50e-9, 25e-9, reduced_modulus(150e9)) == pytest.approx(2.2e-9, rel=0.02)


@pytest.mark.parametrize("force", [1e-9, 50e-9, 1e-6])
def test_force_and_travel_are_inverse(force: float) -> None:
    reduced = reduced_modulus(150e9)
    travel = travel_for(force, 40.0, 25e-9, reduced, 8e-9)
    assert contact_force(travel, 40.0, 25e-9, reduced, 8e-9) == pytest.approx(force, rel=1e-6)


def test_no_current_below_the_onset() -> None:
    assert contact(BARE).current(0.59) == 0.0
    assert contact(BARE).current(-3.0) == 0.0


@pytest.mark.parametrize(
    ("sample", "least", "most"), [(BARE, 2e-15, 3e-14), (PPC, 20e-12, 160e-12)], ids=["bare", "ppc"]
)
def test_background_before_the_trigger_is_the_models(sample: Sample, least: float, most: float) -> None:
    pristine = contact(sample)
    pristine.grow(5.9, 10.0, math.inf)
    assert least < pristine.current(6.0) < most


def test_lithium_is_confined_before_the_trigger() -> None:
    pristine = contact(BARE)
    pristine.grow(4.0, 100.0, math.inf)
    assert pristine.radius == pytest.approx(3.0 * pristine.contact_radius, rel=1e-6)


def rise_time(triggered: Contact, start: float, level: float, rate: float = 0.5, step: float = 1e-3) -> float:
    """Seconds from the trigger at `start` V until `level` A, the ramp going on."""
    triggered.trigger()
    for count in range(20_000):
        volts = start + rate * count * step
        triggered.grow(volts, step, math.inf)
        if triggered.current(volts) >= level:
            return (count + 1) * step
    return math.inf


@pytest.mark.parametrize(
    ("sample", "volts"),
    [(BARE, 1.0), (BARE, 1.7), (BARE, 2.2), (BARE, 4.0), (BARE, 6.0), (PPC, 3.0), (PPC, 6.0), (PPC, 6.8), (PPC, 9.0)],
    ids=lambda value: getattr(value, "name", f"{value}V"),
)
def test_one_nanoampere_comes_within_90_ms_of_the_trigger(sample: Sample, volts: float) -> None:
    assert 1e-3 <= rise_time(contact(sample), volts, 1e-9) <= 90e-3


@pytest.mark.parametrize("volts", [1.0, 1.7, 2.2, 4.0])
def test_ten_nanoamperes_come_within_half_a_second(volts: float) -> None:
    assert 0.03 <= rise_time(contact(BARE), volts, 10e-9) <= 0.4


def test_growth_obeys_faraday() -> None:
    triggered = contact(BARE)
    triggered.trigger()
    before, charge = triggered.radius**3, triggered.charge
    triggered.grow(3.0, 0.5, 10e-9)
    grown = 2.0 / 3.0 * math.pi * (triggered.radius**3 - before)
    assert grown == pytest.approx((1.0 - FILAMENT_SHARE) * lithium_volume(triggered.charge - charge), rel=1e-6)


def test_growth_does_not_depend_on_how_time_is_cut() -> None:
    once, often = contact(BARE), contact(BARE)
    once.trigger()
    often.trigger()
    once.grow(3.0, 0.4, math.inf)
    for _ in range(4000):
        often.grow(3.0, 1e-4, math.inf)
    assert once.current(3.0) == pytest.approx(often.current(3.0), rel=5e-3)


def test_interface_limited_current_rises_as_time_squared() -> None:
    triggered = contact(BARE)
    triggered.trigger()
    # j is constant while film and kinetics limit, so r - r0 = j Vm t/(2F) and sqrt(I) is straight in time.
    roots = []
    for _ in range(4):
        triggered.grow(2.0, 5e-3, math.inf)
        roots.append(math.sqrt(triggered.current(2.0)))
    steps = [after - before for before, after in itertools.pairwise(roots)]
    assert max(steps) == pytest.approx(min(steps), rel=0.05)


def test_spreading_limited_growth_follows_its_law() -> None:
    triggered = contact(BARE)
    triggered._series = 0.0
    triggered.trigger()
    triggered.grow(4.0, 400.0, math.inf)
    r_1 = triggered.radius
    triggered.grow(4.0, 400.0, math.inf)
    expected = (1.0 - FILAMENT_SHARE) * 4.0 * LITHIUM_MOLAR_VOLUME * SITE.ionic * 4.0 * 400.0 / (math.pi * FARADAY)
    assert triggered.radius**2 - r_1**2 == pytest.approx(expected, rel=0.1)


def test_cracks_raise_the_current_by_20_to_60_percent() -> None:
    triggered = contact(BARE, spikes=True)
    triggered._series = 1e3  # the resistor would flatten the spikes
    triggered.trigger()
    jumps, last = [], 0.0
    for _ in range(20_000):
        triggered.grow(2.0, 1e-3, math.inf)
        current = triggered.current(2.0)
        jumps.append(current / last if last > 1e-8 else 1.0)
        last = current
    assert 1.1 < max(jumps) < 1.6
    assert 2 <= sum(jump > 1.08 for jump in jumps) <= 5
