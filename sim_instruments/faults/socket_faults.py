"""How a reply is spoilt on its way to the client."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random

SIZE_AT, HEADER = 32, 40
"""Where a frame says how long its body is, and where the body begins (bytes)."""
LINE_END = b"\n"


@dataclass(frozen=True)
class Reply:
    """A whole reply. `framed`: header and body, otherwise a line; `other`: an earlier reply to another command."""

    content: bytes
    framed: bool
    other: bytes

    @property
    def half(self) -> bytes:
        """The first half, at least one byte and never all of it."""
        return self.content[: max(1, len(self.content) // 2)] if len(self.content) > 1 else b""


Spoil = Callable[[asyncio.StreamWriter, Reply, Random, float], Awaitable[None]]


async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(content)
    await writer.drain()


async def _delay(writer: asyncio.StreamWriter, reply: Reply, _: Random, seconds: float) -> None:
    await asyncio.sleep(max(0.0, seconds))
    await _send(writer, reply.content)


async def _close_mid_reply(writer: asyncio.StreamWriter, reply: Reply, _: Random, __: float) -> None:
    await _send(writer, reply.half)
    raise ConnectionAbortedError("fault close-mid-reply")


async def _one_byte(writer: asyncio.StreamWriter, reply: Reply, _: Random, __: float) -> None:
    for value in reply.content:
        await _send(writer, bytes((value,)))
        await asyncio.sleep(0)


async def _garbage(writer: asyncio.StreamWriter, reply: Reply, random: Random, _: float) -> None:
    noise = random.randbytes(len(reply.content))
    if not reply.framed:
        noise = noise[:-1].replace(LINE_END, b"\xff") + LINE_END
    await _send(writer, noise)


async def _truncated(writer: asyncio.StreamWriter, reply: Reply, _: Random, __: float) -> None:
    await _send(writer, reply.half)


async def _wrong_length(writer: asyncio.StreamWriter, reply: Reply, random: Random, excess: float) -> None:
    await _send(writer, (_claimed if reply.framed else _padded)(reply.content, round(excess), random))


def _claimed(frame: bytes, excess: int, _: Random) -> bytes:
    size = struct.unpack_from(">i", frame, SIZE_AT)[0] + excess
    return frame[:SIZE_AT] + struct.pack(">i", size) + frame[SIZE_AT + 4 :]


def _padded(line: bytes, excess: int, random: Random) -> bytes:
    text = line.removesuffix(LINE_END)
    if excess < 0:
        return text[:excess] + LINE_END
    return text + random.randbytes(excess).replace(LINE_END, b"\xff") + LINE_END


async def _doubled(writer: asyncio.StreamWriter, reply: Reply, _: Random, __: float) -> None:
    await _send(writer, 2 * reply.content)


async def _of_another(writer: asyncio.StreamWriter, reply: Reply, _: Random, __: float) -> None:
    await _send(writer, reply.other or reply.content)


SPOIL: Mapping[str, Spoil] = {
    "delay": _delay,
    "close-mid-reply": _close_mid_reply,
    "one-byte": _one_byte,
    "garbage": _garbage,
    "truncated-frame": _truncated,
    "wrong-length": _wrong_length,
    "doubled-reply": _doubled,
    "reply-of-another-command": _of_another,
}
"""What each kind of fault does to a reply. A fault's value is the last argument (0 where it takes none)."""
