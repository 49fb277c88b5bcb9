"""A disk that is full from a random byte on: is what was committed there, is the bench safe, does the run go on?"""

import random
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import app, state
from benchmarks.soak.labs import Served, served
from benchmarks.soak.rows import Row
from nanoprobe.engine import execute, resume
from nanoprobe.errors import NanoprobeError
from nanoprobe.events import Events, Recorded
from nanoprobe.plan import Plan
from nanoprobe.storage import RunWriter, open_run, read_rescue
from nanoprobe.storage.places import JOURNAL

MAP = {
    "nx": 3, "ny": 3, "rate": 10.0, "check_every": 4, "check_dwell": 0.02,
    "image_every": 4, "image_pixels": 16, "image_size": 1e-6, "image_line_rate": 20.0, "min_confidence": 0.0,
}  # fmt: skip
"""A map with images and contact checks, so that the disk fills up in every kind of record."""


@dataclass
class Filled:
    """One full disk and what came of it. `offset`: bytes a file may have."""

    offset: int
    ended: str
    unsafe: list[str]
    lost: list[str]
    rescued: int
    resumed: str
    problem: str = ""


def whole_size(lab: Served, folder: Path) -> tuple[int, int]:
    """Return the size of the journal of an empty run and of a whole one (bytes)."""
    sizes: list[int] = []

    def look(event: object) -> None:
        if isinstance(event, Recorded):
            sizes.append((folder / "whole.zarr" / JOURNAL).stat().st_size)

    events = Events()
    events.event.connect(look)
    execute(_plan(lab), folder / "whole.zarr", events)
    return sizes[0], sizes[-1]


def _plan(lab: Served) -> Plan:
    return Plan(procedure="trigger-map", bench=str(lab.bench), parameters=MAP)


def fill(lab: Served, out: Path, offset: int) -> Filled:
    """Run on a disk that takes files of `offset` bytes at most, and go on when there is room again."""
    process, told = app.start(_plan(lab), out, offset)
    heard, text = app.Told(), app.read(told)
    process.join()
    for line in text.splitlines():
        heard.hear(line)
    ended = next((line for line in text.splitlines() if line.startswith("ended ")), "did not end by itself")
    found = Filled(offset, ended, lab.unsafe(), [], 0, "")
    try:
        with open_run(out) as run:
            found.lost = heard.missing_in(run)
        found.rescued = sum(len(read_rescue(place)) for place in out.parent.glob(f"{out.stem}.rescue-*"))
        if run.status == "finished":  # all was measured; the disk refused when the arrays were completed
            RunWriter.seal(out)
            found.unsafe, found.resumed = [each for each in found.unsafe if not each.startswith("tip")], "finished"
        else:
            outcome = resume(out, bench=str(lab.bench))
            found.resumed = f"{outcome.status} {outcome.error or ''}".strip()
        with open_run(out) as run:
            found.lost += [f"{what} after the resume" for what in heard.missing_in(run)]
        found.lost += app.bad_arrays(out)
    except NanoprobeError as error:
        found.problem = f"{type(error).__name__}: {error}"
    return found


def soak(count: int, seed: int = 0) -> Row:
    """Fill the disk `count` times, spread evenly at random over the bytes of a run."""
    pick, all_found = random.Random(seed), []
    app.CONTEXT.set_forkserver_preload(app.PRELOADED)
    with TemporaryDirectory() as name, state.of_its_own():
        folder = Path(name)
        with served(folder / "lab", "--pace", "0", guard=False) as lab:
            least, most = whole_size(lab, folder)
            for index in range(count):
                all_found.append(found := fill(lab, folder / f"run{index}.zarr", pick.randrange(least, most)))
                if wrong(found):
                    print("wrong:", found, flush=True)
                told(all_found).save()
    return told(all_found)


def wrong(found: Filled) -> bool:
    """Say whether anything is not as it should be."""
    ended = found.ended.startswith("ended failed") and found.resumed == "finished"
    return not ended or bool(found.unsafe or found.lost or found.problem)


def told(all_found: list[Filled]) -> Row:
    """Return the row of these."""
    return Row(
        "disk",
        "disk full at a random byte of a map with images and checks (the operating system refuses larger files)",
        str(len(all_found)),
        f"ended as failed {sum(f.ended.startswith('ended failed') for f in all_found)}; runs with a committed point or line "
        f"lost {sum(bool(f.lost) for f in all_found)}; bench left unsafe {sum(bool(f.unsafe) for f in all_found)}; with "
        f"samples in a rescue file {sum(f.rescued > 0 for f in all_found)}; resumed and finished "
        f"{sum(f.resumed == 'finished' for f in all_found)}",
    )
