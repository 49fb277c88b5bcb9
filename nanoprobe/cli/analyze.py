"""`nanoprobe analyze`: statistics of one run, or of many against each other."""

from collections.abc import Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from nanoprobe.cli.console import out, print_json, say, tell
from nanoprobe.errors import BadInput
from nanoprobe.storage import Run, open_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nanoprobe.analysis.report import Results

SEED = 0
"""Of everything drawn at random: the same runs give the same numbers."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(analyze)


def analyze(
    paths: Annotated[list[Path], typer.Argument(metavar="RUN.zarr...", help="runs; the first is the reference")],
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="write a report")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Say what trigger maps show, with uncertainties: by kind of site, and run against run."""
    # Imported here: the statistics' libraries take a second that no other command needs to spend.
    from nanoprobe.analysis.report import check_target, write_report

    if len({path.resolve() for path in paths}) < len(paths):
        raise BadInput("the same run is named twice; compare it with another one")
    if report is not None:
        check_target(report)
    with ExitStack() as opened:
        runs = [opened.enter_context(open_run(path)) for path in paths]
        results = _results(paths, runs)
        if report is not None:
            write_report(results, _overviews(results, runs), report)
    if as_json:
        print_json(results.data())
    else:
        _print(results)
    if report is not None:
        (say if as_json else tell)(f"report: {report}")


def _results(paths: list[Path], runs: list[Run]) -> "Results":
    from nanoprobe.analysis.breakdown import analyse
    from nanoprobe.analysis.comparison import compare_runs, run_result, short_names
    from nanoprobe.analysis.provenance import provenance_of
    from nanoprobe.analysis.report import Results

    found = []
    for path, run, name in zip(paths, runs, short_names(paths, [run.header.sample for run in runs]), strict=True):
        try:
            found.append(run_result(name, analyse(run, SEED), provenance_of(run)))
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from None
    return Results(found, compare_runs(found, SEED), SEED)


def _overviews(results: "Results", runs: list[Run]) -> "dict[str, Figure]":
    from nanoprobe.analysis.figure import draw

    return {result.name: draw(run, result.name) for result, run in zip(results.runs, runs, strict=True)}


def _print(results: "Results") -> None:
    from nanoprobe.analysis.report import CLASS_HEADINGS, COMPARISON_HEADINGS, SIMULATED, class_rows, comparison_rows

    for run in results.runs:
        mark = f"  ({SIMULATED})" if run.provenance.simulated else ""
        shown = itemgetter(0, 1, 3, 4, 5)  # what a terminal has room for
        _table(f"{run.name}{mark}", shown(CLASS_HEADINGS), [shown(row) for row in class_rows(run.breakdown)])
        for sentence in run.concluded:
            tell(f"- {sentence}")
    if results.compared is not None:
        _table(
            f"compared with {results.compared.reference}",
            COMPARISON_HEADINGS,
            comparison_rows(results.compared.comparisons),
        )
        for sentence in results.compared.concluded:
            tell(f"- {sentence}")


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
