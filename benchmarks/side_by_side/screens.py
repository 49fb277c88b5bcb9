"""Screen: what a refresh of the live map costs, and whether the app's window keeps up with the GUI issue's load."""

import os
import subprocess
import sys

from benchmarks.side_by_side.painting import METHODS
from benchmarks.side_by_side.rounds import PATIENCE, Rounds, measure, rows

LINES = (16, 64, 1024)
PYMEASURE_MOST = 64
"""More lines take PyMeasure minutes a refresh."""


def section(quick: bool) -> str:
    """Return the section's text."""
    rounds = 1 if quick else 3
    found = {lines: _draw(lines, rounds) for lines in (LINES[:1] if quick else LINES)}
    table = [("ms a refresh with so many of 1024 lines there", *map(str, found))]
    for method in METHODS:
        cells = [
            f"{one.median(method, 'ms'):.3g} ({one.ratio(method, 'bare pyqtgraph', 'ms'):.2g})"
            if method in one.values
            else "-"
            for one in found.values()
        ]
        table.append((method, *cells))
    text = f"## Screen\nIn brackets: times bare pyqtgraph. Rounds: {rounds}.\n\n{rows(table)}\n"
    return text if quick else f"{text}\n{_stream()}"


def _draw(lines: int, rounds: int) -> Rounds:
    methods = [method for method in METHODS if method != "PyMeasure" or lines <= PYMEASURE_MOST]
    module = "benchmarks.side_by_side.painting"
    return measure({method: ["-m", module, method, str(lines)] for method in methods}, rounds)


def _stream() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.screen", "stream"],
        stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    told = [line for line in done.stdout.splitlines() if "lines/s" in line or "kept waiting" in line]
    return "The app with four channels and a ramp of 10,000 samples:\n\n" + "".join(f"- {line}\n" for line in told)
