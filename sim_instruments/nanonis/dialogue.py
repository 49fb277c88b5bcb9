"""One client's connection: frames in, frames out, strictly one command after the other.

A request is a 40-byte header (name, body size, reply wanted) and a body; it is only acted upon when the body is whole.
"""

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from sim_instruments.nanonis.layout import LayoutError, pack, unpack, zeros
from sim_instruments.nanonis.registry import CommandError, Cost, Handler
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

HEADER = struct.Struct(">32siHH")
REPLY_HEADER = struct.Struct(">32si4x")
SET_COST, GET_COST = 1e-3, 0.5e-3
"""Simulated time of a command that sets and of one that reads (s)."""
FRAGMENT = 1460
"""A reply goes out in pieces of this size (bytes), as a network would cut it."""
LARGEST_BODY = 1 << 26
"""A body said to be larger than this (bytes) is taken for a client that speaks another protocol."""
NO_ERROR = bytes(8)


class NanonisDialogue:
    """Answers the commands of one connection."""

    def __init__(self, controller: "Controller", session: Session) -> None:
        self._controller = controller
        self._session = session

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client hangs up or the software quits."""
        while True:
            try:
                name, body, wants_reply = await _read_request(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if len(name) != 32:
                return
            reply = await self.answer(name.rstrip(b"\0").decode("latin-1"), body)
            if wants_reply:
                await _send(writer, REPLY_HEADER.pack(name, len(reply)) + reply)
            if self._controller.has_quit:
                return

    async def answer(self, name: str, body: bytes) -> bytes:
        """Run command `name`; return the body of the reply, error block included."""
        controller = self._controller
        controller.timeline.catch_up()
        handler = controller.handlers.get(name.strip().lower())
        if handler is None:
            await self._session.spend(GET_COST)
            return error_block(f"Unknown command: {name}")
        reply = handler.command.reply_layout(controller.release)
        try:
            arguments = unpack(handler.command.request_layout(controller.release), body)
            return pack(reply, await self._run(handler, arguments)) + NO_ERROR
        except CommandError as error:
            return zeros(reply) + error_block(f"{handler.command.name}: {error}")
        except LayoutError as error:
            return zeros(reply) + error_block(f"{handler.command.name}: wrong arguments: {error}")

    async def _run(self, handler: Handler, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        cost, session = handler.command.cost, self._session
        if self._controller.refusal:
            raise CommandError(self._controller.refusal)
        if cost is Cost.SET:
            session.command()
            try:
                return await handler(session, arguments)
            finally:
                await session.spend(SET_COST)
        if cost in (Cost.GET, Cost.POLL):
            await session.spend(GET_COST if cost is Cost.GET else self._controller.tap)
        return await handler(session, arguments)


def error_block(text: str) -> bytes:
    """Return the error block that carries `text`."""
    raw = text.encode("utf-8")
    return struct.pack(">Ii", 1, len(raw)) + raw


async def _read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes, bool]:
    name, size, wants_reply, _ = HEADER.unpack(await reader.readexactly(HEADER.size))
    if not 0 <= size <= LARGEST_BODY:
        return b"", b"", False
    return name, await reader.readexactly(size), bool(wants_reply)


async def _send(writer: asyncio.StreamWriter, message: bytes) -> None:
    for start in range(0, len(message), FRAGMENT):
        writer.write(message[start : start + FRAGMENT])
        await writer.drain()
