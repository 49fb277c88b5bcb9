"""Is the output of a 2450 off? Asked of the instrument itself: a command that went out may never have been done."""

import logging
import socket

from drivers.link import Link
from nanoprobe.errors import GarbledAnswer, InstrumentError
from nanoprobe.retry import Operation, attempt

_log = logging.getLogger(__name__)

QUESTION, OFF, ON = ":OUTP?;*LANG?", "0;SCPI", "1;SCPI"
"""Asked with the language, so that no answer to another question is taken for this one."""
CONFIRM_TIMEOUT = 1.0
"""Longest wait for the answer (s)."""


DROP_TIMEOUT = 2.0
"""Longest wait for the instrument to take a connection to its dead-socket port (s)."""


def drop_client(resource: str, port: int | None) -> bool:
    """Make the 2450 at VISA `resource` drop its present client, by its dead-socket `port`; say whether that worked."""
    kind, *rest = resource.split("::")
    if port is None or not kind.upper().startswith("TCPIP") or not rest:
        return False
    try:
        with socket.create_connection((rest[0], port), DROP_TIMEOUT) as wire:
            wire.settimeout(DROP_TIMEOUT)
            wire.recv(1)  # it hangs up when the client is gone
    except TimeoutError:
        return True  # it took the connection and keeps it: the client is gone all the same
    except OSError as error:
        _log.warning("the dead-socket port %d of %s cannot be reached: %s", port, resource, error)
        return False
    return True


def switch_off(link: Link) -> None:
    """Output off, before anything else; then stop whatever could switch it on again."""
    link.urgent(":OUTP OFF")
    link.urgent(":ABOR;:OUTP OFF")


def confirm_off(link: Link) -> None:
    """Return when the instrument says that its output is off; where it does not, switch off over a new session, and ask.

    Raises InstrumentError naming the instrument.
    """

    def ask(again: float | None) -> None:
        if again is not None:
            link.reopen()
            switch_off(link)
        answer = link.confirm(QUESTION, CONFIRM_TIMEOUT)
        if answer == ON:
            raise InstrumentError(
                f"{link.name} at {link.resource} says that its output is ON after it was switched off"
            )
        if answer != OFF:
            raise GarbledAnswer(
                f"{link.name} at {link.resource} answers '{answer:.40}' when asked whether its output is off: it may be ON"
            )

    attempt(Operation.MAKE_SAFE, f"confirming that the output of {link.name} is off", ask)
