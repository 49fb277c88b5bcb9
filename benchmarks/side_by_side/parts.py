"""Analysis, finite elements, the simulated lab and reports: what their own benchmarks print, taken in the same run."""

import subprocess
import sys
from collections.abc import Callable

from benchmarks.side_by_side.rounds import PATIENCE

_PATIENCE = 3 * PATIENCE
"""Longest time a benchmark may take (s): it runs maps of thousands of points first."""
PARTS = {
    "analysis": ("## Analysis", "benchmarks/detection.py", ("--ramps", "1000", "--rounds", "3"), ()),
    "elements": ("## Finite elements", "benchmarks/finite_elements.py", ("--most", "11000"), ("--most", "100000")),
    "lab": (
        "## A trigger map on the simulated lab",
        "benchmarks/trigger_map.py",
        ("--quick",),
        ("--sides", "10", "32"),
    ),
    "report": ("## A report", "benchmarks/report.py", ("--sides", "10"), ("--sides", "32", "64")),
}
"""Heading, script, and its options when quick and when not."""


def section(name: str) -> Callable[[bool], str]:
    """Return what makes the section `name`."""
    heading, script, short, whole = PARTS[name]

    def made(quick: bool) -> str:
        options = short if quick else whole
        done = subprocess.run(
            [sys.executable, script, *options], stdout=subprocess.PIPE, text=True, check=True, timeout=_PATIENCE
        )
        return f"{heading}\n`python {' '.join((script, *options))}`\n\n{done.stdout}"

    return made
