"""All statistics of one run: each class of sites, tests between them, and what goes with the trigger voltage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from nanoprobe.analysis.class_test import ClassTest, class_test
from nanoprobe.analysis.correlation import Correlation, correlate
from nanoprobe.analysis.effect import Effect, Fitted, effect
from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.analysis.multiple import holm
from nanoprobe.analysis.of_run import (
    RunData,
    kinds_of_points,
    map_image,
    places_on_map,
    sites_of,
    values_at,
    verdicts_of,
)
from nanoprobe.analysis.resampling import BOOTSTRAP, bootstrap_interval, draw_fits
from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.strengths import Strengths, strengths_of
from nanoprobe.analysis.summary import PointVerdicts, SummaryRow, summarise
from nanoprobe.analysis.survival import survival_curve
from nanoprobe.analysis.weibull import Weibull, fit_weibull, why_not_estimable
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array

ALL = "all"
DISTANCE, CURRENT, MODULUS = "distance to the boundary", "|current| of the map", "modulus of the map"
QUANTITIES: Mapping[str, str] = {DISTANCE: "m", CURRENT: "A", MODULUS: "Pa"}
"""What the trigger voltage is set against, with units; a modulus is rare and left out where no map shows it."""
AREA_RATIOS = (0.01, 100.0)
"""Areas, as a multiple of the contact's own, for which the scale is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassResult:
    """One class of points: counts, share that triggered, Kaplan-Meier median, Weibull fit; `cannot` says what is missing."""

    site: str
    counts: SummaryRow
    share_triggered: Estimate
    kaplan_meier_median: Estimate
    weibull: Weibull | None
    bootstrap_modulus: Estimate
    bootstrap_scale: Estimate
    scale_at_area: tuple[tuple[float, Estimate], ...]
    cannot: str
    fitted: Fitted = field(repr=False, metadata={"hidden": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`second` against `first`: test, its Holm-adjusted p-value among its family, and effect (second over first)."""

    first: str
    second: str
    site: str
    test: ClassTest
    p_adjusted: float
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The statistics of a run. Points without a usable voltage are counted in `left_out`; `kinds`: the `Site` of every point."""

    classes: tuple[ClassResult, ...]
    comparisons: tuple[Comparison, ...]
    correlations: tuple[Correlation, ...]
    left_out: int
    kinds: NDArray[np.int8] = field(repr=False, metadata={"hidden": True})
    places: "Places" = field(repr=False, metadata={"hidden": True})

    def by_site(self, site: str) -> ClassResult | None:
        """Return the class called `site`, None where the run has none."""
        return next((one for one in self.classes if one.site == site), None)

    @property
    def can_correlate(self) -> bool:
        """Whether anything is known of the places of the points used."""
        return bool(len(self.places.sample)) and any(np.isfinite(one).any() for one in self.places.about.values())


@dataclass(frozen=True, slots=True)
class Places:
    """The points used: their strengths, `Site`, and what is known of their places, by name (see QUANTITIES)."""

    sample: Strengths = field(repr=False)
    kinds: NDArray[np.int8] = field(repr=False)
    about: Mapping[str, Array] = field(repr=False)


def analyse(run: RunData, seed: int = 0, verdicts: PointVerdicts | None = None) -> Breakdown:
    """Return the statistics of `run`; `verdicts` instead of the stored ones (see `of_run.judge_again`). Same seed, same result.

    Raises BadInput when the run has no points at all (it is of another kind).
    """
    if not run.points.sizes.get("point", 0):
        raise BadInput("no points in this run: it ended before the first one was planned")
    verdicts = verdicts_of(run.points) if verdicts is None else verdicts
    image = map_image(run)
    sites = sites_of(image)
    kinds = kinds_of_points(run.points, sites)
    sample, chosen = strengths_of(verdicts)
    on_map = places_on_map(run.points)[chosen]
    distance = np.full(len(chosen), np.nan) if sites is None else sites.distance_to_boundary(on_map)
    about = {
        DISTANCE: distance,
        CURRENT: values_at(image, "current", on_map),
        MODULUS: values_at(image, "modulus", on_map),
    }
    known_places = {name: values for name, values in about.items() if name != MODULUS or np.isfinite(values).any()}
    places = Places(sample, kinds[chosen], known_places)
    known = sites is not None or "site" in run.points
    rows = summarise(verdicts, kinds if known else None)
    classes = tuple(_class(row, _chosen(row.site, places), seed) for row in rows)
    begun = int((verdicts.state > 0).sum())
    return Breakdown(
        classes=classes,
        comparisons=_between_sites([one for one in classes if one.site not in (ALL, Site.UNKNOWN.label)], seed),
        correlations=tuple(correlate(places.sample, values, name, seed) for name, values in places.about.items()),
        left_out=begun - len(places.sample),
        kinds=kinds,
        places=places,
    )


def _chosen(site: str, places: Places) -> Strengths:
    if site == ALL:
        return places.sample
    kind = next(one for one in Site if one.label == site)
    return places.sample[places.kinds == kind]


def _class(row: SummaryRow, sample: Strengths, seed: int) -> ClassResult:
    why = why_not_estimable(sample)
    areas: tuple[tuple[float, Estimate], ...] = ()
    if why:
        none = unknown("V", BOOTSTRAP, why)
        fitted, scale, modulus = Fitted(sample, None, None), none, unknown("1", BOOTSTRAP, why)
    else:
        fit = fit_weibull(sample)
        draws = draw_fits(sample, fit, seed)
        fitted = Fitted(sample, fit, draws)
        scale = bootstrap_interval(fit.scale.value, draws, draws.scale, "V")
        modulus = bootstrap_interval(fit.modulus.value, draws, draws.modulus, "1")
        areas = tuple((ratio, fit.at_area(ratio)) for ratio in AREA_RATIOS)
    return ClassResult(
        site=row.site,
        counts=row,
        share_triggered=share(sample.failures, len(sample)),
        kaplan_meier_median=_median(sample),
        weibull=fitted.fit,
        bootstrap_modulus=modulus,
        bootstrap_scale=scale,
        scale_at_area=areas,
        cannot=f"no Weibull distribution: {why}" if why else "",
        fitted=fitted,
    )


def share(count: int, number: int) -> Estimate:
    """Return `count` out of `number` as a share with its exact interval (Clopper and Pearson 1934).

    >>> share(0, 20).high.__round__(3), share(10, 20).text
    (0.168, '0.5 (0.272 to 0.728)')
    """
    method = "Clopper-Pearson"
    if not number:
        return unknown("1", method, "no point")
    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(count, number - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, number - count, 1 - tail)) if count < number else 1.0
    return Estimate(value=count / number, low=low, high=high, unit="1", method=method)


def _median(sample: Strengths) -> Estimate:
    if not len(sample):
        return unknown("V", "Kaplan-Meier, log-log band", "no point")
    return survival_curve(sample.middle, sample.failed).median("V")


def _between_sites(classes: Sequence[ClassResult], seed: int) -> tuple[Comparison, ...]:
    pairs = [(a.site, b.site, "", a.fitted, b.fitted) for a, b in combinations(classes, 2)]
    return compare_pairs(pairs, seed)


def compare_pairs(pairs: Sequence[tuple[str, str, str, Fitted, Fitted]], seed: int) -> tuple[Comparison, ...]:
    """Return the comparisons of (first name, second name, site, first, second); their p-values adjusted as one family."""
    tests = [class_test([first.sample, second.sample], seed) for *_, first, second in pairs]
    adjusted = holm([test.p_value for test in tests])
    return tuple(
        Comparison(first=a, second=b, site=site, test=test, p_adjusted=float(p), effect=effect(first, second, seed))
        for (a, b, site, first, second), test, p in zip(pairs, tests, adjusted, strict=True)
    )
