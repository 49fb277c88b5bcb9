"""Runs of any kind side by side: the ratio of each headline number to the first run's, from the intervals they have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nanoprobe.analysis.conclusions import ALPHA
from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot, Table, label
from nanoprobe.analysis.multiple import holm
from nanoprobe.analysis.ratio import ratio_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = {
    "ratio to the first run": (
        "Interval from those of the two numbers on a logarithmic scale (Zou and Donner 2008); p from the halves that face each "
        "other, taken as 1.96 standard errors; 'adjusted': Holm (1979) over the table."
    )
}
Numbers = Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberComparison:
    """`quantity` of run `second` over that of run `first`; `p_adjusted` after Holm over all comparisons of the call."""

    quantity: str
    first: str
    second: str
    ratio: Estimate
    p_value: float
    p_adjusted: float


def compare_numbers(runs: Mapping[str, Numbers], cautions: tuple[str, ...], settings: tuple[Table, ...]) -> Findings:
    """Return every other run against the first, number by number; `cautions` and `settings` stand with it."""
    found = tuple(_compared(runs))
    return Findings(
        numbers={},
        concluded=(*cautions, *(_sentence(one) for one in found)),
        parts=(*_parts(runs, found), *settings),
        methods=METHODS,
        details={"comparisons": found},
    )


def _compared(runs: Mapping[str, Numbers]) -> Iterator[NumberComparison]:
    first, *others = runs
    pairs = [(name, other) for name in runs[first] for other in others if name in runs[other]]
    ratios = [ratio_of(runs[first][name], runs[other][name]) for name, other in pairs]
    adjusted = holm([p for _, p in ratios])
    for (name, other), (ratio, p), whole in zip(pairs, ratios, adjusted, strict=True):
        yield NumberComparison(
            quantity=name, first=first, second=other, ratio=ratio, p_value=p, p_adjusted=float(whole)
        )


def _sentence(one: NumberComparison) -> str:
    pair = f"{label(one.quantity)}, {one.second} against {one.first}"
    if np.isnan(one.p_adjusted):
        return f"{pair}: cannot be compared, {one.ratio.note or 'an interval is missing'}."
    evidence = f"ratio {one.ratio.text}, p = {one.p_adjusted:.3g} after Holm"
    if one.p_adjusted >= ALPHA:
        return f"{pair}: no difference shown ({evidence}). That is no proof that they are alike."
    return f"{pair}: {'higher' if one.ratio.value > 1 else 'lower'} ({evidence})."


def _parts(runs: Mapping[str, Numbers], found: tuple[NumberComparison, ...]) -> Iterator[Table | Plot]:
    names = list(dict.fromkeys(name for numbers in runs.values() for name in numbers))
    rows = tuple(
        (label(name), *(numbers[name].text if name in numbers else "-" for numbers in runs.values())) for name in names
    )
    brief = tuple(range(min(len(runs), 3) + 1))
    yield Table(title="The runs", headings=("number", *runs), rows=rows, brief=brief)
    ratios = tuple(
        (label(one.quantity), f"{one.second} over {one.first}", one.ratio.text, _p(one.p_value), _p(one.p_adjusted))
        for one in found
    )
    headings = ("number", "compared", "ratio", "p", "p adjusted")
    yield Table(title=f"Compared with {next(iter(runs))}", headings=headings, rows=ratios, brief=(0, 1, 2, 4))
    shown = [(f"{label(one.quantity)}, {one.second}", one.ratio) for one in found if not one.ratio.note]
    if shown:
        draw = partial(_figure, shown, f"ratio to {next(iter(runs))}")
        yield Plot(title="", caption="Ratios with 95 % intervals.", draw=draw)


def _figure(rows: Sequence[tuple[str, Estimate]], title: str) -> "Figure":
    from nanoprobe.analysis.plots import (
        ratio_figure,
    )  # here, since it takes half a second that the terminal can do without

    return ratio_figure(rows, title)


def _p(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"
