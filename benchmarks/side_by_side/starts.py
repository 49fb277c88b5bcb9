"""Start: whole processes, from the command to what a person waits for."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.side_by_side.rounds import PATIENCE, rows

FIRST_SAMPLE = """
import json, os, sys, tempfile, time
from pathlib import Path
from nanoprobe.cli import demo
from nanoprobe.execution import Execution

store = Execution._store

def stored(execution, record):
    if type(record).__name__ in ("CheckDone", "FrameLine", "Samples"):
        sys.__stdout__.write(json.dumps({"at": time.monotonic()}) + chr(10))
        sys.__stdout__.flush()
        os.killpg(0, 9)
    store(execution, record)

Execution._store = stored
demo.demo(Path(tempfile.mkdtemp()) / "demo")
"""
"""Runs the demo up to the first thing it measured, says when that was, and ends its whole process group."""


WHY = """Of the demo's time some 0.6 s are Python's imports, 1.4 s the start of the simulated lab (imports, and the fields of
its surface), 0.8 s instruments and guard, the rest the first approach. The desktop app's start is in
[Speed](speed.md#the-desktop-app).
"""


def section(quick: bool) -> str:
    """Return the section's text."""
    rounds = 2 if quick else 7
    table = [("from the command to", "s, median", "goal, s")]
    table.append(
        ("`nanoprobe --help` has ended", _median(lambda: _whole("-m", "nanoprobe.cli", "--help"), rounds), "0.3")
    )
    table.append(("the demo's first measured value", _median(_first_sample, rounds), "2"))
    table.append(("the floor: `python -c pass` has ended", _median(lambda: _whole("-c", "pass"), rounds), ""))
    return f"## Start\nWhole processes, {rounds} of each.\n\n{rows(table)}\n\n{WHY}"


def _median(measure: Callable[[], float], rounds: int) -> str:
    measure()  # what the disk has to be asked for the first time
    return f"{statistics.median(measure() for _ in range(rounds)):.2f}"


def _whole(*arguments: str) -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    return time.monotonic() - begun


def _first_sample() -> float:
    begun = time.monotonic()
    command = [sys.executable, "-c", FIRST_SAMPLE]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    assert process.stdout is not None
    lines = [line for line in process.stdout if line.startswith('{"at"')]
    process.wait(PATIENCE)
    return float(json.loads(lines[0])["at"]) - begun
