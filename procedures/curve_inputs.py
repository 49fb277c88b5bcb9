"""A force curve: its inputs, the plan they make on one lever, and whether that lever can answer the question at all."""

import math

from nanoprobe.analysis.force_curve import Indenter, Lever, contact_stiffness
from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.roles import CurvePlan, ForceCalibration
from nanoprobe.units import si
from procedures.inputs import number, percent, whole

CLEARANCE = 0.5
"""A curve starts at least this part of its depth above the surface: the free part sets the zero of the force."""
EXPECTED_PULL = 4 * 2 * math.pi * 0.2
"""Four times the pull-off force per radius of the stickiest sample known here (N/m): what a start must clear."""
SOFTER = 5.0
"""The tip may go so many times deeper than the modulus asked for would let it."""
REFUSED, WARNED = 1.0, 0.3
"""Relative uncertainty of a modulus from the deflection sensitivity alone that is refused, or warned of."""


class CurveInputs:
    """The parameters of force curves, shared by ForceCurve and ModulusMap."""

    force: float
    rate: float
    samples: int

    peak_force = number("Peak force", "N", 200e-9, 10e-9, 2e-6, "curve", "force at which each curve turns back")
    ramp = number("Ramp", "m", 15e-9, 2e-9, 5e-6, "curve", "how far above the contact a curve begins, at least")
    sensitivity_error = number(
        "Sensitivity error", "1", 0.01, 0.0, 1.0, "lever", "relative standard uncertainty of the deflection sensitivity"
    )
    spring_error = number(
        "Spring error", "1", 0.05, 0.0, 1.0, "lever", "relative standard uncertainty of the spring constant"
    )
    tip_radius = number("Tip radius", "m", 0.0, 0.0, 10e-6, "tip", "radius of the tip; 0: the one of the bench file")
    radius_error = number("Radius error", "1", 0.1, 0.0, 1.0, "tip", "relative standard uncertainty of the radius")
    tip_modulus = number("Tip modulus", "Pa", 168e9, 1e9, 1.2e12, "tip", "Young's modulus of the tip; platinum's")
    tip_poisson = number("Tip Poisson ratio", "1", 0.38, 0.0, 0.5, "tip", "Poisson ratio of the tip; platinum's")
    expected_modulus = number(
        "Expected modulus", "Pa", 150e9, 1e6, 1.2e12, "sample", "modulus the lever has to be stiff enough for"
    )
    poisson = number("Poisson ratio", "1", 0.26, 0.0, 0.5, "sample", "Poisson ratio of the sample")

    def curve_plan(self, lab: Bench) -> CurvePlan:
        """Return the curve these inputs make on the bench's lever. Raises BadInput for a lever without calibration."""
        k = lab.probe.calibration.spring_constant
        deep = (self.peak_force - self.force) / k + SOFTER * self._indentation(lab)
        high = max(self.ramp, CLEARANCE * deep, EXPECTED_PULL * self.radius(lab) / k)
        return CurvePlan(lift=high, depth=deep, force=self.peak_force, samples=self.samples, duration=0.5 / self.rate)

    def radius(self, lab: Bench) -> float:
        """Return the tip's radius (m)."""
        return float(self.tip_radius or lab.description.tip.radius)

    def indenter(self, lab: Bench) -> Indenter:
        """Return what presses."""
        return Indenter(
            radius=self.radius(lab),
            radius_error=self.radius_error,
            modulus=self.tip_modulus,
            poisson=self.tip_poisson,
        )

    def lever(self, calibration: ForceCalibration) -> Lever:
        """Return the lever with the uncertainties of its calibration."""
        return Lever(
            sensitivity=calibration.deflection_sensitivity,
            spring_constant=calibration.spring_constant,
            sensitivity_error=self.sensitivity_error,
            spring_error=self.spring_error,
        )

    def _reduced(self, lab: Bench) -> float:
        return self.indenter(lab).reduced(self.expected_modulus, self.poisson)

    def _indentation(self, lab: Bench) -> float:
        """Return how deep the expected sample is indented at the peak force (m; Hertz)."""
        return math.pow(0.75 * self.peak_force / (self._reduced(lab) * math.sqrt(self.radius(lab))), 2.0 / 3.0)

    def check_forces(self) -> None:
        """Raise BadInput where the peak force is not above the force at which feedback holds the tip."""
        if self.peak_force <= self.force:
            raise BadInput(
                f"peak_force {si(self.peak_force, 'N')} must lie above force {si(self.force, 'N')}, at which feedback holds "
                f"the tip: raise peak_force or lower force"
            )

    def judge_lever(self, lab: Bench) -> str:
        """Return a warning for a lever that is soft for the modulus asked for, empty where it is stiff enough.

        The bending is subtracted from the way of the base to get the indentation, so an error of the sensitivity is
        multiplied by bending over indentation, and by 3/2 in the modulus. Raises BadInput where that alone is all of it.
        """
        k, given = lab.probe.calibration.spring_constant, self._indentation(lab)
        bent = self.peak_force / k
        doubt = 1.5 * self.sensitivity_error * bent / given
        if doubt <= WARNED:
            return ""
        stiffness = contact_stiffness(self._reduced(lab), self.radius(lab), self.peak_force)
        enough = k * doubt / WARNED
        text = (
            f"a lever of {si(k, 'N/m')} is too soft for a modulus of {si(self.expected_modulus, 'Pa')}: the contact is "
            f"{si(stiffness, 'N/m')} stiff, so at {si(self.peak_force, 'N')} the lever bends by {si(bent, 'm')} where the "
            f"sample gives way by {si(given, 'm')}, and {percent(self.sensitivity_error)} of deflection sensitivity make "
            f"{percent(doubt)} of modulus"
        )
        if doubt > REFUSED:
            raise BadInput(
                f"{text}; take a lever of {si(enough, 'N/m')} or more, or lower expected_modulus where the sample is softer"
            )
        return f"{text}; its intervals will be wide"


def samples(default: int) -> int:
    """Return the parameter for the samples of each way of a curve."""
    made: int = whole("Samples", "", default, 64, 100_000, "curve", "samples of each way of a curve")
    return made


def rate(default: float) -> float:
    """Return the parameter for curves a second."""
    made: float = number("Curve rate", "Hz", default, 0.01, 100.0, "curve", "curves a second, both ways together")
    return made
