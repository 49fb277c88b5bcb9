"""What a recording consists of: items in the order they happened, packed into blocks of bytes.

An item is a head (monotonic time as float64 s, session as uint16, kind as uint8, length as uint32; little-endian) and
its content: bytes of the wire as they were, or text.
"""

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What happened. The numbers are in files: never changed, only added to."""

    SESSION = 1
    """A session became known; JSON of `SessionInfo`."""
    OPENED = 2
    CLOSED = 3
    SENT = 4
    """Bytes went to the instrument."""
    RECEIVED = 5
    """Bytes came from it."""
    SILENT = 6
    """Nothing came within a time that was allowed."""
    TIMED_OUT = 7
    """An answer did not come in time; the link dropped the session."""
    FAILED = 8
    """The session could not be opened, or broke; text."""
    MARK = 9
    """Something about the run, of no session; text."""
    LOST = 10
    """So many bytes are missing here (text): the disk did not keep up."""


class Item(NamedTuple):
    """One thing that happened: `time` monotonic s, `session` its number, `content` bytes or UTF-8 text."""

    time: float
    session: int
    kind: int
    content: bytes

    @property
    def text(self) -> str:
        """The content of an item that is text."""
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session: `role` and `driver` as in the bench file, `name` of the link, `resource` without secrets."""

    role: str
    driver: str
    name: str
    resource: str

    def pack(self) -> bytes:
        """Return the content of its SESSION item."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, content: bytes) -> "SessionInfo":
        """Return the session of a SESSION item. Raises ValueError."""
        try:
            found = json.loads(content)
            return cls(*(str(found[name]) for name in ("role", "driver", "name", "resource")))
        except (TypeError, KeyError) as error:
            raise ValueError(f"no session: {error}") from None


HEAD = struct.Struct("<dHBI")
NO_SESSION = 0xFFFF

STARTS_AGAIN = "on a bench that was in use"
"""Mark: the run began on a bench used before, so its limits were programmed once more."""
ABORTED = "aborted: "
"""Begin of the mark that the operator stopped the run; the reason follows."""
CLOCK = "clock "
"""Begin of the mark that says which wall-clock time (s since 1970) the mark's own time is."""
ENDS = "the run has ended"
"""The last mark of a whole recording."""


def pack_items(items: Iterable[Item]) -> bytes:
    """Return items as bytes."""
    parts: list[bytes] = []
    for when, session, kind, content in items:
        parts += (HEAD.pack(when, session, kind, len(content)), content)
    return b"".join(parts)


def unpack_items(block: bytes) -> Iterator[Item]:
    """Yield the items of a block. Raises ValueError where it is no block of items."""
    at = 0
    while at < len(block):
        if at + HEAD.size > len(block):
            raise ValueError("an item is cut short")
        when, session, kind, length = HEAD.unpack_from(block, at)
        at += HEAD.size + length
        if at > len(block):
            raise ValueError("an item is cut short")
        yield Item(when, session, kind, block[at - length : at])
