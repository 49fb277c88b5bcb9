"""Runs of any kind side by side: the ratio of each headline number to the first run's, from the intervals they have.

The interval of a ratio follows from those of the two numbers on a logarithmic scale (method of variance estimates recovery, Zou
and Donner 2008): unlike a normal approximation it keeps skew intervals skew. p rests on the half of each interval that points to
the other number, taken as 1.96 standard errors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.stats import norm

from nanoprobe.analysis.conclusions import ALPHA
from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.analysis.findings import Findings, Plot, Table, label
from nanoprobe.analysis.multiple import holm
from nanoprobe.analysis.plots import ratio_figure

MOVER = "from both intervals, logarithmic (Zou and Donner 2008)"
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


def ratio_of(first: Estimate, second: Estimate) -> tuple[Estimate, float]:
    """Return `second` over `first` with its interval, and p for a ratio of 1; unknown and NaN where one is not positive.

    >>> one, two = (Estimate(value=v, low=v / 1.1, high=v * 1.1, unit="A", method="") for v in (1.0, 2.0))
    >>> ratio, p = ratio_of(one, two)
    >>> ratio.text, p < 1e-6
    ('2 (1.75 to 2.29)', True)
    """
    ends = np.array([[one.value, one.low, one.high] for one in (first, second)])
    if not ((ends > 0) & np.isfinite(ends)).all():
        return unknown("1", MOVER, "one of them has no closed interval above 0"), float("nan")
    (a, a_low, a_high), (b, b_low, b_high) = np.log(ends)
    down, up = np.hypot(b - b_low, a_high - a), np.hypot(b_high - b, a - a_low)
    low, high = np.exp([b - a - down, b - a + up])
    ratio = Estimate(value=float(np.exp(b - a)), low=float(low), high=float(high), unit="1", method=MOVER)
    facing = down if b > a else up
    error = facing / norm.ppf((1 + CONFIDENCE) / 2)
    return ratio, float(2 * norm.sf(abs(b - a) / error)) if error > 0 else float("nan")


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
        draw = partial(ratio_figure, shown, f"ratio to {next(iter(runs))}")
        yield Plot(title="", caption="Ratios with 95 % intervals.", draw=draw)


def _p(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"
