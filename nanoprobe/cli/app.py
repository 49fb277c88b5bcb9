"""`nanoprobe`: the commands, and how every end of one becomes a line for people and an exit status for scripts."""

import logging
import sys
from typing import Annotated

import click
import typer
from rich.logging import RichHandler

from nanoprobe.cli import benches, demo, gui, lists, runs, sim
from nanoprobe.cli.console import err, say
from nanoprobe.errors import NanoprobeError

app = typer.Typer(
    name="nanoprobe",
    help="Trigger, watch and map lithium dendrites with a conductive AFM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
lists.register(app)
runs.register(app)
benches.register(app)
demo.register(app)
sim.register(app)
gui.register(app)


@app.callback()
def _options(
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="-v: log; -vv: with wire traffic")] = 0,
) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = RichHandler(console=err, show_path=False, rich_tracebacks=False)
    logging.getLogger("pymeasure").setLevel(max(level, logging.ERROR if level > logging.INFO else level))
    logging.basicConfig(level=level, handlers=[handler], format="%(name)s: %(message)s", force=True)


def main() -> None:
    """Run the command line; the only place that turns errors into exit status."""
    sys.exit(_status())


def _status() -> int:
    try:
        result = app(standalone_mode=False)
    except NanoprobeError as error:
        say(f"nanoprobe: {error}")
        return error.exit_status
    except click.exceptions.Abort:
        say("nanoprobe: stopped")
        return 3
    except KeyboardInterrupt:
        say("nanoprobe: stopped")
        return 3
    except click.ClickException as error:
        error.show()
        return 2
    return result if isinstance(result, int) else 0
