"""Do the intervals cover and the tests keep their level? `make validate` prints the tables of docs/explanations/statistics.md."""

import argparse

import numpy as np

from nanoprobe.analysis.class_test import class_test
from nanoprobe.analysis.resampling import draw_fits
from nanoprobe.analysis.strengths import Strengths
from nanoprobe.analysis.weibull import fit_weibull, why_not_estimable

MODULUS, SCALE, STEP = 6.0, 3.0, 0.01
"""Truth: modulus, scale (V), and the step of the ramp (V) that brackets each trigger."""


def draw(rng, points, end):
    """Return `points` strengths as a ramp up to `end` (V) with steps of STEP sees them."""
    voltage = SCALE * rng.weibull(MODULUS, points)
    lower = np.floor(np.minimum(voltage, end) / STEP) * STEP
    return Strengths(lower, np.where(voltage < end, lower + STEP, np.inf))


def ramp_end(censored):
    """Return the bias (V) at which a share `censored` of the points survives."""
    return SCALE * (-np.log(censored)) ** (1 / MODULUS) if censored else 10 * SCALE


def coverage(sets, points, censored, resamples, seed):
    """Return shares of profile intervals of m and V0, and of bootstrap intervals of both, that hold the truth."""
    rng, hits, used, failures = np.random.default_rng(seed), np.zeros(4), 0, 0
    for number in range(sets):
        sample = draw(rng, points, ramp_end(censored))
        if why_not_estimable(sample):
            continue
        fit = fit_weibull(sample)
        used, failures = used + 1, failures + sample.failures
        inside = [fit.modulus.low <= MODULUS <= fit.modulus.high, fit.scale.low <= SCALE <= fit.scale.high]
        if resamples:
            draws = draw_fits(sample, fit, number, resamples)
            for truth, values in ((MODULUS, draws.modulus), (SCALE, draws.scale)):
                low, high = np.quantile(values, [0.025, 0.975])
                inside.append(low <= truth <= high)
        hits[: len(inside)] += inside
    return (hits if resamples else hits[:2]) / used, used, failures / used


def false_positives(sets, sizes, censored, shuffles, seed):
    """Return shares of null data sets with p <= 0.05: by shuffling, and by the chi-squared limit."""
    rng, hits, used = np.random.default_rng(seed), np.zeros(2), 0
    for number in range(sets):
        test = class_test([draw(rng, size, ramp_end(censored)) for size in sizes], number, shuffles)
        if test.note:
            continue
        used, hits = used + 1, hits + np.array([test.p_value <= 0.05, test.p_chi2 <= 0.05])
    return hits / used, used


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000, help="simulated data sets a row")
    parser.add_argument("--resamples", type=int, default=200, help="bootstrap resamples, 0 for none")
    parser.add_argument("--shuffles", type=int, default=199)
    given = parser.parse_args()
    print(f"{given.sets} data sets a row, m = {MODULUS:g}, V0 = {SCALE:g} V, brackets of {STEP:g} V\n")
    print("| points | censored | failures (mean) | sets used | profile m | profile V0 | bootstrap m | bootstrap V0 |")
    print("|---|---|---|---|---|---|---|---|")
    for points, censored in (
        (20, 0),
        (40, 0.5),
        (100, 0),
        (100, 0.5),
        (134, 0.85),
        (300, 0.85),
        (5, 0),
        (10, 0),
        (20, 0.5),
    ):
        shares, used, failures = coverage(given.sets, points, censored, given.resamples, points)
        cells = " | ".join(f"{100 * share:.1f} %" for share in shares)
        print(f"| {points} | {100 * censored:.0f} % | {failures:.1f} | {used} | {cells} |", flush=True)
    print(
        "\n| classes | censored | sets used | p <= 0.05, shuffled | p <= 0.05, chi-squared limit |\n|---|---|---|---|---|"
    )
    for sizes, censored in (((72, 21), 0), ((40, 40), 0.5), ((77, 21), 0.75), ((400, 400), 0.3)):
        shares, used = false_positives(given.sets, sizes, censored, given.shuffles, sum(sizes))
        cells = " | ".join(f"{100 * share:.1f} %" for share in shares)
        print(f"| {sizes[0]} and {sizes[1]} | {100 * censored:.0f} % | {used} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
