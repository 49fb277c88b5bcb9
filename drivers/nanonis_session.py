"""One connection to a Nanonis controller. It executes one command after the other, so work and abort have one each."""

from collections.abc import Callable
from typing import Any

from pymeasure.instruments import Instrument

from drivers import nanonis_protocol as protocol
from drivers.link import Link
from drivers.linked import Linked
from drivers.operations import nanonis_operation
from nanoprobe.errors import GarbledAnswer, InstrumentError
from nanoprobe.retry import attempt

SENDS_FOR_OTHERS = True

WATCH_EVERY = 0.02
"""Longest wait between two calls of a watch while a command blocks the connection (s)."""


class NanonisSession(Linked, Instrument):
    """A PyMeasure instrument that speaks the Nanonis protocol; any thread may call."""

    def __init__(self, adapter: Any, name: str = "Nanonis", **kwargs: Any) -> None:
        kwargs.setdefault("includeSCPI", False)
        super().__init__(adapter, name, **kwargs)
        self._answer_due = False

    def call(
        self, command: str, layout: str = "", *values: Any, returns: str = "", timeout: float | None = None
    ) -> tuple[Any, ...]:
        """Send `command` and return what it answers; layouts as in `nanonis_protocol`, `timeout` in s.

        Raises InstrumentError with the controller's words, InstrumentTimeout, LinkLost.
        """

        link = self.adapter  # looked up once: PyMeasure makes every look at an instrument's attribute slow

        def ask(limit: float | None) -> tuple[Any, ...]:
            link.write_bytes(protocol.request(command, layout, *values))
            return protocol.reply(command, returns, _answer(link, command, limit))

        def once(again: float | None) -> tuple[Any, ...]:
            with link.exchange():
                link.discard_stale()
                return ask(timeout if again is None else again)

        if not isinstance(link, Link):
            return ask(timeout)
        return attempt(nanonis_operation(command), f"asking {link.name} {command}", once)

    def value(self, command: str, layout: str = "", *values: Any, returns: str) -> Any:
        """Send `command` and return the first value it answers."""
        return self.call(command, layout, *values, returns=returns)[0]

    def call_watched(
        self, command: str, layout: str, *values: Any, returns: str, timeout: float, watch: Callable[[], None]
    ) -> tuple[Any, ...]:
        """Like `call` for a command that blocks for long; `watch` runs meanwhile and may raise to give it up.

        When it raises, the answer is still to come: see `drain`.
        """
        with self.exchange():
            self.write_bytes(protocol.request(command, layout, *values))
            self._answer_due = True
            if isinstance(self.adapter, Link):
                _wait_readable(self.adapter, timeout, watch)
            self._answer_due = False
            return protocol.reply(command, returns, _answer(self.adapter, command, None))

    def revive(self) -> None:
        """Open a new session when the present one is lost. Raises Unreachable."""
        if isinstance(self.adapter, Link):
            self.adapter.revive()

    def drain(self, command: str, timeout: float) -> None:
        """Take the answer of a command that was given up; open a new session when it does not come within `timeout` (s)."""
        if not self._answer_due:
            return
        self._answer_due = False
        try:
            _answer(self.adapter, command, timeout)
        except InstrumentError:
            self.adapter.flush_read_buffer()


def _answer(link: Any, command: str, timeout: float | None) -> bytes:
    try:
        name, size = protocol.reply_header(link.read_bytes(protocol.HEADER, timeout=timeout))
        body = link.read_bytes(size, timeout=timeout)
        if name.lower() != command.lower():
            raise GarbledAnswer(f"Nanonis answered {name} when {command} was asked: the session was dropped")
    except GarbledAnswer:
        link.flush_read_buffer()
        raise
    return bytes(body)


def _wait_readable(link: Link, timeout: float, watch: Callable[[], None]) -> None:
    for _ in range(max(1, round(timeout / WATCH_EVERY))):
        watch()
        if link.readable(WATCH_EVERY):
            return
