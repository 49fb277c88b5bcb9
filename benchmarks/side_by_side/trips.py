"""Trip: charge that passed into the dendrite and its size, as the simulated world knows them, for every way to stop."""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.lab import Watched
from benchmarks.side_by_side.rounds import PATIENCE, rows
from benchmarks.side_by_side.tripping import METHODS
from nanoprobe.bench import open_bench
from sim_instruments.lab import Lab, LabSettings
from sim_instruments.nanonis.controller import ControllerSettings
from sim_instruments.world import WorldSettings

WHY = """Whoever compares at every step and switches off in the next command loses about the charge of one step, whatever the
tool: the goal of 10 times less than the best peer's loop is not reached at this rate. What differs is what comes after:
a shutdown that reads or ramps first lets the dendrite grow on, and a loop has to stay on time for as long as a map lasts.
"""
FORCE = 50e-9
CONTROLLER = "nanoprobe, AFM controller"
FIRST_SEED = 11


def section(quick: bool) -> str:
    """Return the section's text."""
    rate, seeds = (2.0, 1) if quick else (0.5, 5)
    found = {method: [_ramp(method, FIRST_SEED + seed, rate) for seed in range(seeds)] for method in METHODS}
    least = statistics.median(charge for charge, _ in found["nanoprobe, source-meter"])
    table = [("method", "charge in the dendrite, pC", "times the source-meter's", "largest current, nA")]
    for method, both in found.items():
        charge = statistics.median(one for one, _ in both)
        peak = statistics.median(one for _, one in both)
        table.append((method, f"{charge * 1e12:.3g}", f"{charge / least:.2f}", f"{peak * 1e9:.3g}"))
    return (
        f"## Trip\nRamps of {rate:g} V/s, 50 samples a second, trip at 1 nA, at pace 1; the same {seeds} dendrites for all. "
        f"Medians, as the simulated world knows them.\n\n{rows(table)}\n\n{WHY}"
    )


def _ramp(method: str, seed: int, rate: float) -> tuple[float, float]:
    """Return the charge plated (C) and the largest current (A) of one dendrite."""
    with tempfile.TemporaryDirectory() as folder:
        world = WorldSettings(seed=seed)
        source = "probe" if method == CONTROLLER else "source_meter"
        settings = LabSettings(world, ControllerSettings(coarse_gap=2e-6), pace=1.0, bias_source=source)
        watched = Watched(settings, Path(folder))
        try:
            suffered = watched.ask(Suffered)
            _land_and_run(method, watched.bench, rate)
            return watched.ask(lambda lab: (suffered.contact.charge, suffered.peak))
        finally:
            watched.close()


def _land_and_run(method: str, bench: Path, rate: float) -> None:
    """Land for a method that knows no tip, run it beside the open bench; ours land by themselves."""
    command = [sys.executable, "-m", "benchmarks.side_by_side.tripping", method, str(bench), str(rate)]
    if method.startswith("nanoprobe"):
        subprocess.run(command, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
        return
    with open_bench(str(bench)) as opened:
        opened.probe.approach(FORCE)
        subprocess.run(command, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)


class Suffered:
    """What the dendrite of a lab got: its contact, and the largest current (A) that grew it."""

    def __init__(self, lab: Lab) -> None:
        self.peak = 0.0
        self._contacts = lab.world.contacts
        lab.world.truth = self._begin

    def _begin(self, truth: dict[str, Any]) -> None:
        """Follow the contact whose bias has just gone beyond the plating onset."""
        self.contact = contact = self._contacts.present
        grow = contact.grow

        def noted(volts: float, duration: float, limit: float) -> None:
            grow(volts, duration, limit)
            self.peak = max(self.peak, min(contact.current(volts), limit))

        contact.grow = noted
