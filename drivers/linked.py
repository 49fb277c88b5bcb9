"""What every instrument of ours shares: a question and its answer are one step, however many threads ask."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from drivers.link import Link


class Linked:
    """Mixin before PyMeasure's Instrument. Works with any adapter; only a `Link` is shared between threads."""

    adapter: Any

    def exchange(self) -> AbstractContextManager[None]:
        """Keep other threads out while a question waits for its answer."""
        return self.adapter.exchange() if isinstance(self.adapter, Link) else nullcontext()

    def ask(self, command: str, query_delay: float | None = None, **kwargs: Any) -> str:
        """Send `command` and return its answer; `timeout` (s) for an answer that takes long."""
        with self.exchange():
            self.adapter.write(command)
            return str(self.adapter.read(**kwargs))

    def urgent(self, command: str) -> None:
        """Send a command without an answer, past any exchange in progress."""
        if isinstance(self.adapter, Link):
            self.adapter.urgent(command)
        else:
            self.adapter.write(command)

    def close(self) -> None:
        """Give the link back."""
        self.adapter.close()
