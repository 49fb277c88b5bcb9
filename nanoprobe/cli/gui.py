"""`nanoprobe gui`: the desktop app, found through its entry point so that the bottom never imports Qt."""

import os
import platform
from typing import Annotated

import typer

from nanoprobe import plugins
from nanoprobe.bench import find_bench
from nanoprobe.errors import BadInput

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


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
    if bench is not None:
        find_bench(bench)
    _check_display()
    arguments = [] if bench is None else ["--bench", bench]
    arguments += [] if pace is None else ["--pace", str(pace)]
    return int(plugins.app("gui")(arguments))


def _check_display() -> None:
    """Qt aborts the process where there is no display; it is said before. Raises BadInput."""
    if platform.system() == "Linux" and not any(os.environ.get(name) for name in _DISPLAYS):
        raise BadInput(
            "gui: there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); "
            "start it from a desktop session, or log in with `ssh -X`; every command but this one works without a display"
        )
