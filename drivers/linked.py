"""What every instrument of ours shares: a question and its answer are one step, however many threads ask."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from drivers.link import Link
from drivers.operations import scpi_operation
from nanoprobe.errors import GarbledAnswer
from nanoprobe.retry import attempt

SENDS_FOR_OTHERS = True


class Linked:
    """Mixin before PyMeasure's Instrument. Works with any adapter; only a `Link` is shared between threads."""

    adapter: Any
    # PyMeasure looks at every attribute of an instrument for dynamic properties, of which ours have none: a tenth of a question.
    __getattribute__ = object.__getattribute__

    def exchange(self) -> AbstractContextManager[None]:
        """Keep other threads out while a question waits for its answer."""
        return self.adapter.exchange() if isinstance(self.adapter, Link) else nullcontext()

    def ask(self, command: str, query_delay: float | None = None, **kwargs: Any) -> str:
        """Send `command` and return its answer; `timeout` (s) for an answer that takes long."""

        link = self.adapter
        if not isinstance(link, Link):
            link.write(command)
            return _checked(self, command, str(link.read(**kwargs)))

        def once(again: float | None) -> str:
            with link.exchange():
                link.discard_stale()
                link.write(command)
                return _checked(self, command, str(link.read(**kwargs if again is None else {"timeout": again})))

        return attempt(scpi_operation(command), f"asking {link.name} {command}", once)

    def moment(self) -> float:
        """Return when anything went over the link last (monotonic, s): the time by which waits are measured."""
        return self.adapter.moment if isinstance(self.adapter, Link) else time.monotonic()

    def asked(self) -> float:
        """Return when the last message was sent (monotonic, s)."""
        return self.adapter.asked if isinstance(self.adapter, Link) else time.monotonic()

    def rest(self, seconds: float) -> None:
        """Let `seconds` pass between two looks at the instrument."""
        if isinstance(self.adapter, Link):
            self.adapter.rest(seconds)
        else:
            time.sleep(seconds)

    def discard_stale(self) -> None:
        """Drop what has come without being asked for."""
        if isinstance(self.adapter, Link):
            self.adapter.discard_stale()

    def urgent(self, command: str) -> None:
        """Send a command without an answer, past any exchange in progress."""
        if isinstance(self.adapter, Link):
            self.adapter.urgent(command)
        else:
            self.adapter.write(command)

    def close(self) -> None:
        """Give the link back."""
        self.adapter.close()


def _checked(instrument: Linked, command: str, answer: str) -> str:
    """Return a text answer that is text. Raises GarbledAnswer."""
    if not (answer.isascii() and answer.isprintable()):
        instrument.adapter.flush_read_buffer()
        raise GarbledAnswer(f"{getattr(instrument, 'name', 'the instrument')} answers {answer[:40]!r} to {command}")
    return answer
