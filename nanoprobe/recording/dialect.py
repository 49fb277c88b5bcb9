"""What a protocol's bytes mean: commands with names, arguments and units; and which of them are equivalent.

A driver brings the dialect of its instrument. Reading a recording and matching a replay know no protocol by themselves.
"""

from dataclasses import dataclass
from typing import Protocol

Value = float | str | bytes | tuple[float, ...]
"""A number, a text, an array, or bytes that were not understood."""
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A value with the name and the SI unit it has in its command; "" where it has none."""

    value: Value
    name: str = ""
    unit: str = ""

    def __str__(self) -> str:
        text = _text(self.value) + (f" {self.unit}" if self.unit else "")
        return f"{self.name}={text}" if self.name else text


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` in its usual form, its arguments, and whether it asks for an answer.

    `poll`: it asks how things stand and changes nothing, so it may come more or less often than it was recorded.
    """

    name: str
    fields: tuple[Field, ...] = ()
    asks: bool = False
    poll: bool = False

    def __str__(self) -> str:
        return " ".join([self.name, *map(str, self.fields)])


class Dialect(Protocol):
    """One protocol."""

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """Return the whole messages at the begin of `stream`, and what is left. Raises ValueError where there are none."""

    def commands(self, message: bytes) -> tuple[Command, ...]:
        """Return the commands of a message in order; never raises."""

    def answer(self, message: bytes, answer: bytes) -> tuple[Field, ...]:
        """Return what `answer` to `message` says; never raises."""

    def independent(self, one: Command, other: Command) -> bool:
        """Say whether the instrument ends up the same whichever of two settings comes first."""


class Lines:
    """The dialect of an instrument whose driver brings none: lines of text that are what they are."""

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """Return the lines at the begin of `stream`."""
        *lines, rest = stream.split(b"\n")
        return [line + b"\n" for line in lines], rest

    def commands(self, message: bytes) -> tuple[Command, ...]:
        """Return the line as a command."""
        return (Command(readable(message), asks=message.rstrip().endswith(b"?")),)

    def answer(self, message: bytes, answer: bytes) -> tuple[Field, ...]:
        """Return the answer as text."""
        return (Field(readable(answer)),)

    def independent(self, one: Command, other: Command) -> bool:
        """Nothing is known to be."""
        return False


def readable(content: bytes) -> str:
    """Return bytes as text where they are text, as the first of them in hexadecimal where not."""
    text = content.decode("latin-1").rstrip("\r\n")
    if text.isprintable():
        return text
    return f"<{len(content)} bytes {content[:16].hex(' ')}{'...' if len(content) > 16 else ''}>"


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return readable(value)
    if isinstance(value, tuple):
        shown = ", ".join(f"{number:.6g}" for number in value[:_SHOWN])
        return f"[{shown}{f', ... {len(value)} values' if len(value) > _SHOWN else ''}]"
    return f"{value:.9g}" if isinstance(value, float) else value
