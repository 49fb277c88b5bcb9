"""`nanoprobe simulate`, as a user types it."""

import json
import subprocess
import sys

import pytest

from nanoprobe.cli.app import _status


def typed(line: str, monkeypatch, capsys) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", line.split())
    status = _status()
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_disc_gives_resistance_unknowns_and_estimated_error(monkeypatch, capsys):
    line = "nanoprobe simulate flux --case disk --set radius=5e-9 --set conductivity=0.046 --json"
    status, out, _ = typed(line, monkeypatch, capsys)
    found = json.loads(out)
    assert status == 0
    assert found["resistance"] == pytest.approx(1 / (4 * 0.046 * 5e-9), rel=1e-5)
    assert found["dofs"] <= 5000
    assert 0 < found["estimated_error"] < 1e-3


def test_a_tolerance_stops_refining_earlier(monkeypatch, capsys):
    _, out, _ = typed("nanoprobe simulate flux --case disk --tolerance 0.01 --json", monkeypatch, capsys)
    assert json.loads(out)["dofs"] < 1000


@pytest.mark.parametrize("kind", ["flux", "mechanics"])
def test_without_a_case_the_cases_are_listed_with_their_parameters(kind, monkeypatch, capsys):
    _, out, _ = typed(f"nanoprobe simulate {kind} --json", monkeypatch, capsys)
    assert {"flux": "disk", "mechanics": "crack"}[kind] in {each["case"] for each in json.loads(out)}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("flux --case disk --set conductivity=0", "conductivity is 0 S/m; it must lie above 0"),
        ("mechanics --case cavity --set poisson=0.6", "poisson is 0.6; it must lie above -1 and below 0.5"),
        ("flux --case disk --set radius", "write name=value"),
        ("mechanics --case disk", "no mechanics case 'disk'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(line, says, monkeypatch, capsys):
    status, _, err = typed(f"nanoprobe simulate {line}", monkeypatch, capsys)
    assert status == 2
    assert says in err


def test_help_does_not_load_the_finite_elements():
    code = "import sys; import nanoprobe.cli.app; sys.exit('skfem' in sys.modules or 'pyamg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
