"""The notebook beside a report: valid, executed from top to bottom, with the report's own numbers."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient

from nanoprobe.cli.app import _status
from tests.analysis.test_many_runs import stored_map


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore")  # the kernel's own, as its process comes and goes
def test_the_notebook_of_a_comparison_executes_and_notices_another_number(tmp_path, monkeypatch):
    runs = [stored_map(tmp_path / f"{name}.zarr", scale) for name, scale in (("bare", 3.0), ("coated", 5.0))]
    target = tmp_path / "again.ipynb"
    monkeypatch.setattr(sys, "argv", ["nanoprobe", "analyze", *runs, "--notebook", str(target)])
    assert _status() == 0
    notebook = nbformat.read(target, as_version=4)
    NotebookClient(notebook, timeout=150).execute()
    shown = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "display_data"
    ]
    assert sum("image/svg+xml" in output.data for output in shown) >= 5
    assert any("coated.zarr triggers at a higher voltage" in output.data.get("text/html", "") for output in shown)

    names: dict = {}
    setup, analyse, *_, check = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    exec(setup, names)
    exec(analyse, names)
    with pytest.raises(AssertionError, match="not the numbers of the report"):
        exec(check.replace("'weibull_scale': ", "'weibull_scale': 1 + ", 1), names)


def test_a_notebook_of_another_ending_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nanoprobe", "analyze", "nowhere.zarr", "--notebook", str(tmp_path / "a.txt")])
    assert _status() == 2
    assert "written as .ipynb" in " ".join(capsys.readouterr().err.split())
