"""`nanoprobe demo`: the main job on the embedded simulated bench, end to end, with a table and a picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from nanoprobe import engine
from nanoprobe.bench import Bench, open_bench
from nanoprobe.cli.console import out, say, tell
from nanoprobe.cli.progress import watched
from nanoprobe.errors import BadInput
from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan
from nanoprobe.storage import open_run


class Sample(StrEnum):
    """What lies under the simulated tip."""

    BARE = "bare"
    PPC = "ppc"


MAP = {"aim": "sites", "map_pixels": 512, "order": "shuffled"}
"""A 10x10 grid, 1 um apart, each node moved in turn to an interior, a boundary or a triple junction of its own cell."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(demo)


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="folder for runs and picture; a new one with the date without it"),
    ] = None,
    sample: Annotated[Sample, typer.Option(help="the simulated sample")] = Sample.BARE,
    seed: Annotated[
        int, typer.Option(min=0, help="seed of the simulated world; the same seed gives the same data")
    ] = 0,
) -> int:
    """Check the contact, map the current, and trigger at 100 points of a simulated sample."""
    with _made(folder) as place:
        return _show_all(place, sample, seed)


def _show_all(place: Path, sample: Sample, seed: int) -> int:
    tell(f"simulated lab, sample '{sample}', seed {seed}: nothing here was measured on a real sample")
    with open_bench("demo", sample=sample.value, seed=seed) as bench:
        for procedure, name, parameters in (("contact-check", "contact", {}), ("trigger-map", "trigger-map", MAP)):
            outcome = _run(bench, procedure, place / f"{name}.zarr", sample, parameters)
            if outcome.status != "finished":
                say(f"nanoprobe: {outcome.status}: {outcome.error}")
                tell(f"next: nanoprobe show {outcome.path}")
                return outcome.exit_status
    _report(place)
    return 0


@contextmanager
def _made(folder: Path | None) -> Iterator[Path]:
    """Yield the folder of the demo; one that was made here and that nothing was stored in is gone afterwards."""
    place = folder or Path(f"nanoprobe-demo-{datetime.now():%Y%m%d-%H%M%S}")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BadInput(f"{place} exists and is not empty; choose another --out, nothing was changed")
    was_there = place.exists()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{place} cannot be made: {error.strerror}; choose another --out") from None
    try:
        yield place
    finally:
        if not was_there and not any(place.iterdir()):
            place.rmdir()


def _run(bench: Bench, procedure: str, path: Path, sample: Sample, parameters: dict[str, Any]) -> Outcome:
    plan = Plan(procedure=procedure, sample=f"simulated {sample}", operator="demo", parameters=parameters)
    with watched(procedure) as (events, control):
        return engine.execute_on(plan, bench, path, events, control)


def _report(place: Path) -> None:
    # Imported here: the figures' libraries take a second that no other command needs to spend.
    from nanoprobe.analysis.figure import draw_run
    from nanoprobe.analysis.of_run import summary_of
    from nanoprobe.analysis.summary import HEADINGS

    path = place / "trigger-map.zarr"
    with open_run(path) as run:
        table = Table(
            title="trigger voltage by kind of site (SIMULATED)",
            title_justify="left",
            box=box.SIMPLE,
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        for heading in HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in summary_of(run):
            table.add_row(*row.cells())
        out.print(table)
        picture = draw_run(run, place / "trigger-map.png", title=f"{run.header.sample}: trigger map, 10 x 10 points")
    tell(f"picture: {picture}")
    tell(f"run: {path}")
    tell(f"next: nanoprobe show {path}")
