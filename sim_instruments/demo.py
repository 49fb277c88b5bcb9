"""The `demo` bench: the simulated lab in a process of its own, for as long as somebody holds its standard input.

The lab ends when the last holder of the pipe's write end has gone, so it outlives a killed app for as long as a guard
process that inherited the pipe still works with it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT = 60.0
"""Longest time (s) the lab may take to answer on every port."""


@contextmanager
def start(
    *,
    seed: int = 0,
    pace: float = 0.0,
    sample: str = "bare",
    cell: str = "symmetric",
    truth_file: Path | None = None,
) -> Iterator[Path]:
    """Start a lab on free loopback ports and yield its bench file; the lab is gone after the block.

    Raises RuntimeError with the lab's own words when it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="nanoprobe-lab-") as folder:
        bench_file = Path(folder) / "demo.toml"
        command = [sys.executable, "-P", "-m", "sim_instruments", "serve", "--until-stdin-closes"]
        command += ["--seed", str(seed), "--pace", str(pace), "--sample", sample]
        command += ["--cell", cell, "--bench-file", str(bench_file)]
        if truth_file is not None:
            command += ["--truth-file", str(truth_file)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            _wait_ready(process)
            assert process.stdin is not None
            os.set_inheritable(process.stdin.fileno(), True)  # a guard process that is started to inherit keeps the lab
            yield bench_file
        finally:
            _end(process)


def _wait_ready(process: "subprocess.Popen[str]") -> None:
    """The lab prints one line once every port answers, or closes its output when it failed."""
    assert process.stdout is not None
    if not process.stdout.readline():
        raise RuntimeError(f"the simulated lab did not start (exit status {process.wait(START_TIMEOUT)})")


def _end(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
