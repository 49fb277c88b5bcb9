"""Medians of cycles with bounds among them, shares of failures, drift of retention."""

import math

import numpy as np
import pytest

from nanoprobe.analysis.censored import median, share
from nanoprobe.analysis.memristor import Cycles, summary
from nanoprobe.analysis.retention import find_loss, fit_drift
from nanoprobe.analysis.switching import find_reset, find_set
from nanoprobe.errors import BadInput


def test_intervals_of_a_median_hold_it_as_often_as_they_say():
    held = 0
    for seed in range(300):
        values = np.exp(np.random.default_rng(seed).normal(size=51))
        found = median(values, "ohm")
        held += found.low <= 1.0 <= found.high
    assert held >= 279


@pytest.mark.parametrize(
    ("bounds", "value", "high"),
    [(0, 50.0, 60.0), (40, 50.0, 60.0), (60, math.nan, math.inf), (101, math.nan, math.inf)],
)
def test_a_median_among_lower_bounds_is_a_bound_itself(bounds, value, high):
    values = np.arange(101, dtype=float)
    found = median(values, "ohm", values > 100 - bounds)
    assert found.value == pytest.approx(value, nan_ok=True)
    assert found.high == high or (bounds == 0 and found.high < 65)
    assert found.low <= 50.0


def test_the_ratio_is_a_bound_where_the_off_state_is_below_the_floor():
    on, off = np.full(20, 3e6), np.full(20, 1e9)
    seen = summary(Cycles(on, off, np.zeros(20, bool), np.ones(20, bool)), 10.0)
    assert math.isnan(seen["on_off_ratio"].value)
    assert seen["on_off_ratio"].low == pytest.approx(1e9 / 3e6)
    assert math.isinf(seen["on_off_ratio"].high)
    assert seen["failed_cycles"].value == 0.0


def test_failures_are_counted_with_an_exact_interval():
    on, off = np.full(200, 3e6), np.full(200, 3e11)
    off[:4] = 4e6
    seen = summary(Cycles(on, off, np.zeros(200, bool), np.zeros(200, bool)), 10.0)["failed_cycles"]
    assert seen.value == pytest.approx(0.02)
    assert (seen.low, seen.high) == pytest.approx((0.00548, 0.0504), abs=2e-4)
    assert share(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))


BIAS = np.linspace(0.0, -3.0, 301)
LRS = np.abs(BIAS) / 13e6


@pytest.mark.parametrize(
    ("current", "seen"),
    [
        (np.where(BIAS > -1.505, 1e-12, 1e-7), (-1.5, -1.51)),
        (LRS, None),
        (np.full(301, 1e-12), None),
        (np.where(BIAS > -2.0, 1e-12, np.nan), (-1.99, -2.0)),
    ],
    ids=["set", "on already", "never", "beyond the range"],
)
def test_a_set_is_a_jump_past_the_level(current, seen):
    found = find_set(BIAS, current, 1e-8)
    assert found.seen is (seen is not None)
    if seen:
        assert (found.before, found.after) == pytest.approx(seen)


def test_a_reset_is_the_largest_fall():
    bias = np.linspace(0, 2, 201)
    current = np.where(bias < 0.805, bias / 13e6, 1e-11)
    found = find_reset(bias, current, 1e-9)
    assert (found.before, found.after) == pytest.approx((0.80, 0.81))
    assert not find_reset(bias, np.full(201, 1e-12), 1e-9).seen


def test_the_drift_of_retention_and_its_extrapolation_hold_what_is_true():
    rng = np.random.default_rng(3)
    time = np.geomspace(1, 1e4, 21)
    held = extrapolated = 0
    for _ in range(100):
        resistance = 3e6 * np.exp(0.02 * np.log10(time) + 0.03 * rng.normal(size=21))
        fit = fit_drift(time, resistance, 3.15e8)
        held += fit.slope.low <= 0.02 <= fit.slope.high
        extrapolated += fit.extrapolated.low <= 3e6 * math.exp(0.02 * 8.5) <= fit.extrapolated.high
    assert held >= 88
    assert extrapolated >= 88


def test_a_lost_state_is_dated_between_two_reads_and_a_kept_one_beyond_the_last():
    time = np.geomspace(1, 1e4, 9)
    resistance = np.where(time > 500, 3e11, 3e6)
    kept, lost = find_loss(time, resistance, 10.0)
    assert kept == 6
    assert lost.low < 500 < lost.high
    kept, lost = find_loss(time, np.full(9, 3e6), 10.0)
    assert (kept, lost.low, lost.high) == (9, 1e4, math.inf)
    with pytest.raises(BadInput, match="2 reads before the state was lost: a drift needs 4"):
        fit_drift(time[:2], resistance[:2], 1e8)
