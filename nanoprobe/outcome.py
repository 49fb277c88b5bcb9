"""How a run ended."""

from dataclasses import dataclass
from pathlib import Path

from nanoprobe.errors import NanoprobeError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: where it is, its status as stored, and the error behind it, if any."""

    path: Path
    status: str
    error: BaseException | None

    @property
    def exit_status(self) -> int:
        """The process's exit status for this outcome."""
        if self.status == "finished" and self.error is None:
            return 0
        if self.status == "aborted":
            return 3
        return self.error.exit_status if isinstance(self.error, NanoprobeError) else 1
