"""Who in the code sent a message: the lines of drivers and procedures on the stack of the sending thread."""

import linecache
import sys
from dataclasses import dataclass
from pathlib import Path

from nanoprobe.plugins import find

SENDS_FOR_OTHERS = "SENDS_FOR_OTHERS"
"""A module with this name set to True only passes on what others send: its lines say nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One call on the way to the message: `file` from its package on, `line` from 1, `function`, and the `code` there."""

    file: str
    line: int
    function: str
    code: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}: {self.code}"


def callers() -> list[Caller]:
    """Return the calls of drivers and procedures in the present thread, the one that sent last."""
    packages = {entry.module.partition(".")[0] for group in ("drivers", "procedures") for entry in find(group).values()}
    found = []
    frame = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in packages and not frame.f_globals.get(SENDS_FOR_OTHERS):
            file = frame.f_code.co_filename
            code = linecache.getline(file, frame.f_lineno).strip()
            found.append(Caller("/".join(Path(file).parts[-2:]), frame.f_lineno, frame.f_code.co_name, code))
        frame = frame.f_back  # type: ignore[assignment]
    return found[::-1]
