"""The conversation over the link: commands in, replies and a script's output out (hardware.md §3.1)."""

import asyncio
import contextlib
from collections.abc import Callable

from sim_instruments.emstat4 import errors
from sim_instruments.emstat4.device import SCRIPT_VERSION, SERIAL, Device
from sim_instruments.emstat4.errors import CommandError, ParseError
from sim_instruments.emstat4.parser import LONGEST_LINE
from sim_instruments.timeline import Session

COMMAND_TIME = 1e-3
"""What a command costs (s, simulated)."""
MOST_AHEAD = 32
"""Lines that may wait for the client at pace 0: what is simulated ahead of a client is lost with it."""


class Output:
    """What a device's scripts send, and who listens: whoever started the script, and whoever aborted it."""

    def __init__(self, device: Device) -> None:
        self._listeners: list[Conversation] = []
        device.on_output = self._send

    def hear(self, listener: "Conversation") -> None:
        """Let `listener` have what is sent from now on."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def only(self, listener: "Conversation") -> None:
        """Let `listener` alone have it."""
        self._listeners = [listener]

    def leave(self, listener: "Conversation") -> None:
        """Forget a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _send(self, line: str) -> None:
        for listener in self._listeners:
            listener.pending.append(line)


class Conversation:
    """Talks to one client; several may be connected, as programs may share a serial port."""

    def __init__(self, device: Device, output: Output, session: Session) -> None:
        self._device = device
        self._output = output
        self._session = session
        self._writer: asyncio.StreamWriter | None = None
        self._script: list[str] | None = None
        self._script_command = ""
        self._driving: asyncio.Task[None] | None = None
        self.pending: list[str] = []
        """Lines that wait to be written."""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client goes. A script goes on without it."""
        self._writer = writer
        try:
            while line := await reader.readline():
                await self._take(line.decode("latin-1").strip("\r\n\x11\x13"))
        finally:
            self._output.leave(self)
            if self._driving is not None:
                self._driving.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await self._driving

    async def _take(self, line: str) -> None:
        if self._script is not None and line:
            self._script.append(line)
            return
        if self._script is None and not line:
            return
        self._device.timeline.catch_up()
        await self._session.spend(COMMAND_TIME)
        if self._script is not None:
            await self._finish_script()
        elif line in ("e", "l"):
            await self._begin_script(line)
        else:
            await self._command(line)

    async def _command(self, line: str) -> None:
        try:
            if len(line) > LONGEST_LINE:
                raise CommandError(errors.LINE_TOO_LONG)
            await self._reply(self._do(line))
        except CommandError as error:
            await self._reply(f"{line[:1]}!{error.code:04X}")

    def _do(self, line: str) -> str:
        """Do one command; return its reply."""
        device = self._device
        answers: dict[str, Callable[[], str]] = {
            "t": lambda: "t" + device.version(),
            "i": lambda: f"i{SERIAL}",
            "v": lambda: f"v{SCRIPT_VERSION}",
            "CC": lambda: "CC" + "F" * 16,
            "CM": lambda: "CM" + "F" * 32,
            "Z": self._abort,
        }
        actions: dict[str, Callable[[], None]] = {
            "Y": lambda: device.active().break_loop(),
            "h": lambda: device.active().halt(),
            "H": lambda: device.active().resume(),
            "R": lambda: device.active().turn(),
            "Fmscr": device.store,
            "Lmscr": device.fetch,
            "r": self._run,
        }
        if line in answers:
            return answers[line]()
        if line in actions:
            actions[line]()
            return line[0]
        if line[0] == "G":
            return "G" + device.registers.get(line[1:])
        if line[0] == "S":
            device.registers.set(line[1:])
            return "S"
        raise CommandError(errors.UNKNOWN_COMMAND)

    def _abort(self) -> str:
        run = self._device.active()
        self._session.command()
        self._output.hear(self)
        self.pending.append("Z")
        run.abort()
        self._drive()
        return ""

    def _run(self) -> None:
        self._start()
        self._drive()

    # --- scripts

    async def _begin_script(self, command: str) -> None:
        if self._device.running is not None:
            await self._reply(f"{command}!{errors.WRONG_MODE:04X}")
            return
        self._script, self._script_command = [], command

    async def _finish_script(self) -> None:
        assert self._script is not None
        lines, self._script = self._script, None
        command = self._script_command
        try:
            self._device.load(lines)
            if command == "e":
                self._start()
        except ParseError as error:
            await self._reply(f"{command}!{error}")
            return
        except CommandError as error:
            await self._reply(f"{command}!{error.code:04X}")
            return
        self.pending.insert(0, command)
        self._drive()

    def _start(self) -> None:
        self._session.command()
        self._output.only(self)
        self._device.execute()

    def _drive(self) -> None:
        if self._driving is None or self._driving.done():
            self._driving = asyncio.create_task(self._deliver())

    async def _deliver(self) -> None:
        """Let time pass and write what comes, until the script is over."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self._flush()
                run = self._device.running
                if run is None:
                    break
                await self._session.until(self._worth_a_look, float("inf"))
                if not self.pending and not run.over:  # a halted script, or one at pace 0 that nobody carries
                    await asyncio.sleep(0.01)
            await self._flush()

    def _worth_a_look(self) -> bool:
        return self._device.running is None or self._enough()

    def _enough(self) -> bool:
        return len(self.pending) >= (1 if self._device.timeline.pace > 0 else MOST_AHEAD)

    async def _flush(self) -> None:
        lines, self.pending = self.pending, []
        if lines and self._writer is not None:
            self._writer.write("".join(f"{line}\n" for line in lines).encode("ascii"))
            await self._writer.drain()

    async def _reply(self, text: str) -> None:
        if text and self._writer is not None:
            self._writer.write(text.encode("ascii") + b"\n")
            await self._writer.drain()
