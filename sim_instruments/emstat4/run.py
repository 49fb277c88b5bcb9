"""A script that runs in simulated time: an operation of the lab's timeline."""

import math
from collections.abc import Callable, Generator
from contextlib import suppress

from sim_instruments.emstat4.errors import ScriptError
from sim_instruments.emstat4.frontend import Frontend
from sim_instruments.emstat4.loops import Loops
from sim_instruments.emstat4.parser import Script
from sim_instruments.emstat4.program import AbortScript, Break, Program
from sim_instruments.timeline import Timeline

END = ""
"""The empty line with which a script's output ends."""


class ScriptRun:
    """One execution of a script. `send` takes each line of output; nothing comes after `over`."""

    def __init__(self, script: Script, frontend: Frontend, timeline: Timeline, send: Callable[[str], None]) -> None:
        self._timeline = timeline
        self._send = send
        self._loops = Loops(frontend)
        self._program = Program(frontend, self._loops, lambda: timeline.now, send)
        self._main, self._finish = self._program.block(script.commands)[1], self._program.block(script.finish)[1]
        self._course = self._go()
        self._halted_for: float | None = None
        self.over = False
        self.due = timeline.now
        timeline.start(self)

    def step(self) -> None:
        """Go on to the next moment something is due."""
        try:
            self.due = next(self._course)
        except StopIteration:
            self._end()

    def _go(self) -> Generator[float, None, None]:
        try:
            with suppress(AbortScript, Break):
                yield from self._main()
            yield from self._finish()
        except (AbortScript, Break):
            pass
        except ScriptError as error:  # what stands behind `on_finished:` is not done: the cell may be on
            self._send(f"!{error.code:04X}: Line {error.line or 0}")
            return
        self._send(END)

    def _end(self) -> None:
        self.over, self.due = True, math.inf
        self._timeline.stop(self)

    def forget(self) -> None:
        """Drop the script where it stands, as a reset does."""
        self._course.close()
        self._end()

    # --- what may be asked of a running script

    def abort(self) -> None:
        """Go on behind `on_finished:` at once."""
        self.resume()
        try:
            self.due = self._course.throw(AbortScript())
        except StopIteration:
            self._end()

    def break_loop(self) -> None:
        """End the present measurement loop."""
        self._program.breaking = True
        self.due = min(self.due, self._timeline.now)

    def turn(self) -> None:
        """Turn a cyclic scan around."""
        self._loops.turn_now = True

    def halt(self) -> None:
        """Let the script rest."""
        if self._halted_for is None:
            self._halted_for, self.due = self.due - self._timeline.now, math.inf

    def resume(self) -> None:
        """Go on with a halted script."""
        if self._halted_for is not None:
            self.due, self._halted_for = self._timeline.now + self._halted_for, None
