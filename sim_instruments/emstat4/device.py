"""One simulated device: what it knows of itself, its memory, and the script that runs on it."""

from collections.abc import Callable

from sim_instruments.emstat4 import errors
from sim_instruments.emstat4.errors import CommandError, ParseError
from sim_instruments.emstat4.frontend import Frontend
from sim_instruments.emstat4.kinds import KINDS
from sim_instruments.emstat4.parser import Script, parse
from sim_instruments.emstat4.registers import Registers
from sim_instruments.emstat4.run import ScriptRun
from sim_instruments.noise import Noise
from sim_instruments.pellet import PelletCell
from sim_instruments.timeline import Timeline

SERIAL = "ES4HR23A0042"
BUILT = "Mar 25 2024 10:12:31"
SCRIPT_VERSION = "0108"


class Device:
    """An EmStat4 whose leads are clipped to `cell`."""

    def __init__(self, cell: PelletCell, timeline: Timeline, noise: Noise, kind: str = "HR") -> None:
        self.kind = KINDS[kind]
        self.timeline = timeline
        self.frontend = Frontend(self.kind, cell, noise, lambda: timeline.now)
        self.registers = Registers(SERIAL)
        self.prefix = self.kind.prefix
        self.refusal: int | None = None
        """Code with which the next script is refused (a fault put in on purpose)."""
        self.on_output: Callable[[str], None] = lambda line: None
        """Takes each line a script sends."""
        self._loaded: Script | None = None
        self._stored: Script | None = None
        self._run: ScriptRun | None = None

    @property
    def running(self) -> ScriptRun | None:
        """The script that runs, None where none does."""
        return None if self._run is None or self._run.over else self._run

    def version(self) -> str:
        """Return the answer to `t`, two lines."""
        return f"{self.prefix}1301#{BUILT}\nR*"

    # --- scripts

    def load(self, lines: list[str]) -> None:
        """Read a script whole. Raises ParseError; the one loaded before is gone then."""
        self._loaded = None
        if self.refusal is not None:
            code, self.refusal = self.refusal, None
            raise ParseError(code, 1, 1)
        self._loaded = parse(lines)

    def execute(self) -> None:
        """Run what is loaded. Raises CommandError."""
        if self.running is not None:
            raise CommandError(errors.WRONG_MODE)
        if self._loaded is None:
            raise CommandError(errors.NO_SCRIPT)
        self._run = ScriptRun(self._loaded, self.frontend, self.timeline, lambda line: self.on_output(line))

    def store(self) -> None:
        """Keep the loaded script in the flash memory. Raises CommandError."""
        if self._loaded is None:
            raise CommandError(errors.NO_SCRIPT)
        self._stored = self._loaded

    def fetch(self) -> None:
        """Load the script of the flash memory. Raises CommandError."""
        if self._stored is None:
            raise CommandError(errors.NO_SCRIPT)
        self._loaded = self._stored

    def active(self) -> ScriptRun:
        """Return the running script. Raises CommandError where none runs."""
        if self.running is None:
            raise CommandError(errors.WRONG_MODE)
        return self.running

    def reset(self) -> None:
        """What a dip of the supply does: the script is gone, the cell off, settings as after power-on."""
        if self.running is not None:
            self.running.forget()
        self._run = self._loaded = None
        self.frontend.reset()
