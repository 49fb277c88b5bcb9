"""What a fault does to an instrument's state."""

from typing import Protocol


class Ailment(Protocol):
    """Begun before a command is done, again for each further command it acts on, and ended when it is over."""

    def begin(self) -> bool:
        """Bring it about; False where there is nothing to act on yet, so that it is tried again."""

    def end(self) -> None:
        """Undo it, where it can be undone."""
