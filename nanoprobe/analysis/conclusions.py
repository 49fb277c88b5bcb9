"""What can and what cannot be concluded, in sentences that carry their evidence."""

from collections.abc import Iterator

from nanoprobe.analysis.breakdown import Breakdown, ClassResult, Comparison
from nanoprobe.analysis.correlation import Correlation
from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.weibull import FEW_FAILURES
from nanoprobe.units import si

ALPHA = 0.05
"""Adjusted p-values below this count as evidence."""


def conclusions_of(found: Breakdown) -> tuple[str, ...]:
    """Return the sentences on one run."""
    return (
        *_of_points(found),
        *(sentence for one in found.classes for sentence in _of_class(one)),
        *(_of_comparison(one) for one in found.comparisons),
        *(_of_correlation(one) for one in found.correlations),
    )


def _of_points(found: Breakdown) -> Iterator[str]:
    if found.left_out:
        yield f"{found.left_out} begun points have no usable voltage (failed, interrupted or NaN) and are left out."
    if len(found.classes) == 1:
        yield "Kinds of sites cannot be compared: the run has no current map that shows the grain boundaries."


def _of_class(one: ClassResult) -> Iterator[str]:
    name = one.site.capitalize() if one.site != "all" else "All points"
    if not one.counts.triggered + one.counts.censored:
        yield f"{name}: no finished point, nothing can be concluded."
        return
    if one.weibull is None:
        yield f"{name}: {one.cannot}. The share that triggered{_reach(one)} is {one.share_triggered.text}."
        return
    if one.weibull.failures < FEW_FAILURES:
        yield (
            f"{name}: {one.weibull.failures} triggered points give scale {one.weibull.scale.text}; with fewer than "
            f"{FEW_FAILURES} the interval may cover less than 95 %."
        )
    if one.weibull.scale.value > one.fitted.sample.lower.max():
        yield f"{name}: the scale {one.weibull.scale.text} lies beyond the ramps{_reach(one)}; it rests on the Weibull form."


def _reach(one: ClassResult) -> str:
    sample = one.fitted.sample
    if not len(sample) or sample.failed.all():
        return ""
    return f" up to {si(float(sample.lower[~sample.failed].max()), 'V')}"


def conclusion_of_comparison(one: Comparison) -> str:
    """Return the sentence on one comparison."""
    return _of_comparison(one)


def _of_comparison(one: Comparison) -> str:
    pair = (
        f"{one.second} against {one.first} ({one.site})"
        if one.site
        else f"{one.second} against {one.first}".capitalize()
    )
    if one.test.note:
        return f"{pair}: cannot be tested, {one.test.note}."
    evidence = f"p = {one.p_adjusted:.3g} after Holm"
    if one.p_adjusted >= ALPHA:
        return f"{pair}: no difference shown ({evidence}); {_compatible(one.effect.scales)}"
    return f"{pair}: {_direction(one)} ({evidence})."


def _compatible(ratio: Estimate) -> str:
    if ratio.interval == "no interval":
        return f"the ratio of scales is not known: {ratio.note}. That is no proof that they are alike."
    return f"a ratio of scales of {ratio.text} fits the data. That is no proof that they are alike."


def _direction(one: Comparison) -> str:
    ratios = {"scale": one.effect.scales, "median": one.effect.medians}
    told = {name: ratio for name, ratio in ratios.items() if ratio.excludes(1.0)}
    if told:
        way = "lower" if next(iter(told.values())).high < 1 else "higher"
        shown = ", ".join(f"ratio of {name}s {ratio.text}" for name, ratio in told.items())
        return f"{one.second} triggers at a {way} voltage, {shown}"
    if "no interval" in (one.effect.scales.interval, one.effect.medians.interval):
        return f"they differ, but by how much is not known: {one.effect.scales.note or one.effect.medians.note}"
    return f"they differ in spread rather than in scale, ratio of scales {one.effect.scales.text}"


def _of_correlation(one: Correlation) -> str:
    if one.rho.note:
        return f"Trigger voltage against {one.quantity}: cannot be told, {one.rho.note}."
    shown = f"rank correlation {one.rho.text}, n = {one.points}, p = {one.p_value:.3g}"
    if not one.rho.excludes(0.0):
        return f"Trigger voltage against {one.quantity}: no correlation shown ({shown})."
    return f"Trigger voltage {'rises' if one.rho.value > 0 else 'falls'} with {one.quantity} ({shown})."
