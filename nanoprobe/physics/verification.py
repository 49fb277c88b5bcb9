"""The table of docs/reference/verification.md: every case with a closed formula, its error against unknowns, and the order."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nanoprobe.physics.case import Case, Result
from nanoprobe.physics.cases import CASES

DOFS = 20_000
"""Unknowns of the finest mesh in the table."""
NOISE = 1e-11
"""Errors below this are rounding: no order."""


@dataclass(frozen=True)
class Row:
    """One case: its results on ever finer meshes."""

    case: Case
    results: tuple[Result, ...]

    @property
    def order(self) -> float:
        """How fast the error falls with the unknowns (exponent), first mesh to last; NaN where it is rounding."""
        first, last = self.results[0], self.results[-1]
        errors = [abs(each.error or 0.0) for each in (first, last)]
        if min(errors) < NOISE or first.dofs == last.dofs:
            return math.nan
        return math.log(errors[0] / errors[1]) / math.log(last.dofs / first.dofs)


def verify(dofs: int = DOFS, watch: Callable[[str], None] = lambda name: None) -> Iterator[Row]:
    """Yield a row for every case at its default parameters, by its number in the list."""
    for case in sorted(CASES.values(), key=lambda case: case.number):
        watch(case.name)
        yield Row(case, tuple(case.levels(case.values({}), dofs)))


def table(rows: Iterator[Row]) -> str:
    """Return the rows as Markdown."""
    heads = (
        "#",
        "case",
        "what",
        "must be",
        "error (unknowns), coarsest to finest mesh",
        "order in unknowns",
        "estimated",
    )
    lines = [heads, ("---",) * len(heads), *(_cells(row) for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    case, results = row.case, row.results
    shown = [results[i] for i in sorted({0, len(results) // 2, len(results) - 1})]
    errors = ", ".join(f"{abs(each.error or 0.0):.1e} ({each.dofs:,})" for each in shown)
    order = "exact" if math.isnan(row.order) else f"{-row.order:.1f}"
    estimate = results[-1].estimated_error
    told = "" if math.isnan(estimate) else f"{estimate:.0e}"
    return str(case.number), f"`{case.name}`", case.meaning, case.formula, errors, order, told
