"""Several runs side by side: the rows in which they differ first. No Qt, no disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gui.run_index import RunDetails


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One row: `values` in the order of the runs, empty where a run has none; `differs`: not all are the same."""

    name: str
    values: tuple[str, ...]
    differs: bool


def compare(runs: Sequence[RunDetails]) -> tuple[ComparisonRow, ...]:
    """Return results first, then the parameters that differ, then those that are the same."""
    results = _rows([run.numbers for run in runs])
    parameters = _rows([run.parameters for run in runs])
    return (*results, *(row for row in parameters if row.differs), *(row for row in parameters if not row.differs))


def _rows(columns: Sequence[Mapping[str, str]]) -> list[ComparisonRow]:
    names = dict.fromkeys(name for column in columns for name in column)
    rows = []
    for name in names:
        values = tuple(column.get(name, "") for column in columns)
        rows.append(ComparisonRow(name, values, len(set(values)) > 1))
    return rows


def as_text(runs: Sequence[RunDetails], rows: Sequence[ComparisonRow]) -> str:
    """Return the table as tab-separated text for a spreadsheet."""
    lines = [["", *(run.path.name for run in runs)], *([row.name, *row.values] for row in rows)]
    return "\n".join("\t".join(line) for line in lines) + "\n"
