"""The app in a process of its own, and what it had told before it was killed or its disk was full."""

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.engine import execute
from nanoprobe.events import Events, Recorded
from nanoprobe.plan import Plan
from nanoprobe.records import FrameLine, PointBegin, PointState, RampDone
from nanoprobe.storage import Run, verify
from nanoprobe.storage.traffic import TRAFFIC

CONTEXT = get_context("forkserver")
"""The app is forked from a server that has its modules loaded: 300 starts of Python would take longer than 300 kills."""
PRELOADED = ["benchmarks.soak.app", "drivers.keithley2450", "drivers.nanonis", "procedures.trigger_map"]
KEPT = (PointState.DONE, PointState.FAILED)


@dataclass
class Told:
    """What an app said it had stored: points begun, and the checksums of committed points and image lines."""

    begun: set[int] = field(default_factory=set)
    points: dict[int, int] = field(default_factory=dict)
    lines: dict[tuple[int, int], int] = field(default_factory=dict)

    def hear(self, line: str) -> None:
        """Take a line of the app's; what is none of these is skipped, a line torn by a kill too."""
        match line.split():
            case ["told", "begun", index]:
                self.begun.add(int(index))
            case ["told", "point", index, checksum, "."]:
                self.points[int(index)] = int(checksum)
            case ["told", "line", frame, index, checksum, "."]:
                self.lines[int(frame), int(index)] = int(checksum)

    def missing_in(self, run: Run) -> list[str]:
        """Return what was told and is not in `run` as it was told."""
        states = run.points["state"].values
        lost = [f"point {i}" for i, told in self.points.items() if states[i] not in KEPT or _of_point(run, i) != told]
        frames = [frame.load() for frame in run.frames]
        for (frame, line), told in self.lines.items():
            values = {str(name): frames[frame][name].values[:, line] for name in frames[frame] if name != "line_state"}
            if _checksum(values) != told:
                lost.append(f"line {line} of image {frame}")
        return lost


def _of_point(run: Run, index: int) -> int:
    count = int(run.ramps["n_samples"].values[index])
    return _checksum({"current": run.ramps["current"].values[index, :count]})


def _checksum(values: Mapping[str, NDArray[Any]]) -> int:
    found = 0
    for name in sorted(values):
        found = zlib.crc32(np.ascontiguousarray(values[name]).tobytes(), found)
    return found


def bad_arrays(path: Path) -> list[str]:
    """Return the arrays of a run that cannot be trusted. A recording of traffic may end early: nobody was promised it."""
    return [f"array {name}" for name in verify(path) if not name.startswith(str(TRAFFIC))]


def told_by(record: object) -> str:
    """Return the line that tells of a stored record, "" for one that is not told of."""
    if isinstance(record, PointBegin):
        return f"told begun {record.index}"
    if isinstance(record, RampDone):
        return f"told point {record.point} {_checksum({'current': record.current})} ."
    if isinstance(record, FrameLine):
        return f"told line {record.frame} {record.line.index} {_checksum(record.line.values)} ."
    return ""


def start(plan: Plan, out: Path, limit: int | None = None) -> tuple[Any, Connection]:
    """Start an app that runs `plan`; return its process and what it tells, which ends when it and its guard have ended.

    `limit`: the disk takes files of so many bytes at most.
    """
    told, tell = CONTEXT.Pipe(duplex=False)
    app = CONTEXT.Process(target=_run, args=(plan.model_dump(mode="json"), str(out), tell, limit))
    app.start()
    tell.close()
    return app, told


def read(told: Connection) -> str:
    """Return all that an app, and the guard after it, say until both have ended."""
    parts = []
    while part := os.read(told.fileno(), 1 << 16):
        parts.append(part)
    return b"".join(parts).decode()


def _run(plan: Mapping[str, Any], out: str, tell: Connection, limit: int | None) -> None:
    os.dup2(tell.fileno(), 2)
    tell.close()
    if limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    events = Events()
    events.event.connect(_tell)
    outcome = execute(Plan.model_validate(plan), out, events)
    os.write(2, f"ended {outcome.status} {outcome.error}\n".encode())


def _tell(event: object) -> None:
    if isinstance(event, Recorded) and (line := told_by(event.record)):
        os.write(2, f"{line}\n".encode())
