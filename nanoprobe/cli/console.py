"""Where the command line writes: results to standard output, everything else to standard error."""

import json
import sys

from rich.console import Console
from rich.markup import escape

out = Console()
err = Console(stderr=True)


def say(text: str) -> None:
    """Tell the operator one line on standard error."""
    err.print(escape(text), soft_wrap=True, highlight=False)


def tell(text: str) -> None:
    """Print one line of a result on standard output."""
    out.print(escape(text), soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """Print machine-readable output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, allow_nan=False) + "\n")
