"""`nanoprobe pack`: a run in one file, to be sent with a bug report, without what nobody else is to see."""

from pathlib import Path
from typing import Annotated

import typer

from nanoprobe.cli.console import say, tell
from nanoprobe.replay.packing import pack_run


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(pack)


def pack(
    path: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="path of a run")],
    to: Annotated[Path, typer.Argument(metavar="OUT.zip", help="the file to write; must not exist")],
    hide: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="replace this text by asterisks wherever it stands, repeatable"),
    ] = None,
) -> None:
    """Pack a run, its recording included, into one file that replays elsewhere."""
    found = pack_run(path, to, hide or [])
    for text, count in found.items():
        (tell if count else say)(f"hidden {count} times: {text}")
    tell(f"packed: {to} ({to.stat().st_size / 1e3:.0f} kB)")
    tell(f"next: read what you are about to send with nanoprobe show {to} --wire, then nanoprobe replay {to}")
