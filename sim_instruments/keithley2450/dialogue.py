"""One client's conversation with the 2450: lines in, answers out."""

import asyncio

from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.scpi import Answer, Call, ScpiError, Unit, split_message
from sim_instruments.scpi_tree import CommandTree
from sim_instruments.timeline import Session

LINE_TIME = 0.5e-3
"""What a line of commands costs (s, simulated)."""


class Conversation:
    """Answers one client."""

    def __init__(self, tree: CommandTree, instrument: Instrument, session: Session) -> None:
        self._tree = tree
        self._instrument = instrument
        self._status = instrument.status
        self._timeline = instrument.timeline
        self._session = session
        self._reader: asyncio.StreamReader | None = None

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read lines and answer them until the client goes."""
        self._reader = reader
        while line := await self._line(reader):
            if not line.endswith(b"\n"):
                return
            answer = await self.execute(line.decode("latin-1").strip())
            if answer:
                writer.write(answer + b"\n")
                await writer.drain()

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readline()
        except ValueError:
            self._status.report(ScpiError(-363))
            return b"\n"

    async def execute(self, line: str) -> bytes:
        """Do what a line says; return its answers, without the line end."""
        self._timeline.catch_up()
        await self._session.spend(LINE_TIME)
        answers = []
        for unit in split_message(line):
            answer = await self._do(unit)
            if answer is not None:
                answers.append(answer.encode("latin-1") if isinstance(answer, str) else answer)
        return b";".join(answers)

    async def _do(self, unit: Unit) -> Answer:
        try:
            if self._instrument.language != "SCPI" and not unit.header.startswith("*"):
                raise ScpiError(-285, "TSP Syntax error")
            command, numbers = self._tree.find(unit.header)
            handler = command.ask if unit.query else command.send
            if handler is None:
                raise ScpiError(-113)
            if not (unit.query or command.watching):
                self._session.command()
            result = handler(Call(unit.args, numbers, self._session, self._gone))
            return result if result is None or isinstance(result, str | bytes) else await result
        except ScpiError as error:
            self._status.report(ScpiError(error.code, f"{error.text} ({unit.header})"))
            return None

    def _gone(self) -> bool:
        return self._reader is not None and self._reader.at_eof()
