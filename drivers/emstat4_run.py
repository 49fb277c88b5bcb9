"""A script on its way: sent, acknowledged, its lines taken as they come, and ended in order whatever happens."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from drivers.link import Link
from drivers.methodscript import CELL_OFF, Lines
from drivers.methodscript_errors import error_in
from nanoprobe.errors import GarbledAnswer, InstrumentError, InstrumentTimeout, LinkLost
from nanoprobe.roles import Watch

_log = logging.getLogger(__name__)

LOOK = 0.02
"""Longest wait between two calls of a watch (s)."""
DEAF = 0.06
"""Longer than the device ignores what comes after an error (s): more than 50 ms are asked for."""
END_TIME = 5.0
"""Longest time a script may take to end after it was told to (s)."""

OnLines = Callable[[list[str]], None]


class ScriptRunner:
    """Runs scripts over one link. Any thread may call `stop`; the rest belongs to whoever holds the exchange."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._early: list[str] = []
        self._in_step = False
        """Whether the device is known to wait for a command; False while a script runs and after any fault."""
        self._told = False
        """Whether a script was told to end past the exchange: the answer to that may still be on its way."""

    def run(self, script: Lines, watch: Watch, on_lines: OnLines, silence: float) -> None:
        """Run `script` to its end; `on_lines` gets the lines it sends, its own marks included.

        `silence`: longest time without a line (s). Raises InstrumentError for what the device reports; the cell is off
        then, and also when `watch` or `on_lines` raises.
        """
        with self._link.exchange():
            self.settle()
            self._send(script)
            try:
                self._listen(watch, on_lines, silence)
            except LinkLost:
                raise
            except BaseException:
                self._give_up()
                raise

    def _send(self, script: Lines) -> None:
        self._in_step = False
        self._link.write_bytes(("\n".join(["e", *script]) + "\n\n").encode("ascii"))
        answer = self._next(self._link.timeout)
        if (error := error_in(answer)) is not None:
            self._link.rest(DEAF)
            self._in_step = True
            raise InstrumentError(f"{self._link.name} rejects the script: {error}{_quoted(error, script)}")
        if answer != "e":
            self._garbled(answer)

    def _next(self, timeout: float) -> str:
        lines = self._link.lines(timeout)
        if not lines:
            raise InstrumentTimeout(f"{self._link.name} at {self._link.resource} does not answer a script")
        self._early = lines[1:]
        return lines[0]

    def _garbled(self, answer: str) -> NoReturn:
        self._link.flush_read_buffer()
        raise GarbledAnswer(f"{self._link.name} answers '{answer:.40}' to a script, not 'e'")

    def _listen(self, watch: Watch, on_lines: OnLines, silence: float) -> None:
        lines, self._early = self._early, []
        heard = self._link.moment
        while True:
            watch()
            if lines:
                heard = self._link.moment
                if self._digest(lines, on_lines):
                    self._in_step = True
                    return
            elif self._link.moment - heard > silence:
                raise InstrumentTimeout(
                    f"{self._link.name} at {self._link.resource} sent nothing for {silence:.3g} s in the middle of a "
                    f"script; was it reset, or unplugged?"
                )
            lines = self._link.lines(LOOK)

    def _digest(self, lines: list[str], on_lines: OnLines) -> bool:
        """Hand on the lines; say whether the script is over."""
        over = "" in lines
        content = lines[: lines.index("")] if over else lines
        failed = next((line for line in content if line.startswith("!")), None)
        if failed is not None:
            on_lines(content[: content.index(failed)])
            self._link.rest(DEAF)
            raise InstrumentError(f"{self._link.name} gave up: {error_in(failed)}; the cell was switched off")
        if "Z" in content:
            raise InstrumentError(f"the script on the {self._link.name} was ended from outside; the cell is off")
        on_lines(content)
        return over

    # --- ending

    def stop(self) -> None:
        """Cell off at once: a running script is told to end, past any exchange, which does it; else by a script."""
        if self._in_step:
            self.cell_off()
        else:
            self._told = True
            self._link.urgent("\nZ")

    def settle(self) -> None:
        """End whatever runs and bring the conversation into step; free where it is in step."""
        if self._in_step and not self._told:
            return
        told, self._told = self._told, False
        self._end_script()
        if told:
            self._hear_all()
        self._in_step = True

    def _end_script(self) -> None:
        self._link.lines(0.0)
        self._link.write_bytes(b"\nZ\n")
        begun = False
        for line in self._lines_to_come():
            if line.startswith("Z!") or (begun and line == ""):
                self._link.rest(DEAF)
                self._link.lines(0.0)
                return
            begun = begun or line == "Z"
        raise InstrumentTimeout(f"{self._link.name} at {self._link.resource} did not end its script when told to")

    def _hear_all(self) -> None:
        """Ask for the serial number: once that is here, every answer to what was sent before is here too."""
        self._link.write_bytes(b"i\n")
        if not any(line.startswith("i") for line in self._lines_to_come()):
            raise InstrumentTimeout(f"{self._link.name} at {self._link.resource} does not say who it is after a stop")

    def _lines_to_come(self) -> Iterator[str]:
        """Return every line that comes until END_TIME is over."""
        begun = self._link.moment
        while self._link.moment - begun < END_TIME:
            yield from self._link.lines(LOOK)

    def cell_off(self) -> None:
        """End whatever runs, then switch the cell off by a script of its own. Raises InstrumentError, InstrumentTimeout."""
        with self._link.exchange():
            self.settle()
            self._send(CELL_OFF)
            self._listen(lambda: None, lambda lines: None, END_TIME)

    def out_of_step(self) -> None:
        """Take nothing for granted: the session was given up or opened anew."""
        self._in_step = False

    def _give_up(self) -> None:
        """Cell off after anything went wrong; where that fails too, the bench's safe state tries once more and says so."""
        with _logged(self._link.name):
            self.cell_off()


@contextmanager
def _logged(name: str) -> Iterator[None]:
    try:
        yield
    except InstrumentError as error:
        _log.error("switching off the cell at the %s: %s", name, error)


def _quoted(error: str, script: Lines) -> str:
    """Return the line of the script an error names, as a remark."""
    _, _, place = error.partition(" at Line ")
    number = int(place.split(",")[0]) if place else 0
    return f": '{script[number - 1]}'" if 0 < number <= len(script) else ""
