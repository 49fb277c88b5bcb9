"""Exponents of growth from made data, and from the simulated lab in the two regimes it has."""

import math

import numpy as np
import pytest

from nanoprobe.analysis.growth import MODEL, fit_power_law, rise
from nanoprobe.errors import BadInput


def grown(exponent: float, samples: int, noise: float = 0.01, start: float = -0.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(int(10 * exponent) + samples)
    time = np.linspace(0.0, 1.0, samples)
    clean = 1e-9 * (time - start) ** exponent
    return time, clean * np.exp(noise * rng.normal(size=samples))


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("samples", [40, 300])
def test_the_exponent_lies_in_its_interval_whatever_the_time_growth_began(exponent, samples):
    fit = fit_power_law(*grown(exponent, samples))
    assert fit.exponent.low <= exponent <= fit.exponent.high
    assert fit.exponent.value == pytest.approx(exponent, rel=0.5 if samples == 40 else 0.2)


@pytest.mark.parametrize("impure", [0.0, MODEL / 1.96], ids=["pure", "as impure as is admitted"])
def test_intervals_hold_the_exponent_as_often_as_they_say(impure):
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        time = np.linspace(0.0, 1.0, 60)
        exponent = 2.0 * (1 + impure * rng.normal())
        conductance = (time + 0.1) ** exponent * np.exp(0.02 * rng.normal(size=60))
        fit = fit_power_law(time, conductance)
        held += fit.exponent.low <= 2.0 <= fit.exponent.high
    assert held >= 36


def test_more_samples_make_the_interval_narrower():
    few, many = (fit_power_law(*grown(2.0, samples)).exponent for samples in (20, 500))
    assert many.high - many.low < few.high - few.low


def test_only_the_rise_to_the_largest_conductance_is_looked_at():
    assert rise(np.array([1e-3, 1e-3, 0.05, 0.3, 1.0, 0.2, 0.1])) == slice(3, 5)


@pytest.mark.parametrize("conductance", [np.ones(5), np.r_[np.zeros(20), 1.0]], ids=["short", "a jump"])
def test_too_little_growth_has_no_exponent(conductance):
    with pytest.raises(BadInput, match="samples of growth: an exponent needs 8; sample faster, or grow slower"):
        fit_power_law(np.arange(len(conductance), dtype=float), conductance)


def test_a_start_far_before_the_first_sample_is_found():
    time, conductance = grown(0.5, 200, noise=1e-4, start=-0.05)
    assert fit_power_law(time, conductance).start == pytest.approx(-0.05, abs=0.02)
    assert math.isfinite(fit_power_law(time, conductance).factor)
