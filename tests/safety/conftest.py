"""Procedures run whole, by the engine and the real drivers, on a simulated lab that breaks at a chosen moment."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from nanoprobe.engine import execute
from nanoprobe.errors import NanoprobeError
from nanoprobe.events import Event, Events, MadeSafe
from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan
from nanoprobe.retry import POLICY, Operation
from nanoprobe.safe_state import SafeReport
from sim_instruments.nanonis.controller import ControllerSettings

PLANS: dict[str, dict[str, Any]] = {
    "contact-check": {"dwell": 0.02},
    "current-map": {"pixels": 16, "size": 1e-6, "line_rate": 20.0},
    "trigger-ramp": {"stop_bias": -3.0, "rate": 2.0},
    "trigger-map": {
        "nx": 2,
        "ny": 2,
        "stop_bias": -3.0,
        "rate": 2.0,
        "image_every": 4,
        "image_pixels": 16,
        "image_size": 1e-6,
        "image_line_rate": 20.0,
        "min_confidence": 0.0,
        "check_every": 4,
        "check_dwell": 0.02,
    },
    "chrono-growth": {"duration": 2.0},
    "galvano-growth": {"duration": 2.0},
    "heal": {"hold_time": 2.0},
    "mem-sweep": {"loops": 2, "reads": 2},
    "endurance": {"cycles": 3, "reads": 2},
    "retention": {"duration": 100.0, "per_decade": 2, "image_pixels": 16},
    "force-curve": {"samples": 64},
    "modulus-map": {"pixels": 4, "samples": 64, "image_every": 0, "image_pixels": 16, "image_line_rate": 20.0},
    "drift-correct": {"images": 2, "interval": 1.0, "image_pixels": 16, "image_line_rate": 20.0, "min_confidence": 0.0},
    "eis": {"lowest": 1000.0},
    "cyclic-voltammetry": {"rate": 0.1, "scans": 1},
    "open-circuit": {"duration": 5.0},
}
"""Short plans of the procedures."""
PATIENCE = 0.4
"""Longest wait for an answer (s)."""
DEADLINES = {
    "drivers.nanonis_tip.LAND_TIMEOUT": 0.7,
    "drivers.nanonis_tip.SLACK": 0.5,
    "drivers.nanonis_spectroscopy.SLACK": 0.5,
    "drivers.keithley2450_off.CONFIRM_TIMEOUT": PATIENCE,
    "drivers.keithley2450.READ_SLACK": 0.5,
}
"""Deadlines that are made for real instruments, in s for this lab."""
NEAR = ControllerSettings(coarse_gap=2e-6)
"""The sample is within reach of the piezo: no long approach."""
SETTLE = 30.0
"""Time (s, simulated) the lab goes on alone after a run: a withdrawal under way ends."""


@dataclass
class Broken:
    """A run on a lab with a fault: how it ended, what was made safe, and what the lab itself says."""

    outcome: Outcome | None
    error: BaseException | None
    unsafe: list[str]
    seconds: float
    happened: bool
    """Whether every fault did happen."""
    reports: list[SafeReport] = field(default_factory=list)

    @property
    def status(self) -> str:
        """As stored; "refused" for a run that was never begun."""
        return self.outcome.status if self.outcome else "refused"

    @property
    def loud(self) -> bool:
        """Whether the operator was told that something could not be made safe, and what to do."""
        return any("FAILED" in str(report) and "by hand" in str(report) for report in self.reports)


@dataclass(frozen=True)
class Moments:
    """Commands that have come to an instrument halfway through a run, and at the middle one of the times the bias left 0.

    Not at the last one: how often an instrument is asked depends on how busy the computer is, and the run may be over.
    """

    halfway: int
    biased: int


_MOMENTS: dict[str, dict[str, Moments]] = {}


@pytest.fixture
def moments(lab_starter: Callable[..., Any], tmp_path: Path, quick: None) -> Callable[[str, str], Moments]:
    """Return the moments of a procedure's run on a lab without faults, for an instrument; found once a test process."""

    def find(procedure: str, instrument: str) -> Moments:
        if procedure not in _MOMENTS:
            _MOMENTS[procedure] = _measure(lab_starter(controller=NEAR), procedure, tmp_path / "whole.zarr")
        return _MOMENTS[procedure][instrument]

    return find


def _measure(lab: Any, procedure: str, out: Path) -> dict[str, Moments]:
    biased: dict[str, list[int]] = {"source_meter": [], "probe": []}
    log = lab.lab.world.on_bias

    def note(source: str, on: bool) -> None:
        log(source, on)
        if on:
            for name, counts in biased.items():
                counts.append(lab.lab.commands(name))

    lab.call(lambda: setattr(lab.lab.world, "on_bias", note))
    outcome = execute(Plan(procedure=procedure, bench=str(lab.bench_file), parameters=PLANS[procedure]), out)
    assert outcome.status == "finished", outcome.error
    return {name: Moments(lab.lab.commands(name) // 2, counts[len(counts) // 2]) for name, counts in biased.items()}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that fit a lab which runs as fast as it can."""
    for name, seconds in DEADLINES.items():
        monkeypatch.setattr(name, seconds)
    reading = replace(POLICY[Operation.READ], timeout=PATIENCE)
    monkeypatch.setattr("nanoprobe.retry.POLICY", {**POLICY, Operation.READ: reading})


def quick_bench(path: Path) -> str:
    """Shorten the deadlines of a bench file, and leave out the guard; return its path."""
    text = path.read_text()
    if "guard = " not in text:
        text = text.replace("simulated = true", "simulated = true\nguard = false")
    text = text.replace('driver = "keithley2450"', f'driver = "keithley2450"\ntimeout = {PATIENCE}')
    text = text.replace('driver = "nanonis"', f'driver = "nanonis"\ntimeout = {PATIENCE}\napproach_timeout = 0.7')
    path.write_text(text)
    return str(path)


@pytest.fixture
def break_run(lab_starter: Callable[..., Any], tmp_path: Path, quick: None) -> Callable[..., Broken]:
    """Run a procedure on a lab with the given faults."""

    def run(procedure: str, *faults: str, parameters: dict[str, Any] | None = None, **options: Any) -> Broken:
        lab = lab_starter(controller=NEAR, **options)
        wanted = parameters or PLANS[procedure]
        plan = Plan(procedure=procedure, bench=quick_bench(lab.bench_file), parameters=wanted)
        for fault in faults:
            lab.call(lambda text=fault: lab.lab.inject(text))
        reports: list[SafeReport] = []

        def keep(event: Event) -> None:
            if isinstance(event, MadeSafe):
                reports.append(event.report)

        events = Events()
        events.event.connect(keep)
        outcome, error, started = None, None, time.monotonic()
        try:
            outcome = execute(plan, tmp_path / "run.zarr", events)
            error = outcome.error
        except NanoprobeError as refusal:
            error = refusal
        seconds = time.monotonic() - started
        lab.call(lambda: lab.lab.timeline.advance(lab.lab.timeline.now + SETTLE))
        return Broken(
            outcome, error, lab.call(lambda: lab.lab.log.unsafe), seconds, not lab.lab.faults_waiting, reports
        )

    return run
