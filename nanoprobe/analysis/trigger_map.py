"""The analysis of trigger ramps and maps: what `nanoprobe analyze` says of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.breakdown import ALL, Breakdown, Comparison, analyse
from nanoprobe.analysis.conclusions import conclusions_of
from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot, Table
from nanoprobe.analysis.kind import Choices, Kind, choice
from nanoprobe.analysis.methods import METHODS
from nanoprobe.analysis.of_run import judge_again
from nanoprobe.analysis.provenance import stored_settings
from nanoprobe.analysis.trigger import Criterion, TriggerSettings
from nanoprobe.storage import Run, open_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASS_HEADINGS = (
    "sites", "triggered / finished", "share triggered", "median (Kaplan-Meier)", "Weibull scale V0", "modulus m",
    "V0, bootstrap", "m, bootstrap",
)  # fmt: skip
COMPARISON_HEADINGS = ("compared", "ratio of scales", "ratio of medians", "statistic (df)", "p", "p adjusted")


class TriggerChoices(Choices):
    """The trigger test to judge the stored ramps with; what is not given stays as it was while measuring."""

    criterion: Criterion | None = choice(None, None, "level | slope | ratio: what a sample above the level must be")
    level: float | None = choice(None, "A", "|current| a trigger must pass", above=0)
    ratio: float | None = choice(None, "1", "|current| over the background's exponential, for criterion ratio", above=0)
    slope_sigmas: float | None = choice(None, "1", "standard deviations a rise must stand out by", above=0)
    slope_samples: int | None = choice(None, "1", "samples it must stay risen", above=0)
    rise_time: float | None = choice(None, "s", "time over which slopes are taken", above=0)
    fit_span: float | None = choice(None, "V", "bias before a rise that it is compared with", above=0)
    quiet_bias: float | None = choice(None, "V", "bias below which what flows is offset and displacement", least=0)
    capacitance: float | None = choice(None, "F", "stray capacitance", least=0)

    def over(self, stored: TriggerSettings | None) -> TriggerSettings | None:
        """Return `stored` (the defaults where a run does not say) with what was chosen; None where nothing was."""
        given = self.model_dump(exclude_none=True)
        return replace(stored or TriggerSettings(), **given) if given else None


def find(run: Run, choices: TriggerChoices, seed: int) -> Findings:
    """Return the statistics of a trigger map, its ramps judged anew where `choices` say so.

    Raises BadInput when the run has no points at all.
    """
    test = choices.over(stored_settings(run))
    found = analyse(run, seed, None if test is None else judge_again(run, test))
    return findings_of(found, run.address)


def findings_of(found: Breakdown, address: str) -> Findings:
    """Return `found` as findings; the run at `address` is opened again when its picture is drawn."""
    return Findings(
        numbers=dict(_numbers(found)),
        concluded=conclusions_of(found),
        parts=tuple(_parts(found, address)),
        methods=METHODS,
        details=found,
    )


def _numbers(found: Breakdown) -> Iterator[tuple[str, Estimate]]:
    for one in found.classes:
        place = "" if one.site == ALL else f"_{one.site.replace(' ', '_')}"
        yield f"share_triggered{place}", one.share_triggered
        yield f"trigger_voltage_median{place}", one.kaplan_meier_median
        if one.weibull is not None:
            yield f"weibull_scale{place}", one.weibull.scale
            yield f"weibull_modulus{place}", one.weibull.modulus


def _parts(found: Breakdown, address: str) -> Iterator[Table | Plot]:
    yield Table(
        title="By kind of site", headings=CLASS_HEADINGS, rows=tuple(class_rows(found)), brief=(0, 1, 3, 4, 5)
    )  # fmt: skip
    yield Plot(
        title="",
        caption="Weibull plot (median ranks, fit, pointwise 95 % band) and Kaplan-Meier curves; ticks: not triggered.",
        draw=partial(_breakdown_figure, found),
    )
    if found.comparisons:
        rows = tuple(comparison_rows(found.comparisons))
        yield Table(title="Between kinds of sites", headings=COMPARISON_HEADINGS, rows=rows)
    yield from _correlations(found)
    yield from _areas(found)
    yield Plot(
        title="The run",
        caption="Images, trigger voltages on the surface, and ramps.",
        draw=partial(draw_at, address, found.kinds),
    )


def _breakdown_figure(found: Breakdown) -> "Figure":
    from nanoprobe.analysis.plots import (
        breakdown_figure,
    )  # here as below: the terminal can do without Matplotlib's half a second

    return breakdown_figure(found)


def _correlation_figure(found: Breakdown) -> "Figure":
    from nanoprobe.analysis.plots import correlation_figure

    return correlation_figure(found)


def draw_at(address: str, kinds: NDArray[np.int8]) -> "Figure":
    """Return the picture of the run at `address`, whose points have these `kinds`."""
    from nanoprobe.analysis.figure import draw

    with open_run(address) as run:
        return draw(run, kinds=kinds)


def _correlations(found: Breakdown) -> Iterator[Table | Plot]:
    rows = tuple(
        (one.quantity, one.rho.text, str(one.points), "-" if one.rho.note else f"{one.p_value:.3g}")
        for one in found.correlations
    )
    headings = ("quantity", "rank correlation", "points", "p")
    yield Table(title="What goes with the trigger voltage", headings=headings, rows=rows)
    if found.can_correlate:
        caption = "Open markers: not triggered up to there."
        yield Plot(title="", caption=caption, draw=partial(_correlation_figure, found))


def _areas(found: Breakdown) -> Iterator[Table]:
    rows = tuple((one.site, f"{r:g}", v.text) for one in found.classes for r, v in one.scale_at_area)
    if rows:
        headings = ("sites", "area over the contact's", "scale V0")
        yield Table(title="Area scaling (extrapolated)", headings=headings, rows=rows)


def class_rows(found: Breakdown) -> list[tuple[str, ...]]:
    """Return a row of text for each class, in the order of CLASS_HEADINGS."""
    return [
        (
            one.site,
            f"{one.fitted.sample.failures} / {len(one.fitted.sample)}",
            one.share_triggered.text,
            one.kaplan_meier_median.text,
            one.weibull.scale.text if one.weibull else one.cannot,
            one.weibull.modulus.text if one.weibull else "-",
            one.bootstrap_scale.interval if one.weibull else "-",
            one.bootstrap_modulus.interval if one.weibull else "-",
        )
        for one in found.classes
    ]


def comparison_rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return a row of text for each comparison, in the order of COMPARISON_HEADINGS."""
    return [
        (
            f"{one.second} over {one.first}" + (f", {one.site}" if one.site else ""),
            one.effect.scales.text,
            one.effect.medians.text,
            one.test.note or f"{one.test.statistic:.3g} ({one.test.degrees})",
            "-" if one.test.note else f"{one.test.p_value:.3g}",
            "-" if one.test.note else f"{one.p_adjusted:.3g}",
        )
        for one in comparisons
    ]


KIND = Kind(title="trigger map", analyse=find, choices=TriggerChoices)
