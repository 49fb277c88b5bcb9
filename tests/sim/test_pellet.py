"""The pellet cell: Ohm's law, its impedance, voids, the short at its critical current density, LiFePO4 and its fade."""

import math

import numpy as np
import pytest

from sim_instruments.noise import Noise
from sim_instruments.pellet import CellSettings, Control, PelletCell

AREA = 1e-4


def cell(sample: str = "ppc", kind: str = "symmetric", seed: int = 0, **settings: float) -> PelletCell:
    return PelletCell(sample, CellSettings(kind=kind, **settings), Noise(seed))


@pytest.mark.parametrize("sample", ["bare", "ppc"])
def test_the_resistance_of_a_small_current_is_the_impedance_at_low_frequency(sample):
    tested = cell(sample)
    tested.impose(Control.CURRENT, 1e-6)
    tested.carry(10.0)
    assert tested.voltage() / 1e-6 + 0.0 == pytest.approx(tested.impedance(1e-4).real, rel=1e-3)


def test_the_interface_arc_is_two_interfaces_wide():
    tested = cell()
    blocked, whole = tested.impedance(20e3).real, tested.impedance(1e-3).real
    assert (whole - blocked) * AREA == pytest.approx(2 * tested.drawn.interface, rel=0.15)


@pytest.mark.parametrize(("share", "shorts"), [(0.95, False), (1.05, True)])
def test_it_shorts_above_its_drawn_critical_current_density_and_not_below(share, shorts):
    tested = cell()
    tested.impose(Control.CURRENT, share * tested.drawn.critical * AREA)
    tested.carry(1.0)
    before = tested.voltage()
    tested.carry(120.0)
    assert tested.shorted is shorts
    assert (tested.voltage() < 0.7 * before) is shorts


def test_critical_current_densities_scatter_as_weibull_and_bare_pellets_are_far_weaker():
    ppc = np.array([cell("ppc", seed=n).drawn.critical for n in range(300)])
    bare = np.array([cell("bare", seed=n).drawn.critical for n in range(300)])
    assert np.mean(ppc) / 10 == pytest.approx(1.8 * math.gamma(1.2), rel=0.05)
    assert np.std(ppc) / np.mean(ppc) == pytest.approx(0.23, abs=0.03)
    assert np.median(bare) < np.median(ppc) / 4


def test_stripping_without_pressure_leaves_voids_that_raise_the_resistance():
    tight, loose = cell("bare", pressure=5e6), cell("bare", pressure=0.0)
    for tested in (tight, loose):
        tested.impose(Control.CURRENT, 0.5 * AREA)
        tested.carry(3600.0 * 8)
    assert loose.voltage() > 1.2 * tight.voltage()


def full_cycle(tested: PelletCell, current: float) -> float:
    """Charge to 3.8 V and discharge to 2.5 V; return the charge given back (C)."""
    given = 0.0
    for sign in (1, -1):
        begun = tested.now
        tested.impose(Control.CURRENT, sign * current)
        while (tested.voltage() < 3.8) if sign > 0 else (tested.voltage() > 2.5):
            tested.carry(tested.now + 10.0)
        given = current * (tested.now - begun)
    return given


@pytest.mark.parametrize(("sample", "fade"), [("bare", 3e-3), ("ppc", 5e-5)])
def test_the_cathode_stands_on_its_plateau_and_fades_by_its_rate(sample, fade):
    tested = cell(sample, "lfp")
    full_cycle(tested, 3e-6)
    capacities = [full_cycle(tested, 3e-5) for _ in range(6)]
    assert -np.polyfit(range(6), np.log(capacities), 1)[0] == pytest.approx(fade, abs=3e-4)
    tested.impose(Control.CURRENT, 3e-5)
    tested.carry(tested.now + 3600 * 5)
    assert tested.voltage() == pytest.approx(3.42, abs=0.05)


def test_the_same_cell_is_drawn_from_the_same_seed_and_resistance_falls_with_temperature():
    assert cell(seed=7).truth == cell(seed=7).truth != cell(seed=8).truth
    warm = PelletCell("ppc", CellSettings(), Noise(0), temperature=333.0)
    assert warm.impedance(1.0).real < 0.5 * cell().impedance(1.0).real
