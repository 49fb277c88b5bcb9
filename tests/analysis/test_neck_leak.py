"""What electrons carry through a neck until it breaks, on strippings made up from a neck and a decay."""

import numpy as np
import pytest

from nanoprobe.analysis.neck_leak import Stripping, neck_leak

NECK = 3e9
RATE = 200.0


def stripping(breaks, seconds=5.0, rate=0.2, noise=0.3e-12, compliance=10e-9, seed=0):
    """A ramp of `rate` (V/s): lithium that dissolves with 200 Mohm until 300 pC are gone, and a neck up to `breaks` (s)."""
    time = np.arange(1, round(seconds * RATE) + 1) / RATE
    bias = rate * time
    through = np.where(time <= breaks, bias / NECK, 0.0)
    dissolving = bias / 200e6 * np.exp(-((np.cumsum(bias / 200e6) / RATE / 300e-12) ** 2))
    current = dissolving + through + np.random.default_rng(seed).normal(0, noise, len(time))
    return Stripping(time, bias, bias + 10e6 * current, current, compliance), float(np.sum(through)) / RATE


@pytest.mark.parametrize("breaks", [0.4, 0.7, 1.0])
def test_a_break_that_is_seen_dates_the_leak(breaks):
    samples, true = stripping(breaks)
    found = neck_leak(samples, NECK, checked=0.5)
    assert found.charge == pytest.approx(true, rel=0.02)
    assert found.error == pytest.approx(0.1 * true, rel=0.02)


@pytest.mark.parametrize("breaks", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("noise", [20e-12, 200e-12], ids=["20 pA", "200 pA"])
def test_a_break_hidden_in_noise_is_between_none_and_all(noise, breaks):
    samples, true = stripping(breaks, noise=noise)
    found = neck_leak(samples, NECK, checked=0.5)
    assert abs(found.charge - true) < 2 * found.error


def test_beyond_the_checked_bias_the_neck_may_carry_ions_as_well():
    samples, true = stripping(1.0)
    found = neck_leak(samples, NECK, checked=0.1)
    below = true / 4  # half of the bias, a quarter of the charge
    assert found.charge == pytest.approx((below + true) / 2, rel=0.1)
    assert found.error == pytest.approx((true - below) / np.sqrt(12), rel=0.1)


def test_a_break_before_the_first_sample_leaks_next_to_nothing():
    samples, _ = stripping(0.0, rate=0.0)
    held = Stripping(
        samples.time, np.full_like(samples.time, 1.5), samples.applied, 6e-9 * np.exp(-samples.time / 0.05), 10e-9
    )
    assert neck_leak(held, 1.5e9, checked=0.1).charge <= 1e-9 * 2 / RATE


def test_while_the_compliance_holds_the_current_a_break_does_not_show():
    time = np.arange(1, 201) / RATE
    clamped = np.where(time < 0.5, 10e-9, 2e-9)
    bias = np.where(time < 0.5, 10e-9 * 15e6, 1.5 - 2e-9 * 10e6)
    samples = Stripping(time, bias, np.full_like(time, 1.5), clamped, compliance=10e-9)
    found = neck_leak(samples, 15e6, checked=0.1)
    assert found.charge == pytest.approx(10e-9 * 0.5 / 2, rel=0.05)
    assert found.error == pytest.approx(10e-9 * 0.5 / np.sqrt(12), rel=0.05)


def test_a_neck_that_never_breaks_may_have_leaked_all_along():
    samples, _ = stripping(99.0)
    through = float(np.sum(samples.bias / NECK)) / RATE
    found = neck_leak(samples, NECK, checked=0.1)
    assert abs(found.charge - through) < 2 * found.error


def test_without_a_neck_nothing_leaks():
    samples, _ = stripping(0.0)
    found = neck_leak(samples, np.inf, checked=0.1)
    assert (found.charge, found.error) == (0.0, 0.0)
