"""A Jupyter notebook that computes a report again, shows it, and checks that every headline number is the same."""

from collections.abc import Mapping
from pathlib import Path
from pprint import pformat

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from nanoprobe.analysis.findings import headlines
from nanoprobe.analysis.report import Results, check_target, replace_file

_SETUP = """\
from IPython.display import HTML, SVG, display

from nanoprobe.analysis import page
from nanoprobe.analysis.comparison import compare_runs
from nanoprobe.analysis.findings import Table, headlines
from nanoprobe.analysis.many_runs import analyse_all


def show(findings, simulated):
    display(HTML(page.bullets(findings.concluded)))
    for part in findings.parts:
        if part.title:
            display(HTML(page.heading(3, part.title)))
        if isinstance(part, Table):
            display(HTML(page.table(part.headings, part.rows)))
        else:
            display(SVG(page.svg(part.figure(simulated), part.caption)))
            display(HTML(page.paragraph(part.caption)))"""
_ANALYSE = """\
addresses = {addresses}
settings = {settings}

results = analyse_all(addresses, settings, seed={seed})
simulated = any(run.provenance.simulated for run in results)"""
_CHECK = """\
expected = {expected}

for run in results:
    assert headlines(run.findings.numbers) == expected[run.name], f"{{run.name}}: not the numbers of the report\""""


def write_notebook(results: Results, given: Mapping[str, str], path: Path) -> Path:
    """Write the notebook of `results` to `path` (.ipynb) and return it; `given` are the settings they were made with.

    Raises BadInput for another ending or a missing folder, StorageError when it cannot be written.
    """
    check_target(path, ".ipynb")
    addresses = [run.provenance.path for run in results.runs]
    analyse = _ANALYSE.format(addresses=pformat(addresses), settings=pformat(dict(given)), seed=results.seed)
    cells = [
        new_markdown_cell(f"# {results.title}\nComputes the report again from the runs, with the same seed."),
        new_code_cell(_SETUP),
        new_code_cell(analyse),
    ]
    for number, run in enumerate(results.runs):
        cells += [
            new_markdown_cell(f"## {run.name}: {run.kind}"),
            new_code_cell(f"show(results[{number}].findings, results[{number}].provenance.simulated)"),
        ]
    if results.compared is not None:
        cells += [new_markdown_cell("## Comparison"), new_code_cell("show(compare_runs(results), simulated)")]
    expected = {run.name: headlines(run.findings.numbers) for run in results.runs}
    cells += [
        new_markdown_cell("## The same numbers as in the report"),
        new_code_cell(_CHECK.format(expected=pformat(expected, sort_dicts=False))),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # the same runs give the same file
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    nbformat.validate(notebook)
    replace_file(path, nbformat.writes(notebook))
    return path
