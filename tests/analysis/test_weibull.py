"""Weibull fits: known truth, coverage, the independent implementation, and what cannot be fitted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter, WeibullFitter
from scipy.optimize import approx_fprime

from nanoprobe.analysis.likelihood import Data, slope
from nanoprobe.analysis.probability_plot import plotting_positions, probability_plot
from nanoprobe.analysis.resampling import bootstrap_interval, draw_fits
from nanoprobe.analysis.strengths import Strengths, exact
from nanoprobe.analysis.survival import median_of_each, quantiles, survival_curve
from nanoprobe.analysis.weibull import NotEstimable, fit_weibull
from nanoprobe.errors import BadInput

INF = float("inf")


def drawn(points, end=INF, modulus=5.0, scale=3.0, seed=0, step=None):
    voltage = scale * np.random.default_rng(seed).weibull(modulus, points)
    if step is None:
        return exact(np.minimum(voltage, end), voltage < end)
    lower = np.floor(np.minimum(voltage, end) / step) * step
    return Strengths(lower, np.where(voltage < end, lower + step, INF))


CASES = {
    "complete": drawn(50),
    "half censored": drawn(60, end=2.8),
    "85 % censored": drawn(200, end=2.1),
    "few": drawn(6, seed=3),
}


CONVERGED = {"ftol": 1e-16, "gtol": 1e-10}
"""Without these the other implementation stops some 1e-6 before its maximum."""


def same(fit, theirs):
    assert fit.scale.value == pytest.approx(theirs.lambda_, rel=1e-6)
    assert fit.modulus.value == pytest.approx(theirs.rho_, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-6)


@pytest.mark.parametrize("sample", CASES.values(), ids=CASES)
def test_exact_and_censored_points_agree_with_lifelines(sample):
    same(fit_weibull(sample), WeibullFitter().fit(sample.middle, sample.failed, fit_options=CONVERGED))


def test_brackets_agree_with_lifelines():
    sample = drawn(80, end=2.9, step=0.2)
    theirs = WeibullFitter().fit_interval_censoring(sample.lower, sample.upper, fit_options=CONVERGED)
    same(fit_weibull(sample), theirs)


@pytest.mark.parametrize("sample", CASES.values(), ids=CASES)
def test_kaplan_meier_and_its_band_agree_with_lifelines(sample):
    ours = survival_curve(sample.middle, sample.failed)
    theirs = KaplanMeierFitter().fit(sample.middle, sample.failed)
    at = theirs.survival_function_.loc[ours.times, "KM_estimate"].to_numpy()
    band = theirs.confidence_interval_.loc[ours.times].to_numpy()
    np.testing.assert_allclose(ours.survival, at, atol=1e-6)
    inner = np.isfinite(ours.low)
    np.testing.assert_allclose(np.column_stack([ours.low, ours.high])[inner], band[inner], atol=1e-6)


@pytest.mark.parametrize(
    ("end", "step"), [(INF, None), (3.0, None), (2.6, 0.01)], ids=["complete", "censored", "brackets"]
)
def test_large_samples_recover_the_truth(end, step):
    fit = fit_weibull(drawn(20_000, end=end, step=step))
    assert fit.scale.value == pytest.approx(3.0, rel=0.01)
    assert fit.modulus.value == pytest.approx(5.0, rel=0.03)


@pytest.mark.parametrize(("points", "end"), [(25, INF), (60, 2.8)], ids=["complete", "half censored"])
def test_profile_intervals_cover_about_95_percent(points, end):
    fits = [fit_weibull(drawn(points, end=end, seed=seed)) for seed in range(100)]
    for name, truth in (("scale", 3.0), ("modulus", 5.0)):
        held = np.mean([getattr(f, name).low <= truth <= getattr(f, name).high for f in fits])
        assert 0.88 <= held <= 1.0  # three standard errors around 95 %; the long form is `make validate`


def test_bootstrap_agrees_with_the_profile_for_many_points():
    sample = drawn(1500, end=3.2)
    fit = fit_weibull(sample)
    draws = draw_fits(sample, fit, resamples=400)
    for ours, values, unit in ((fit.scale, draws.scale, "V"), (fit.modulus, draws.modulus, "1")):
        interval = bootstrap_interval(ours.value, draws, values, unit)
        width = ours.high - ours.low
        assert abs(interval.low - ours.low) < 0.2 * width
        assert abs(interval.high - ours.high) < 0.2 * width


def test_same_seed_gives_same_draws_and_another_seed_others():
    sample = CASES["complete"]
    fit = fit_weibull(sample)
    first, again, other = (draw_fits(sample, fit, seed, 20).scale for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()


def test_too_many_resamples_without_a_fit_leave_no_bootstrap_interval():
    sample = exact([2.0, 3.0, 4.0, 4.0, 4.0], [True, True, False, False, False])
    fit = fit_weibull(sample)
    interval = bootstrap_interval(fit.scale.value, draws := draw_fits(sample, fit, resamples=200), draws.scale, "V")
    assert interval.interval == "no interval"
    assert "resamples have no fit" in interval.note


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (exact([], []), "no point"),
        (exact([6.0, 6.0], [False, False]), "none of 2 points triggered"),
        (exact([2.0, 6.0], [True, False]), "one of 2 points triggered"),
        (exact([2.0, 2.0], [True, True]), "within one bracket"),
        (Strengths(np.array([2.0, 2.1]), np.array([2.2, 2.3])), "within one bracket"),
    ],
    ids=["nothing", "all censored", "one failure", "equal", "overlapping brackets"],
)
def test_what_has_no_distribution_says_why(sample, words):
    with pytest.raises(NotEstimable, match=words):
        fit_weibull(sample)


@pytest.mark.parametrize(
    ("lower", "upper"), [([2.0], [1.0]), ([-1.0], [1.0]), ([np.nan], [1.0]), ([1.0], [np.nan])],
    ids=["turned", "negative", "NaN below", "NaN above"],
)  # fmt: skip
def test_a_bracket_that_is_none_is_refused(lower, upper):
    with pytest.raises(BadInput, match="give 0 <= lower <= upper"):
        Strengths(np.array(lower), np.array(upper))


def test_area_scaling_is_that_of_the_weakest_link():
    fit = fit_weibull(CASES["complete"])
    larger = fit.at_area(100.0)
    assert larger.value == pytest.approx(fit.scale.value * 100 ** (-1 / fit.modulus.value))
    assert larger.low < larger.value < larger.high
    assert fit.at_area(1.0) == fit.scale
    with pytest.raises(BadInput, match="ratio above 0"):
        fit.at_area(0.0)
    with pytest.raises(BadInput, match="between 0 and 1"):
        fit.quantile(1.0)


def test_a_bracket_from_zero_counts_as_failed_somewhere_below():
    fit = fit_weibull(Strengths(np.array([0.0, 1.0, 2.0]), np.array([0.5, 1.2, 2.2])))
    assert np.isfinite([fit.scale.value, fit.modulus.value]).all()


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 50), st.floats(0.01, 100), st.integers(0, 50))
def test_the_unit_of_the_voltage_does_not_matter(modulus, factor, seed):
    sample = drawn(12, modulus=modulus, seed=seed)
    scaled = Strengths(sample.lower * factor, sample.upper * factor)
    a, b = fit_weibull(sample), fit_weibull(scaled)
    assert b.modulus.value == pytest.approx(a.modulus.value, rel=1e-5)
    assert b.scale.value == pytest.approx(a.scale.value * factor, rel=1e-5)


def test_derivatives_are_those_of_the_likelihood():
    data = Data.of(Strengths(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.2, 2.0, INF, 4.8])))
    ones = np.ones((1, 4))

    def at(p):
        return float(slope(data, ones, np.array([p[0]]), np.array([p[1]])).value[0])

    here = slope(data, ones, np.array([3.0]), np.array([3.5]))
    np.testing.assert_allclose(here.gradient[0], approx_fprime([3.0, 3.5], at, 1e-7), rtol=1e-5)
    for column in range(2):

        def partial(p, column=column):
            return slope(data, ones, np.array([p[0]]), np.array([p[1]])).gradient[0, column]

        np.testing.assert_allclose(here.hessian[0, column], approx_fprime([3.0, 3.5], partial, 1e-7), rtol=1e-5)


def test_band_of_the_weibull_plot_holds_the_line():
    sample = CASES["half censored"]
    plot = probability_plot(sample, fit_weibull(sample))
    assert ((plot.low < plot.line) & (plot.line < plot.high)).all()


def test_plotting_positions_move_up_past_a_point_censored_among_the_failures():
    # Abernethy, The New Weibull Handbook, example of suspended items: adjusted ranks 1, 2.125, 3.25, ...
    _, share = plotting_positions(exact([10, 20, 30, 40.0], [True, False, True, True]))
    ranks = share * 4.4 + 0.3
    np.testing.assert_allclose(ranks, [1, 1 + 4 / 3, 1 + 8 / 3])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=20))
def test_medians_of_rows_are_those_of_the_quantiles(rows):
    values, observed = (np.array(column) for column in zip(*rows, strict=True))
    (expected,) = quantiles(values.astype(float), observed, 0.5)
    found = median_of_each(values.astype(float), observed, np.arange(len(values))[None, ::-1])[0]
    assert found == (INF if expected.beyond else pytest.approx(expected.value))


@pytest.mark.parametrize("modulus", [2.0, 20.0, 60.0])
def test_a_bracket_from_zero_has_the_likelihood_of_failing_below_its_end_however_steep(modulus):
    data = Data.of(Strengths(np.array([0.0]), np.array([0.5])))
    here = slope(data, np.ones((1, 1)), np.array([modulus]), np.array([modulus * np.log(0.6)]))
    assert here.value[0] == pytest.approx(np.log(-np.expm1(-((0.5 / 0.6) ** modulus))), rel=1e-9)


@pytest.mark.parametrize("offset", [3218.0, -2000.0, 6000.0], ids=["at it", "all failed long ago", "none fails by far"])
def test_likelihood_far_from_the_data_stays_a_number(offset):
    data = Data.of(Strengths(np.array([1.0, 2.0, 3.0]), np.array([1.01, INF, 3.0])))
    here = slope(data, np.array([[1.0, 1.0, 0.0]]), np.array([2000.0]), np.array([offset]))
    assert np.isfinite([here.value[0], *here.gradient[0], *here.hessian[0].ravel()]).all()
