"""Trigger maps side by side, over all points and by kind of site."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nanoprobe.analysis.breakdown import ALL, Breakdown, Comparison, compare_pairs
from nanoprobe.analysis.class_test import ClassTest, class_test
from nanoprobe.analysis.conclusions import conclusion_of_comparison
from nanoprobe.analysis.findings import Findings, Plot, Table
from nanoprobe.analysis.methods import METHODS
from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.trigger_map import CLASS_HEADINGS, COMPARISON_HEADINGS, class_rows, comparison_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerComparison:
    """Every other map against the first (`reference`); `overall` tests all maps at once."""

    reference: str
    overall: ClassTest
    comparisons: tuple[Comparison, ...]


def compare_triggers(
    runs: Mapping[str, Breakdown], cautions: tuple[str, ...], settings: tuple[Table, ...], seed: int
) -> Findings:
    """Return the comparison of two or more maps; `cautions` and `settings` of the runs stand with it."""
    first, *others = runs
    pairs = []
    for site in (ALL, *(kind.label for kind in Site if kind is not Site.UNKNOWN)):
        for other in others:
            reference, second = runs[first].by_site(site), runs[other].by_site(site)
            if reference and second:
                pairs.append((first, other, site, reference.fitted, second.fitted))
    overall = class_test([run.places.sample for run in runs.values()], seed)
    found = TriggerComparison(reference=first, overall=overall, comparisons=compare_pairs(pairs, seed))
    together = f"All runs at once: {overall.note or f'p = {overall.p_value:.3g}'}, not adjusted."
    return Findings(
        numbers={},
        concluded=(
            *cautions,
            *([together] if len(runs) > 2 else []),
            *(conclusion_of_comparison(one) for one in found.comparisons),
        ),
        parts=(*_parts(runs, found), *settings),
        methods=METHODS,
        details=found,
    )


def _parts(runs: Mapping[str, Breakdown], found: TriggerComparison) -> tuple[Table | Plot, ...]:
    classes = tuple((name, *row) for name, run in runs.items() for row in class_rows(run))
    rows = tuple(comparison_rows(found.comparisons))
    brief = tuple(range(len(COMPARISON_HEADINGS)))
    return (
        Table(title="The runs", headings=("run", *CLASS_HEADINGS), rows=classes),
        Table(title=f"Compared with {found.reference}", headings=COMPARISON_HEADINGS, rows=rows, brief=brief),
        Plot(
            title="",
            caption="Left: all points of each run. Right: effect sizes.",
            draw=partial(_figure, runs, found),
        ),
    )


def _figure(runs: Mapping[str, Breakdown], found: TriggerComparison) -> "Figure":
    from nanoprobe.analysis.plots import (
        comparison_figure,
    )  # here, since it takes half a second that the terminal can do without

    return comparison_figure(runs, found.reference, found.comparisons)
