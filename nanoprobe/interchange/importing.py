"""A map of another program becomes a run: shown, analysed, and aimed at like one of our own."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from nanoprobe.interchange.map_file import MapFile, read_map
from nanoprobe.records import FrameBegin, FrameLine, Note
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunHeader, RunWriter, check_new

PROCEDURE = "imported-map"


def import_map(source: Path, target: Path) -> MapFile:
    """Write the map in file `source` as a run to `target` and return it. Raises BadInput, StorageError.

    Lines that hold nothing (an interrupted scan) stay unmeasured.
    """
    check_new(target)
    found = read_map(source)
    ny, nx = found.shape
    plan = ScanPlan(frame=found.frame, pixels=nx, lines=ny, line_time=0.0, channels=tuple(found.channels))
    units = {name: one.unit for name, one in found.channels.items()}
    with RunWriter.create(target, _header(source, found)) as writer:
        writer.record(Note(f"imported from {source.name} ({found.program}); signs are those of the file"))
        writer.record(FrameBegin(0, plan, units))
        for line in range(ny):
            values = {name: one.values[:, line].astype(np.float32) for name, one in found.channels.items()}
            if any(np.isfinite(one).any() for one in values.values()):
                writer.record(FrameLine(0, ScanLine(line, values)))
        writer.finish("finished")
    return found


def _header(source: Path, found: MapFile) -> RunHeader:
    return RunHeader(
        procedure=PROCEDURE,
        parameters={"file": source.name},
        plan={},
        plan_sha256="",
        bench={},
        simulated=found.simulated,
        identities={"file": found.program},
        versions={},
        sample="",
        operator="",
        tip={},
        sign_convention="as in the file",
        started=datetime.now(UTC).isoformat(),
        extra={"taken": found.taken},
    )
