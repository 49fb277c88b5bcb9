"""Tests between classes, effect sizes, correlation and correction for many tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from nanoprobe.analysis.class_test import class_test
from nanoprobe.analysis.correlation import correlate, gehan_scores
from nanoprobe.analysis.effect import Fitted, effect
from nanoprobe.analysis.estimate import Estimate, plain
from nanoprobe.analysis.multiple import holm
from nanoprobe.analysis.resampling import draw_fits
from nanoprobe.analysis.strengths import exact
from nanoprobe.analysis.weibull import fit_weibull


def drawn(rng, points, scale=3.0, modulus=5.0, end=np.inf):
    voltage = scale * rng.weibull(modulus, points)
    return exact(np.minimum(voltage, end), voltage < end)


def fitted(sample):
    fit = fit_weibull(sample)
    return Fitted(sample, fit, draw_fits(sample, fit, resamples=300))


@pytest.mark.parametrize("end", [np.inf, 2.8], ids=["complete", "censored"])
def test_null_data_raise_a_false_alarm_about_one_time_in_twenty(end):
    rng = np.random.default_rng(1)
    tests = [class_test([drawn(rng, 30, end=end), drawn(rng, 15, end=end)], seed, 99) for seed in range(120)]
    assert 0.01 <= np.mean([test.p_value <= 0.05 for test in tests]) <= 0.10  # the long form is `make validate`


def test_a_weaker_class_is_found_with_its_ratio():
    rng = np.random.default_rng(2)
    strong, weak = drawn(rng, 60), drawn(rng, 40, scale=2.1)
    assert class_test([strong, weak], shuffles=199).p_value == 0.005
    found = effect(fitted(strong), fitted(weak))
    assert found.scales.low < 0.7 < found.scales.high < 1
    assert found.medians.low < 0.7 < found.medians.high < 1


def test_a_class_in_which_nothing_triggered_takes_part_in_the_test_and_bounds_the_ratio_of_medians():
    rng = np.random.default_rng(3)
    weak, strong = drawn(rng, 30, end=6.0), exact(np.full(30, 6.0), np.zeros(30))
    assert class_test([weak, strong], shuffles=199).p_value == 0.005
    found = effect(fitted(weak), Fitted(strong, None, None))
    assert np.isnan(found.scales.value)
    assert 1.5 < found.medians.low < 2.5
    assert found.medians.text.endswith("or more, no upper bound")


def test_many_failures_use_the_limit_and_shuffle_nothing():
    rng = np.random.default_rng(4)
    test = class_test([drawn(rng, 250), drawn(rng, 250)])
    assert (test.shuffles, test.p_value) == (0, test.p_chi2)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([exact([1.0, 2, 3, 4, 5], [1] * 5)], "two classes"),
        ([exact([1.0, 2, 3, 4, 5], [1] * 5), exact([1.0, 2], [1, 1])], "only 2 points, 5 are needed"),
        ([exact([6.0] * 5, [0] * 5)] * 2, "no point triggered in any class"),
        ([exact([1.0, 2, 3, 4, 5], [1] * 5), exact([1.0, 6, 6, 6, 6], [1, 0, 0, 0, 0])], "in one class one of 5"),
    ],
    ids=["one class", "small class", "all censored", "one failure"],
)
def test_what_cannot_be_tested_says_why(classes, words):
    test = class_test(classes)
    assert words in test.note
    assert np.isnan([test.p_value, test.p_chi2, test.statistic]).all()


def test_correlation_without_censoring_is_spearmans():
    rng = np.random.default_rng(5)
    distance = rng.uniform(size=80)
    voltage = 2 + distance + rng.normal(scale=0.3, size=80)
    found = correlate(exact(voltage, np.ones(80)), distance, "distance")
    assert found.rho.value == pytest.approx(spearmanr(voltage, distance).statistic, abs=1e-12)
    assert 0 < found.rho.low < found.rho.value < found.rho.high
    assert found.p_value == 0.001


def test_correlation_intervals_of_independent_data_hold_zero():
    rng = np.random.default_rng(6)
    held = 0
    for seed in range(8):
        voltage = rng.weibull(5, 40)
        found = correlate(exact(np.minimum(voltage, 1.0), voltage < 1.0), rng.uniform(size=40), "x", seed)
        held += not found.rho.excludes(0.0)
    assert held >= 6


@pytest.mark.parametrize(
    ("values", "observed", "other", "words"),
    [
        ([1.0, 2, 3], [1] * 3, [1, 2, 3], "3 points"),
        ([6.0] * 9, [0] * 9, range(9), "no point triggered"),
        (np.arange(1.0, 10), [1] * 9, [1] * 9, "does not vary"),
        (np.arange(1.0, 10), [1] * 9, [np.nan] * 9, "0 points"),
    ],
    ids=["few", "all censored", "constant", "unknown"],
)
def test_what_has_no_correlation_says_why(values, observed, other, words):
    found = correlate(exact(values, observed), other, "x")
    assert words in found.rho.note
    assert np.isnan([found.rho.value, found.p_value]).all()


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=15))
def test_gehan_scores_count_certain_pairs(rows):
    values, observed = (np.array(column) for column in zip(*rows, strict=True))

    def weaker(a, b):
        return observed[a] and (values[a] < values[b] or (values[a] == values[b] and not observed[b]))

    n = range(len(values))
    expected = [sum(weaker(b, a) for b in n) - sum(weaker(a, b) for b in n) for a in n]
    assert gehan_scores(exact(values.astype(float), observed)).tolist() == expected


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]), ([0.5, 0.6], [1.0, 1.0]), ([np.nan, 0.02], [np.nan, 0.02]), ([], [])],
    ids=["steps", "at most one", "NaN", "none"],
)
def test_holm(p, adjusted):
    np.testing.assert_allclose(holm(p), adjusted)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.0, 3.0, "2.0 V (1.0 to 3.0 V)"),
        (1.0, np.inf, "2 V (1 V or more, no upper bound)"),
        (-np.inf, 3.0, "2 V (up to 3 V, no lower bound)"),
        (np.nan, np.nan, "2 V (no interval)"),
    ],
    ids=["closed", "open above", "open below", "none"],
)
def test_an_estimate_is_never_shown_without_its_uncertainty(low, high, text):
    estimate = Estimate(value=2.0, low=low, high=high, unit="V", method="m")
    assert estimate.text == text
    shown = plain({"a": [estimate, np.float64("nan"), np.arange(2)]})["a"]
    assert shown[1:] == [None, [0, 1]]
    assert shown[0]["high"] == (high if np.isfinite(high) else None)


def test_classes_far_apart_are_tested_without_overflow():
    steep, weak = (exact(scale * np.linspace(1, 1.001, 12), np.ones(12)) for scale in (9.0, 1.0))
    test = class_test([steep, weak], shuffles=99)
    assert test.p_value == 0.01
    assert test.statistic > 100
