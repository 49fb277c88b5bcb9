"""Make the pictures of the docs again: `make docs`."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from make_screens import take_pictures
from PIL import Image

from nanoprobe import open_run
from nanoprobe.analysis.findings import Plot
from nanoprobe.analysis.kind import choose, kind_of
from nanoprobe.bench import Bench, open_bench
from nanoprobe.engine import execute_on
from nanoprobe.plan import Plan

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 1200
"""Pixels: readable on a page, and a few hundred kB."""
RUNS: Mapping[str, Mapping[str, Any]] = {
    "drift-correct": {"images": 6, "image_pixels": 64, "image_line_rate": 4.0},
    "modulus-map": {"pixels": 24, "size": 3e-6, "rate": 2.0, "image_every": 0, "sensitivity_error": 0.003},
    "force-curve": {"x": 9e-6, "y": 9e-6, "samples": 1000},
    "chrono-growth": {"bias": -5.0, "sample_rate": 400.0},
    "galvano-growth": {"current": 200e-12, "charge_stop": 300e-12, "y": 2e-6},
    "heal": {"mode": "ramp"},
    "mem-sweep": {"y": -2e-6},
    "endurance": {"x": 2e-6},
    "retention": {"x": -2e-6, "y": 2e-6, "drift_wait": 0.0, "duration": 1e3},
}
"""A run of each procedure, on one bench; a heal is that of the growth before it."""


def main() -> None:
    """Run the demo, the desktop app and one run of each procedure at a spot, and keep their pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = folder / "demo"
        subprocess.run([sys.executable, "-m", "nanoprobe.cli", "demo", "--out", str(place)], check=True)
        keep(place / "trigger-map.png", "demo")
        take_pictures(folder, folder)
        for picture in sorted(folder.glob("app-*.png")):
            keep(picture, picture.stem)
        chart = folder / "coating.png"
        subprocess.run(
            [sys.executable, "-m", "nanoprobe.cli", "simulate", "coating", "--chart", str(chart)], check=True
        )
        shutil.copyfile(chart, PICTURES / chart.name)
        with open_bench("demo", seed=3) as bench:
            spots(bench, folder)
        cells(folder)


def keep(source: Path, name: str) -> None:
    """Store a picture at the width of a page."""
    with Image.open(source) as picture:
        size = (WIDTH, round(picture.height * WIDTH / picture.width))
        picture.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(PICTURES / f"{name}.png", optimize=True)


CELLS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "eis": ("symmetric", {}),
    "critical-current-density": ("symmetric", {"interval": 2.0}),
    "galvanostatic-cycling": ("lfp", {"cell": "full", "cycles": 40}),
}
"""A run of each procedure at a cell: which cell, and its parameters."""


def cells(folder: Path) -> None:
    """Run every procedure at a cell of its own and draw the first figure of its analysis."""
    for name, (cell, values) in CELLS.items():
        path = folder / f"{name}.zarr"
        with open_bench("demo", seed=3, sample="ppc", cell=cell) as bench:
            outcome = execute_on(Plan(procedure=name, parameters=dict(values)), bench, path)
        if outcome.error is not None:
            raise outcome.error
        with open_run(path) as run:
            kind = kind_of(name)
            plot = next(part for part in kind.analyse(run, choose(kind, {}), 0).parts if isinstance(part, Plot))
            plot.figure(run.simulated).savefig(PICTURES / f"{name}.png", dpi=110)


def spots(bench: Bench, folder: Path) -> None:
    """Run every procedure at a spot and draw the last figure of its analysis."""
    for name, values in RUNS.items():
        path = folder / f"{name}.zarr"
        given = {**values, "growth_run": str(folder / "galvano-growth.zarr")} if name == "heal" else dict(values)
        outcome = execute_on(Plan(procedure=name, parameters=given), bench, path)
        if outcome.error is not None:
            raise outcome.error
        with open_run(path) as run:
            kind = kind_of(name)
            found = kind.analyse(run, choose(kind, {}), 0)
            plot = [part for part in found.parts if isinstance(part, Plot)][-1]
            plot.figure(run.simulated).savefig(PICTURES / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
