"""`nanoprobe gui`: the desktop app, found through its entry point so that the bottom never imports Qt."""

from typing import Annotated

import typer

from nanoprobe import plugins


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(gui)


def gui(
    bench: Annotated[
        str | None, typer.Option(help="bench file, or 'demo'; without it the app starts without a bench")
    ] = None,
    pace: Annotated[float | None, typer.Option(min=0, help="simulated seconds a second, for the demo bench")] = None,
) -> int:
    """Open the desktop app."""
    arguments = [] if bench is None else ["--bench", bench]
    arguments += [] if pace is None else ["--pace", str(pace)]
    return int(plugins.app("gui")(arguments))
