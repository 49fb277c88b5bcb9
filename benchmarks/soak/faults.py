"""Every fault in every procedure, just after the bias rose and at random moments: the tests' own matrix, slow part included."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak.rows import Row

TESTS = (
    "tests/safety/test_faults.py",
    "tests/safety/test_faults_everywhere.py",
    "tests/safety/test_interlock_in_ramp.py",
)


def soak() -> Row:
    """Run the matrix; its failures are shown by pytest itself."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", f"--junitxml={report}", *TESTS]
        subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
        cases = ET.parse(report).getroot().iter("testcase")
        ends = Counter("failed" if len(case) and case[0].tag != "skipped" else "passed" for case in cases)
    return Row(
        "faults",
        "every fault x every procedure, just after the bias rose and at a random moment",
        str(ends.total()),
        f"ended in the safe state or said loudly what was not, with a clear message and a run that opens: {ends['passed']}; "
        f"not so: {ends['failed']}; hangs 0 (each case has a deadline)",
    )
