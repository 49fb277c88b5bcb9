"""What is in a folder of runs, and what one run says of itself: reads disk, so call it in the reading thread. No Qt."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gui.run_names import short
from nanoprobe.errors import NanoprobeError
from nanoprobe.parameters import describe
from nanoprobe.plan import Plan
from nanoprobe.storage import Run, open_run
from nanoprobe.units import si

RESUMABLE = ("interrupted", "aborted", "failed")
Section = tuple[str, tuple[tuple[str, str], ...]]
"""A heading and its rows of (name, value), for people."""


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run of a folder. `problem`: why it cannot be read; `mark` tells whether it has changed on disk."""

    path: Path
    status: str
    procedure: str = ""
    sample: str = ""
    operator: str = ""
    started: str = ""
    simulated: bool = False
    done: int = 0
    planned: int = 0
    lines: int = 0
    problem: str = ""
    mark: float = field(default=0.0, compare=False)

    @property
    def live(self) -> bool:
        """Whether somebody is writing it."""
        return self.status == "running"

    @property
    def resumable(self) -> bool:
        """Whether there may be something left to do."""
        return self.status in RESUMABLE

    @property
    def size(self) -> str:
        """How much was measured, for people."""
        points = f"{self.done} of {self.planned} points" if self.planned else ""
        return ", ".join(part for part in (points, f"{self.lines} lines" if self.lines else "") if part) or "-"


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What a run says of itself, in sections; `numbers` are the results that can be compared.

    `plan`: None for what was not measured by one: an imported map, a prediction.
    """

    path: Path
    simulated: bool
    sections: tuple[Section, ...]
    parameters: Mapping[str, str]
    numbers: Mapping[str, str]
    plan: Plan | None


def runs_in(folder: Path) -> tuple[Path, ...]:
    """Return the runs in `folder`, newest first; none where there is no such folder."""
    found = [path for path in folder.glob("*.zarr") if (path / "zarr.json").exists()] if folder.is_dir() else []
    return tuple(sorted(found, key=_mark, reverse=True))


def _mark(path: Path) -> float:
    try:
        return (path / "zarr.json").stat().st_mtime
    except OSError:
        return 0.0


def look_at(path: Path, known: RunEntry | None = None) -> RunEntry:
    """Return what stands in the list for a run; `known` again where it has ended and not changed since."""
    mark = _mark(path)
    if known is not None and known.mark == mark and known.status == "finished":
        return known
    try:
        with open_run(path) as run:
            return _entry(path, run, mark)
    except NanoprobeError as error:
        return RunEntry(path, "unreadable", problem=str(error), mark=mark)


def _entry(path: Path, run: Run, mark: float) -> RunEntry:
    head = run.header
    return RunEntry(
        path=path,
        status=run.status,
        procedure=head.procedure,
        sample=head.sample,
        operator=head.operator,
        started=head.started,
        simulated=head.simulated,
        done=run.points_committed,
        planned=run.points_planned,
        lines=run.lines_committed,
        mark=mark,
    )


def details_of(path: Path) -> RunDetails:
    """Return what a run says of itself. Raises BadInput, StorageError."""
    with open_run(path) as run:
        parameters = _parameters(run)
        numbers = dict(_numbers(run))
        return RunDetails(
            path=path,
            simulated=run.simulated,
            sections=tuple(_sections(run, parameters, numbers)),
            parameters=parameters,
            numbers=numbers,
            plan=Plan.model_validate(run.header.plan) if run.header.plan else None,
        )


def _sections(run: Run, parameters: Mapping[str, str], numbers: Mapping[str, str]) -> list[Section]:
    head = run.header
    what = [
        ("status", run.status),
        ("reason", str(run.attrs.get("reason", ""))),
        ("procedure", head.procedure),
        ("sample", head.sample),
        ("operator", head.operator),
        ("simulated", "yes: this is no real sample" if head.simulated else "no"),
        ("started", head.started),
        ("ended", str(run.attrs.get("ended") or "")),
        ("file", short(run.path)),
    ]
    sections = [
        ("Run", what),
        ("Results", list(numbers.items())),
        ("Parameters", list(parameters.items())),
        ("Instruments", list(head.identities.items())),
        ("Tip", [(name, str(value)) for name, value in head.tip.items()]),
        ("Log", [(str(index + 1), text) for index, text in enumerate(run.notes)]),
        ("Software", list(head.versions.items())),
        ("Conventions", [("sign", head.sign_convention), ("plan SHA-256", head.plan_sha256)]),
    ]
    return [(title, tuple(row for row in rows if row[1])) for title, rows in sections]


def _parameters(run: Run) -> dict[str, str]:
    """Return the parameters with units where the procedure is installed, else as they were stored."""
    try:
        plan = run.header.plan
        infos = {info.name: info for info in describe(Plan.model_validate(plan).build())} if plan else {}
    except NanoprobeError:
        infos = {}
    return {name: _shown(value, infos.get(name)) for name, value in run.header.parameters.items()}


def _shown(value: Any, info: Any) -> str:
    if isinstance(value, float) and info is not None:
        return si(value, info.unit, 4)
    if isinstance(value, list):
        return f"{len(value)} places" if value else "none"
    return str(value)


def _numbers(run: Run) -> list[tuple[str, str]]:
    points = run.points
    rows = [("images", str(len(run.frames))), ("image lines", str(run.lines_committed))]
    if not run.points_planned:
        return rows
    triggered = points["triggered"].values == 1
    volts = np.abs(points["trigger_first_above"].values[triggered])
    return [
        ("points done", f"{run.points_committed} of {run.points_planned}"),
        ("triggered", str(int(triggered.sum()))),
        ("censored", str(int((points["triggered"].values == 0).sum()))),
        ("median |trigger voltage|", si(_median(volts), "V")),
        ("median |charge|", si(_median(np.abs(points["charge"].values)), "C")),
        ("median overshoot", si(_median(points["overshoot"].values), "A")),
        *rows,
    ]


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
