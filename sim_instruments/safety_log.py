"""What a lab's outputs, biases, tip and clients did and when: the evidence that a bench became safe."""

import json
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

KEPT = 20_000
"""Latest events kept in memory."""
WITHDRAWN = "withdrawn"

Event = dict[str, object]
"""`wall` (s, Unix time), `t` (s, simulated), `what` ("output", "bias", "cell", "tip", "client"), `instrument`, `state`."""


class SafetyLog:
    """Changes of state, each a line of JSON that is flushed at once; nothing is written while nothing changes."""

    def __init__(self, now: Callable[[], float], file: TextIO | None = None) -> None:
        self._now = now
        self._file = file
        self._state: dict[tuple[str, str], object] = {("tip", "probe"): WITHDRAWN}
        self.events: deque[Event] = deque(maxlen=KEPT)
        """The latest events, oldest first."""

    def change(self, what: str, instrument: str, state: object) -> None:
        """Note that `what` of an instrument is `state` from now on."""
        self._state[(what, instrument)] = state
        event: Event = {
            "wall": time.time(),
            "t": self._now(),
            "what": what,
            "instrument": instrument,
            "state": state,
        }
        self.events.append(event)
        if self._file is not None:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()

    def note_output(self, on: bool) -> None:
        """The source-meter's output has gone on or off."""
        self.change("output", "source_meter", on)

    def note_cell(self, on: bool) -> None:
        """The potentiostat's cell has been switched on or off."""
        self.change("cell", "potentiostat", on)

    def note_bias(self, source: str, biased: bool) -> None:
        """A source's voltage has left 0, or come back to it."""
        self.change("bias", source, biased)

    def note_tip(self, state: str) -> None:
        """The tip is engaged, released or withdrawn."""
        self.change("tip", "probe", state)

    def clients_of(self, instrument: str) -> Callable[[bool], None]:
        """Return what notes that a client of `instrument` has come or gone."""
        return lambda come: self.change("client", instrument, "connected" if come else "gone")

    @property
    def unsafe(self) -> list[str]:
        """What is not safe now: outputs that are on, biases that are not 0, a tip that is not withdrawn."""
        found = []
        for (what, instrument), state in self._state.items():
            if (what in ("output", "bias", "cell") and state) or (what == "tip" and state != WITHDRAWN):
                found.append(f"{what} of {instrument}: {state}")
        return found
