"""The command line as a user types it, and what a lab says was done to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nanoprobe.cli.app import _status
from sim_instruments.nanonis.controller import ControllerSettings

DEADLINE = 60.0
NEAR = ControllerSettings(coarse_gap=2e-6)
"""The sample is within reach of the piezo: no long approach."""


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line on standard error; anything else fails the test."""
        (line,) = self.err.splitlines()
        return line


@pytest.fixture
def nanoprobe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command line in this process, whole: parsing, errors and exit status."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["nanoprobe", *arguments])
        capsys.readouterr()
        try:
            status = _status()
        except SystemExit as end:  # argparse, of `sim serve`
            status = int(end.code or 0)
        return Said(status, *capsys.readouterr())

    return run


def touched(lab: Any) -> list[dict[str, object]]:
    """Return every time an output or bias went on, or the tip left where it was, in the life of `lab`."""
    idle = (False, "withdrawn", "connected", "gone")
    return [event for event in lab.call(lambda: lab.lab.events) if event["state"] not in idle]


def unsafe(lab: Any) -> list[str]:
    """Return what of `lab` is not in the safe state now."""
    found: list[str] = lab.call(lambda: lab.lab.log.unsafe)
    return found


@pytest.fixture
def app() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start the command line as a process of its own; none outlives the test."""
    started = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        # A shell that runs the tests in the background has them ignore Ctrl-C; what they start must not inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        command = [sys.executable, "-m", "nanoprobe.cli", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=DEADLINE)


def edited(lab: Any, old: str, new: str, name: str = "edited.toml") -> str:
    """Return a copy of a lab's bench file with `old` replaced."""
    text = lab.bench_file.read_text(encoding="utf-8")
    assert old in text
    place: Path = lab.bench_file.with_name(name)
    place.write_text(text.replace(old, new), encoding="utf-8")
    return str(place)
