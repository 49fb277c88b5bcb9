"""`nanoprobe`: the commands, and how every end of one becomes a line for people and an exit status for scripts."""

import logging
import sys
from typing import Annotated

import typer
from rich.logging import RichHandler
from typer.exceptions import TyperException

from nanoprobe.cli.commands import Commands
from nanoprobe.cli.console import err, say
from nanoprobe.errors import Aborted, BadInput, NanoprobeError

app = typer.Typer(
    cls=Commands,
    name="nanoprobe",
    help="Trigger, watch and map lithium dendrites with a conductive AFM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    except (typer.Abort, KeyboardInterrupt):
        return _stopped()
    except TyperException as error:
        say(f"nanoprobe: {_one_line(error.format_message()) or 'which command?'}{_help_of(error)}")
        return BadInput.exit_status
    if result == _INTERRUPTED:
        return _stopped()
    return result if isinstance(result, int) else 0


_INTERRUPTED = 130
"""What typer makes of a Ctrl-C."""


def _stopped() -> int:
    say("nanoprobe: stopped")
    return Aborted.exit_status


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _help_of(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (`{context.command_path} --help` says what is allowed)" if context is not None else ""
