"""`nanoprobe sim serve`: the simulated lab, on loopback, until it is told to stop."""

import typer

from nanoprobe import plugins

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    """Add the command group to `app`."""
    group = typer.Typer(help="The simulated lab.", no_args_is_help=True)
    group.command(context_settings=_PASS_ON)(serve)
    app.add_typer(group, name="sim")


def serve(context: typer.Context) -> int:
    """Serve the simulated instruments; `nanoprobe sim serve --help` lists the options."""
    return int(plugins.app("sim")(["serve", *context.args]))
