"""A plan as something to copy: a command line, a Python snippet. No Qt."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nanoprobe.parameters import JSONValue
from nanoprobe.plan import Plan

LONGEST_COMMAND = 8000
"""Characters a command line may have; what one shell on Windows takes is the least."""


def command_line(plan: Plan, out: Path, windows: bool = sys.platform == "win32") -> str:
    """Return the command that does the same; a plan too long for one is to be saved first and taken from its file."""
    top = {name: value for name in ("sample", "operator") if (value := getattr(plan, name))}
    words = ["nanoprobe", "run", plan.procedure, "--bench", plan.bench]
    for name, value in {**top, **plan.parameters}.items():
        words += ["--set", f"{name}={_word(value)}"]
    text = _joined([*words, "--out", str(out)], windows)
    if len(text) <= LONGEST_COMMAND:
        return text
    return _joined(["nanoprobe", "run", "--from", f"{out.stem}.toml", "--out", str(out)], windows)


def _joined(words: Sequence[str], windows: bool) -> str:
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def _word(value: JSONValue) -> str:
    return json.dumps(value) if isinstance(value, (list, bool)) else str(value)


def snippet(plan: Plan, out: Path) -> str:
    """Return Python that does the same."""
    arguments: dict[str, Any] = {"procedure": plan.procedure, "bench": plan.bench}
    arguments |= {name: value for name in ("sample", "operator") if (value := getattr(plan, name))}
    lines = ["from nanoprobe import Plan, run", "", "plan = Plan("]
    lines += [f"    {name}={value!r}," for name, value in arguments.items()]
    if plan.parameters:
        lines += [
            "    parameters={",
            *(f"        {name!r}: {value!r}," for name, value in plan.parameters.items()),
            "    },",
        ]
    return "\n".join([*lines, ")", f"outcome = run(plan, {str(out)!r})", "print(outcome.status, outcome.path)", ""])
