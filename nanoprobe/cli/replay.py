"""`nanoprobe replay`: a recorded run through the real drivers again, and what came out differently."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nanoprobe.cli.console import say, tell
from nanoprobe.replay import Replayed
from nanoprobe.replay import replay as play
from nanoprobe.replay.packing import unpacked

VALUES_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(replay)


def replay(
    path: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="a run with a recording, packed or not")],
    pace: Annotated[float, typer.Option(min=0, help="1: with the recorded timing, 0: as fast as possible")] = 0.0,
    out: Annotated[
        Path | None, typer.Option(metavar="NEW.zarr", help="keep the new run here; without it, it is thrown away")
    ] = None,
    instruments: Annotated[
        list[str] | None, typer.Option("--instrument", metavar="ROLE", help="replay only this role, repeatable")
    ] = None,
    bench: Annotated[
        str | None, typer.Option(help="bench file, or 'demo', of the instruments that are not replayed")
    ] = None,
) -> int:
    """Replay a recorded run through the real drivers and compare the data."""
    with tempfile.TemporaryDirectory(prefix="nanoprobe-replay-") as folder, unpacked(path) as run, _drivers_quiet():
        result = play(
            run, out or Path(folder) / "replay.zarr", pace=pace, bench=bench, instruments=tuple(instruments or ())
        )
    return report(path, result)


@contextmanager
def _drivers_quiet() -> Iterator[None]:
    """Where a replay ends at a difference its servers hang up: what drivers say of that is no news, nothing is on."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def report(path: Path, result: Replayed) -> int:
    """Say what came of a replay; return the exit status."""
    for remark in result.remarks:
        say(f"nanoprobe: {remark}")
    if result.wire is not None:
        tell(f"different: {result.wire}")
        for caller in result.sent_from:
            tell(f"  sent from {caller}")
    elif not result.partial:
        for value in result.values[:VALUES_SHOWN]:
            tell(f"different: {value}")
    if result.same:
        tell(f"same: {path} replayed to {'the same commands' if result.partial else 'identical data'}")
    elif result.error is not None and result.wire is None:
        say(f"nanoprobe: {result.error}")
    return 0 if result.same else 1
