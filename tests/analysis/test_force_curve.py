"""Force curves of a known contact: intervals hold the truth as often as they say, whatever lever and noise."""

import numpy as np
import pytest

from nanoprobe.analysis.force_curve import ContactFit, Indenter, Lever, fit_curve, lost_force
from nanoprobe.errors import BadInput
from nanoprobe.roles import ForceCurve
from sim_instruments import force_law

RADIUS, SENSITIVITY, SAMPLES = 25e-9, 50e-9, 400
COATED = {"modulus": 1e9, "work": 0.2}


def curve(
    rng: np.random.Generator,
    modulus: float = 150e9,
    lever: float = 40.0,
    work: float = 0.05,
    radius: float = RADIUS,
    sensitivity: float = SENSITIVITY,
    noise: float = 0.03e-9,
    peak: float = 200e-9,
) -> tuple[ForceCurve, float]:
    """Return a curve by the simulator's force law, and its true pull-off force (N)."""
    pull, reduced = force_law.adhesion_force(radius, work), force_law.reduced_modulus(modulus)
    z, *ways = force_law.curve(peak, lever, radius, reduced, pull, SAMPLES)
    inward, outward = ((force / lever + rng.normal(0, noise, SAMPLES)) / sensitivity for force in ways)
    return ForceCurve(z, inward, outward[::-1]), pull


def fitted(rng: np.random.Generator, lever: float = 40.0, **truth: float) -> tuple[ContactFit, float]:
    """Fit a curve whose lever, sensitivity and radius differ from what is believed by as much as is admitted."""
    drawn = {
        "sensitivity": SENSITIVITY * (1 + 0.01 * rng.normal()),
        "radius": RADIUS * (1 + 0.1 * rng.normal()),
        "lever": lever * (1 + 0.05 * rng.normal()),
    }
    measured, pull = curve(rng, **{**drawn, **truth})
    return fit_curve(measured, Lever(sensitivity=SENSITIVITY, spring_constant=lever), Indenter(radius=RADIUS)), pull


@pytest.mark.parametrize(
    ("lever", "truth"),
    [
        pytest.param(40.0, {"modulus": 150e9}, id="ceramic, 40 N/m"),
        pytest.param(40.0, {"modulus": 100e9, "noise": 0.1e-9}, id="boundary, 40 N/m, noisy"),
        pytest.param(200.0, {"modulus": 150e9, "peak": 500e-9}, id="ceramic, 200 N/m"),
        pytest.param(40.0, COATED, id="coating, 40 N/m"),
        pytest.param(3.0, {**COATED, "peak": 100e-9}, id="coating, 3 N/m"),
    ],
)
def test_the_95_percent_interval_of_the_modulus_holds_the_truth_as_often_as_it_says(lever, truth):
    rng = np.random.default_rng(7)
    fits = [fitted(rng, lever, **truth)[0] for _ in range(200)]
    covered = np.mean([fit.modulus_low <= truth["modulus"] <= fit.modulus_high for fit in fits])
    # 95 % of 200 is 190 give or take 3.
    assert covered >= 0.90
    assert np.median([fit.modulus for fit in fits]) == pytest.approx(truth["modulus"], rel=0.08)


@pytest.mark.parametrize("truth", [{}, COATED], ids=["ceramic", "coating"])
def test_adhesion_lies_within_its_uncertainty_and_scatters_by_it(truth):
    rng = np.random.default_rng(3)
    pairs = [fitted(rng, **truth) for _ in range(100)]
    pulls = np.array([(fit.adhesion - pull) / fit.adhesion_error for fit, pull in pairs])
    assert np.mean(np.abs(pulls) < 2) >= 0.9
    assert abs(pulls.mean()) < 0.6


def test_snap_in_is_the_force_at_which_the_tip_jumped_into_contact():
    rng = np.random.default_rng(5)
    measured, _ = curve(rng, lever=3.0, **COATED)
    fit = fit_curve(measured, Lever(sensitivity=SENSITIVITY, spring_constant=3.0), Indenter(radius=RADIUS))
    lowest = float(np.nanmin(measured.inward)) * SENSITIVITY * 3.0
    assert fit.snap_in == pytest.approx(lowest, abs=0.6e-9)
    assert fit.snap_in < -5e-9


def test_deformation_and_stiffness_are_hertzs_and_a_hysteresis_is_work_lost():
    rng = np.random.default_rng(5)
    measured, _ = curve(rng, lever=3.0, peak=100e-9, noise=1e-12, **COATED)
    fit = fit_curve(measured, Lever(sensitivity=SENSITIVITY, spring_constant=3.0), Indenter(radius=RADIUS))
    reduced, load = force_law.reduced_modulus(1e9), 100e-9 + 2 * np.pi * RADIUS * 0.2
    assert fit.deformation == pytest.approx(force_law.indentation(load, RADIUS, reduced), rel=0.02)
    assert fit.contact_stiffness == pytest.approx(
        2 * reduced * force_law.contact_radius(load, RADIUS, reduced), rel=0.02
    )
    assert fit.dissipation > 20 * fit.dissipation_error


def test_a_lever_softer_than_the_contact_says_so_by_its_interval():
    fit, _ = fitted(np.random.default_rng(1), 3.0)
    assert fit.modulus_high == np.inf or fit.modulus_high > 20 * fit.modulus_low


def test_a_sensitivity_known_better_narrows_the_interval():
    measured, _ = curve(np.random.default_rng(1))
    wide, narrow = (
        fit_curve(
            measured, Lever(sensitivity=SENSITIVITY, spring_constant=40.0, sensitivity_error=e), Indenter(radius=RADIUS)
        )
        for e in (0.02, 0.002)
    )
    assert narrow.modulus_high / narrow.modulus_low < 0.7 * wide.modulus_high / wide.modulus_low


@pytest.mark.parametrize(
    ("shift", "text"),
    [
        pytest.param({"upto": 100}, "the curve shows no contact: the tip was not pressed", id="never pressed"),
        pytest.param(
            {"since": 310}, "the tip did not come off the surface within the curve: choose a longer", id="stuck"
        ),
        pytest.param({"upto": 20}, "the curve has no way out", id="too few samples"),
    ],
)
def test_a_curve_that_cannot_be_evaluated_is_refused_by_name(shift, text):
    whole, _ = curve(np.random.default_rng(1))
    part = slice(shift.get("since"), shift.get("upto"))
    with pytest.raises(BadInput, match=text):
        fit_curve(
            ForceCurve(whole.z[part], whole.inward[part], whole.outward[part]),
            Lever(sensitivity=SENSITIVITY, spring_constant=40.0),
            Indenter(radius=RADIUS),
        )


def test_force_lost_at_once_while_pressing_is_damage_and_a_snap_in_is_not():
    rng = np.random.default_rng(2)
    lever = Lever(sensitivity=SENSITIVITY, spring_constant=40.0)
    whole, _ = curve(rng)
    assert lost_force(whole, lever) == 0.0
    broken = whole.inward.copy()
    broken[-30:] -= 40e-9 / 40.0 / SENSITIVITY
    assert lost_force(ForceCurve(whole.z, broken, whole.outward), lever) == pytest.approx(40e-9, rel=0.35)
    soft, _ = curve(rng, lever=3.0, **COATED)
    assert lost_force(soft, Lever(sensitivity=SENSITIVITY, spring_constant=3.0)) == 0.0
