"""What a protocol's bytes mean: commands with names, arguments and units; and which of them are equivalent.

A driver brings the dialect of its instrument. Reading a recording and matching a replay know no protocol by themselves.
"""

from dataclasses import dataclass
from typing import Protocol

Value = float | str | bytes
"""A number, a text, or bytes that were not understood."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value with the name and the SI unit it has in its command; unit "" where it has none."""

    name: str
    value: Value
    unit: str = ""

    def __str__(self) -> str:
        value = f"{self.value:.6g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.name}={value}{' ' + self.unit if self.unit else ''}" if self.name else f"{value}{self.unit}"


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

    name: str

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """Return the whole messages at the begin of `stream`, and what is left. Raises ValueError where there are none."""

    def commands(self, message: bytes) -> tuple[Command, ...]:
        """Return the commands of a message, in order."""

    def answer(self, message: bytes, answer: bytes) -> tuple[Field, ...]:
        """Return what `answer` to `message` says; never raises."""

    def independent(self, one: Command, other: Command) -> bool:
        """Say whether the instrument ends up the same whichever of two settings comes first."""
