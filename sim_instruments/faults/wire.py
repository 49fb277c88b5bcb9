"""What stands between a dialogue and its socket: it counts the commands that come and spoils what goes out."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from sim_instruments.faults.box import FaultBox
from sim_instruments.faults.fault import Fault
from sim_instruments.faults.kinds import Layer
from sim_instruments.faults.socket_faults import SPOIL, Reply

NAME = 32
"""Bytes of a command's name at the start of a frame."""


@dataclass
class Memory:
    """The last replies of one instrument to two different commands."""

    last: tuple[str, bytes] = ("", b"")
    before: tuple[str, bytes] = ("", b"")

    def keep(self, command: str, reply: bytes) -> None:
        """Remember the reply to `command`."""
        if command != self.last[0]:
            self.before = self.last
        self.last = (command, reply)

    def other(self, command: str) -> bytes:
        """Return the latest reply to a command other than `command`; empty where there is none."""
        return self.before[1] if self.last[0] == command else self.last[1]


@dataclass
class Wires:
    """Makes the wires of one instrument's connections. `framed`: frames with a header, otherwise lines of text."""

    box: FaultBox
    framed: bool
    memory: Memory = field(default_factory=Memory)

    def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return what a dialogue reads from and writes to. Raises ConnectionAbortedError for one that may not stay."""
        if not self.box.admits():
            raise ConnectionAbortedError("turned away by a fault")
        spoilt = FaultyWriter(writer, self.framed, self.memory)
        kind = FrameReader if self.framed else LineReader
        return cast(asyncio.StreamReader, kind(reader, spoilt, self.box)), cast(asyncio.StreamWriter, spoilt)


class FaultyWriter:
    """Passes replies on as they are, unless a fault acts on the present one."""

    def __init__(self, writer: asyncio.StreamWriter, framed: bool, memory: Memory) -> None:
        self._writer = writer
        self._framed = framed
        self._memory = memory
        self._command = ""
        self._parts: list[bytes] = []
        self._fault: Fault | None = None

    def write(self, data: bytes) -> None:
        """Take a part of the present reply."""
        self._parts.append(data)
        if self._fault is None:
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the client has room for more."""
        if self._fault is None:
            await self._writer.drain()

    def begin(self, command: str, fault: Fault | None) -> None:
        """What comes next is the reply to `command`, to be spoilt by `fault`."""
        self._command, self._fault = command, fault

    async def end(self) -> None:
        """The reply is whole, where there was one. Raises ConnectionAbortedError where the fault hangs up."""
        content, fault = b"".join(self._parts), self._fault
        self._parts, self._fault = [], None
        if not content:
            return
        other = self._memory.other(self._command)
        self._memory.keep(self._command, content)
        if fault is not None:
            await self._spoil(fault, Reply(content, self._framed, other))

    async def _spoil(self, fault: Fault, reply: Reply) -> None:
        fault.acted()
        value = fault.spec.value
        await SPOIL[fault.spec.kind](self._writer, reply, fault.random, value if isinstance(value, float) else 0.0)


class _FaultyReader:
    """Reads commands one after the other; a hang or a broken connection happens between two."""

    def __init__(self, reader: asyncio.StreamReader, writer: FaultyWriter, box: FaultBox) -> None:
        self._reader = reader
        self._writer = writer
        self._box = box

    def at_eof(self) -> bool:
        """Say whether the client has gone and everything it sent was read."""
        return self._reader.at_eof()

    async def _has_come(self, command: str) -> None:
        """A command is whole, and is done next."""
        fault = self._box.command(command)
        if fault is not None and fault.spec.layer is not Layer.REPLY:
            if fault.spec.layer is Layer.COMMAND:
                fault.acted()
                await self._fall_silent()
            raise ConnectionAbortedError(f"fault {fault.spec.kind}")
        self._writer.begin(command, fault)

    async def _fall_silent(self) -> None:
        while await self._reader.read(1 << 16):
            pass


class LineReader(_FaultyReader):
    """Reads commands that are lines of text."""

    async def readline(self) -> bytes:
        """Return the next line, empty when the client has gone."""
        await self._writer.end()
        line = await self._reader.readline()
        if line:
            await self._has_come(line.decode("latin-1").strip())
        return line


class FrameReader(_FaultyReader):
    """Reads commands that are frames: a header, then a body, in two reads."""

    _name: bytes | None = None

    async def readexactly(self, count: int) -> bytes:
        """Return the next header or body."""
        if self._name is None:
            await self._writer.end()
            header = await self._reader.readexactly(count)
            self._name = header[:NAME]
            return header
        body = await self._reader.readexactly(count)
        name, self._name = self._name.rstrip(b"\0").decode("latin-1"), None
        await self._has_come(name)
        return body
