"""Breakdown statistics after Weibull (1951): F(V) = 1 - exp(-(V/V0)^m), by maximum likelihood, with censored points."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate
from nanoprobe.analysis.likelihood import Data, Slope, maximise, slope
from nanoprobe.analysis.strengths import Strengths
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array

PROFILE = "profile likelihood"
FEW_FAILURES = 20
"""Below this number of failures a 95 % interval covers less than that; `docs/explanations/statistics.md` says how much."""
_DROP = float(chdtri(1, 1 - CONFIDENCE)) / 2
_SMALL_SAMPLE = 1.5
"""Bartlett's (1937) correction: with r failures twice the fall of the likelihood is on average not 1 but about 1 + 1.5/r. Found
by simulation (about 0.5 with censored points, 2 without); `docs/explanations/statistics.md` shows how well it holds."""
_WIDEST = 200.0
"""An interval is open where its bound would lie more than this in the logarithm from the estimate."""


class NotEstimable(BadInput):
    """The points do not determine a Weibull distribution; the text says why, and what can be said instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull:
    """A fitted distribution: `modulus` m and `scale` V0 (V) with profile-likelihood intervals, `log_likelihood`.

    The likelihood counts an exact voltage with its density (1/V), a bracket and a censored point with its probability.
    `points` were fitted, `failures` of them failed. `note` warns where failures are few.
    """

    modulus: Estimate
    scale: Estimate
    median: Estimate
    points: int
    failures: int
    log_likelihood: float
    note: str = ""
    profile: "Profile" = field(repr=False, metadata={"hidden": True})

    def quantile(self, share: float) -> Estimate:
        """Return the voltage at which `share` (0..1) of the points have failed, with its interval.

        Raises BadInput for a share outside 0..1.
        """
        if not 0 < share < 1:
            raise BadInput(f"a share of {share:g} has no quantile; give one between 0 and 1")
        return self.profile.quantile(float(np.log(-np.log1p(-share))))

    def at_area(self, ratio: float) -> Estimate:
        """Return the scale (V) of an area `ratio` times as large: V0 ratio^(-1/m) (weakest link, Weibull 1951).

        Raises BadInput for a ratio that is not above 0.
        """
        if not ratio > 0:
            raise BadInput(f"an area {ratio:g} times as large is none; give a ratio above 0")
        return self.profile.quantile(-float(np.log(ratio)))


def fit_weibull(sample: Strengths) -> Weibull:
    """Fit `sample` by maximum likelihood; brackets count as such, points that never failed as right-censored.

    Raises NotEstimable for fewer than two failures, or where one voltage would explain every point.

    >>> from nanoprobe.analysis.strengths import exact
    >>> rng = np.random.default_rng(0)
    >>> voltage = 3.0 * rng.weibull(5.0, 200)
    >>> fit = fit_weibull(exact(np.minimum(voltage, 3.2), voltage < 3.2))
    >>> fit.scale.text, fit.modulus.text
    ('3.09 V (2.99 V to 3.2 V)', '5.08 (4.36 to 5.86)')
    """
    why = why_not_estimable(sample)
    if why:
        raise NotEstimable(why)
    data = Data.of(sample)
    best = maximise(data, data.count[None, :])
    if not best.found[0]:
        raise NotEstimable("the likelihood of these points has no maximum that can be found; look at the points")
    profile = Profile(data, float(best.modulus[0]), float(best.offset[0]), float(best.value[0]))
    few = f"only {sample.failures} failures: intervals are too narrow" if sample.failures < FEW_FAILURES else ""
    return Weibull(
        modulus=profile.interval_of_modulus(),
        scale=profile.quantile(0.0),
        median=profile.quantile(float(np.log(np.log(2)))),
        points=len(sample),
        failures=sample.failures,
        log_likelihood=profile.top + data.per_volt,
        note=few,
        profile=profile,
    )


def why_not_estimable(sample: Strengths) -> str:
    """Return why `sample` has no Weibull distribution, or "" where it has one."""
    if not len(sample):
        return "no point"
    if not sample.failures:
        return f"none of {len(sample)} points triggered"
    if sample.failures < 2:
        return f"one of {len(sample)} points triggered: a distribution needs two or more"
    if sample.lower.max() <= sample.upper.min():
        return "all triggers lie within one bracket: their spread is not resolved"
    return ""


class Profile:
    """The likelihood around its maximum `top` (`modulus`, `offset`), and where it has fallen by 1.92 (1 + 1.5/r), r failures."""

    def __init__(self, data: Data, modulus: float, offset: float, top: float) -> None:
        self.data, self.modulus, self.offset, self.top = data, modulus, offset, top
        self._weights = data.count[None, :]
        failures = float(data.count @ ~data.open)
        self._reach = np.sqrt(_DROP * (1 + _SMALL_SAMPLE / failures))

    def interval_of_modulus(self) -> Estimate:
        """Return m with its interval."""

        def fall(log_shift: float) -> float:
            m = self.modulus * np.exp(log_shift)
            return self._along(np.array([m, 0.0]), np.array([0.0, 1.0]), self.offset * m / self.modulus)

        low, high = self._crossings(fall, 1.6 / np.sqrt(float(self.data.count @ ~self.data.open)))
        m = self.modulus
        return Estimate(value=m, low=m * float(np.exp(low)), high=m * float(np.exp(high)), unit="1", method=PROFILE)

    def quantile(self, level: float) -> Estimate:
        """Return the voltage where z = `level`: exp((b + level) / m), with its interval."""
        centre = (self.offset + level) / self.modulus

        def fall(shift: float) -> float:
            return self._along(np.array([0.0, -level]), np.array([1.0, centre + shift]), self.modulus)

        low, high = self._crossings(fall, 2.2 / (self.modulus * np.sqrt(float(self.data.count @ ~self.data.open))))
        middle = float(np.exp(centre))
        return Estimate(
            value=middle, low=middle * float(np.exp(low)), high=middle * float(np.exp(high)), unit="V", method=PROFILE
        )

    def _along(self, origin: Array, direction: Array, begin: float) -> float:
        """Return the signed-root distance of the largest likelihood on a line through (m, b) from where it has fallen as
        far as the interval reaches.

        The root of the fall is nearly linear in the parameter, which is what makes the crossing quick to find.
        """
        t, here = begin, self._at(*(origin + begin * direction))
        for _ in range(60):
            gradient = float(here.gradient[0] @ direction)
            bend = float(direction @ here.hessian[0] @ direction)
            if not np.isfinite(here.value[0]) or bend >= 0:
                break
            step = -gradient / bend
            if abs(step * gradient) < 1e-10:
                break
            t, here = self._stepped(origin, direction, t, step, here)
        best = float(here.value[0])
        return float(np.sqrt(max(self.top - best, 0.0)) - self._reach) if np.isfinite(best) else np.inf

    def _stepped(self, origin: Array, direction: Array, t: float, step: float, here: Slope) -> tuple[float, Slope]:
        before = float(here.value[0])
        for _ in range(60):
            m, b = origin + (t + step) * direction
            if m > 0:
                there = self._at(m, b)
                if there.value[0] >= before - 1e-10 * abs(before):
                    return t + step, there
            step /= 2
        return t, here

    def _at(self, modulus: float, offset: float) -> Slope:
        return slope(self.data, self._weights, np.array([modulus]), np.array([offset]))

    def _crossings(self, fall: Callable[[float], float], first: float) -> tuple[float, float]:
        return self._crossing(fall, -first), self._crossing(fall, first)

    def _crossing(self, fall: Callable[[float], float], step: float) -> float:
        """Return the shift at which `fall` is 0 on one side; infinite where it stays below."""
        fall, inner, outer = cache(fall), 0.0, step  # brentq asks again for both ends
        while fall(outer) < 0:
            inner, outer = outer, outer * 2
            if abs(outer) > _WIDEST:
                return float(np.copysign(np.inf, step))
        low, high = sorted((inner, outer))
        return float(brentq(fall, low, high, xtol=1e-8 * max(1e-2, abs(outer)), rtol=1e-8))
