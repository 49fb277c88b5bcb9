"""What the session shows of itself: frozen values that panels compare and draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

Level = Literal["info", "warning", "error"]


class Phase(StrEnum):
    """How far the bench is."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """A line for the operator. `at`: Unix time (s)."""

    level: Level
    text: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """The run that goes on. `fraction` 0..1, `elapsed` and `remaining` in s of wall time (NaN when not known yet)."""

    path: Path
    procedure: str
    fraction: float = 0.0
    elapsed: float = 0.0
    remaining: float = float("nan")
    paused: bool = False
    stopping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """The bench and what it does.

    `where`: file or name it was opened by; `pace`: of the demo lab, None for others; `identities` by role; `error`: why
    opening failed; `busy`: what the bench is asked to do, empty when nothing; `interlock`: its first cause, empty while
    closed; `run`: the run that goes on; `last_*`: the run before it.
    """

    phase: Phase = Phase.CLOSED
    where: str = ""
    name: str = ""
    simulated: bool = False
    pace: float | None = None
    identities: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    busy: str = ""
    interlock: str = ""
    run: RunState | None = None
    last_run: Path | None = None
    last_status: str = ""
    last_error: str = ""

    @property
    def ready(self) -> bool:
        """Whether the bench may be asked to move or bias: open, nothing runs, nothing under way, interlock closed."""
        return self.phase is Phase.OPEN and self.run is None and not self.busy and not self.interlock
