"""`nanoprobe analyze`: statistics of one run, or of many against each other."""

import shlex
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from nanoprobe.cli.console import out, print_json, say, tell
from nanoprobe.cli.recipes import is_folder, runs_inside
from nanoprobe.errors import BadInput
from nanoprobe.plan import parse_assignment

if TYPE_CHECKING:
    from nanoprobe.analysis.findings import Findings
    from nanoprobe.analysis.report import Results


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(analyze)


def analyze(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN.zarr...", help="runs, here or in object storage (s3://...); the first is the reference"
        ),
    ],
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="write a report; one that is there is replaced")
    ] = None,
    notebook: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.ipynb",
            help="write a Jupyter notebook that computes it all again; one that is there is replaced",
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="a setting of the analysis, repeatable: 'level=0.5 nA'"),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="a dask.distributed cluster instead of threads")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Say what runs show, with uncertainties: each by its own kind of analysis, and run against run."""
    # Imported here: the statistics' libraries take a second that no other command needs to spend.
    from nanoprobe.analysis.comparison import compare_runs
    from nanoprobe.analysis.many_runs import analyse_all
    from nanoprobe.analysis.report import Results, check_target, write_report
    from nanoprobe.analysis.run_result import SEED

    for one in runs:
        if is_folder(Path(one)):
            raise BadInput(f"{one} is the folder of a recipe; its runs lie inside: {runs_inside(Path(one))}")
    given = dict(parse_assignment(text) for text in assignments or [])
    if report is not None:
        check_target(report)
    if notebook is not None:
        check_target(notebook, ".ipynb")
    found = analyse_all([_address(one) for one in runs], given, scheduler)
    results = Results(found, compare_runs(found), SEED)
    if report is not None:
        write_report(results, report)
    if notebook is not None:
        from nanoprobe.analysis.notebook import write_notebook

        write_notebook(results, given, notebook)
    if as_json:
        print_json(results.data())
    else:
        _print(results)
    for name, path in (("report", report), ("notebook", notebook)):
        if path is not None:
            (say if as_json else tell)(f"{name}: {path}")
    if report is None and not as_json:
        tell(f"next: {_to_report(runs, assignments or [], scheduler)}")


def _to_report(runs: Sequence[str], assignments: Sequence[str], scheduler: str | None) -> str:
    """Return the command that writes the same as a report."""
    name = f"{PurePosixPath(runs[0]).stem}.html" if len(runs) == 1 else "comparison.html"
    settings = [word for text in assignments for word in ("--set", text)]
    where = [] if scheduler is None else ["--scheduler", scheduler]
    return shlex.join(["nanoprobe", "analyze", *runs, *settings, *where, "--report", name])


def _address(given: str) -> str:
    """Return a path as an absolute one, so that one run has one name and workers elsewhere find it; an address as it is."""
    return given if "://" in given else str(Path(given).absolute())


def _print(results: "Results") -> None:
    from nanoprobe.analysis.findings import SIMULATED

    for run in results.runs:
        mark = f"  ({SIMULATED})" if run.provenance.simulated else ""
        _print_findings(f"{run.name}: {run.kind}{mark}", run.findings)
    if results.compared is not None:
        _print_findings("comparison", results.compared)


def _print_findings(title: str, found: "Findings") -> None:
    from nanoprobe.analysis.findings import Table as Rows
    from nanoprobe.analysis.findings import label

    tell(title)
    tables = [part for part in found.parts if isinstance(part, Rows) and part.brief]
    if not tables and found.numbers:
        rows = [(label(name), one.text) for name, one in found.numbers.items()]
        _table("", ("number", "value (95 % interval)"), rows)
    for part in tables:
        shown = itemgetter(*part.brief)
        _table(part.title, shown(part.headings), [shown(row) for row in part.rows])
    for sentence in found.concluded:
        tell(f"- {sentence}")


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
