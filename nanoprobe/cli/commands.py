"""The commands of `nanoprobe`, each imported when it is called: none waits for the libraries another one needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """A command or group of commands: the file of `nanoprobe.cli` that registers it, and its line in the help."""

    module: str
    help: str


ENTRIES: Mapping[str, Entry] = {
    "demo": Entry("demo", "Check the contact, map the current, and trigger at 100 points of a simulated sample."),
    "gui": Entry("gui", "Open the desktop app."),
    "procedures": Entry("lists", "List procedures with their parameters, units, ranges and defaults."),
    "drivers": Entry("lists", "List instrument drivers with the options a bench file can give them."),
    "run": Entry("runs", "Run a procedure, or a recipe of several, on a bench and store everything it measures."),
    "resume": Entry("runs", "Go on with an interrupted run at its next point, or with a recipe at its next step."),
    "show": Entry("runs", "Show what is in a run, packed or not, or how far a recipe is."),
    "analyze": Entry(
        "analyze", "Say what runs show, with uncertainties: each by its own kind of analysis, and run against run."
    ),
    "export": Entry(
        "interchange",
        "Write a run as a file for other programs: tables (csv), images (gwy), or all of it (HDF5, NetCDF 4).",
    ),
    "import": Entry(
        "interchange", "Make a run of a map that another program took: to be shown, analysed, and aimed at."
    ),
    "replay": Entry("replay", "Replay a recorded run through the real drivers and compare the data."),
    "pack": Entry("pack", "Pack a run, its recording included, into one file that replays elsewhere."),
    "simulate": Entry("simulate", "Finite elements: why it triggers there."),
    "safe": Entry("benches", "Put every instrument of a bench into the safe state."),
    "bench": Entry("benches", "Describe and check a bench."),
    "sim": Entry("sim", "The simulated lab."),
}
"""In the order of the help; a test holds each line against what the command says of itself."""


class Commands(TyperGroup):
    """Knows every command by name, and imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._lines = {name: TyperCommand(name, help=entry.help) for name, entry in ENTRIES.items()}
        self.commands.update(self._lines)
        self._listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return list(ENTRIES)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """Return a command, imported now; while the help is written, only its line."""
        if self._listing or cmd_name not in ENTRIES:
            return self._lines.get(cmd_name)
        found: TyperCommand | TyperGroup = load(cmd_name)
        return found

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without importing any command."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


def load(name: str) -> Any:
    """Return the command or group `name`, its file imported."""
    app = typer.Typer()
    app.callback()(lambda: None)  # with it, typer makes a group of a file with a single command too
    import_module(f"nanoprobe.cli.{ENTRIES[name].module}").register(app)
    return typer.main.get_group(app).commands[name]
