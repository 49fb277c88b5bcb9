"""The benchmark's quick form runs; what it finds is told by its table, not judged here."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_quick_trigger_map_prints_a_row_with_its_times():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "trigger_map.py", "--quick"], capture_output=True, text=True, timeout=55
    )
    assert done.returncode == 0, done.stderr
    headings, _, row = ([cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines())
    told = dict(zip(headings, row, strict=True))
    assert told["points"] == "16"
    assert float(told["wall s"]) > 0
    assert 0 < float(told["app's own ms (CPU)"]) < float(told["ms a point"])
