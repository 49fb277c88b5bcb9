"""SCPI: messages taken apart, and a tree of commands in their long and short forms.

Source: SCPI-1999 volume 1 (syntax and style) and IEEE 488.2 for the message format.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sim_instruments.timeline import Session

ERRORS = {
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -151: "Invalid string data",
    -200: "Execution error",
    -211: "Trigger ignored",
    -213: "Init ignored",
    -221: "Settings conflict",
    -222: "Parameter data out of range",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
}
INFINITY = 9.9e37
"""What SCPI sends for infinity and for an overflowed reading."""


class ScpiError(Exception):
    """A command that goes into the error queue instead of into effect."""

    def __init__(self, code: int, text: str | None = None) -> None:
        self.code = code
        self.text = text or ERRORS.get(code, "Device-specific error")
        super().__init__(f"{code}, {self.text}")


@dataclass(frozen=True, slots=True)
class Unit:
    """One command or query of a message, its header spelt from the root."""

    header: str
    query: bool
    args: tuple[str, ...]


@lru_cache(maxsize=256)
def split_message(line: str) -> tuple[Unit, ...]:
    """Return the units of a message: `;` separates, and a header without a leading `:` goes on from the last one.

    Cached: what polls an instrument sends the same few lines again and again.
    """
    return tuple(_units(line))


def _units(line: str) -> Iterator[Unit]:
    path = ""
    for text in split_outside_quotes(line, ";"):
        if not text:
            continue
        head, _, rest = text.partition(" ")
        head = head.rstrip()
        query = head.endswith("?")
        name, path = _absolute(head.removesuffix("?"), path)
        yield Unit(name, query, _arguments(rest))


def _absolute(head: str, path: str) -> tuple[str, str]:
    bare = head.lstrip(":")
    if bare.startswith("*"):
        return bare, path
    full = bare if head.startswith(":") else path + bare
    return full, full[: full.rfind(":") + 1]


def _arguments(text: str) -> tuple[str, ...]:
    if not text.strip():
        return ()
    args = split_outside_quotes(text, ",")
    # A client that leaves out the last optional parameter may still send its comma.
    while args and not args[-1]:
        args.pop()
    return tuple(args)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split at `separator` wherever it stands in no string, and strip the parts."""
    if '"' not in text and "'" not in text:
        return [part.strip() for part in text.replace("\t", " ").split(separator)]
    parts, start, quote = [], 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == separator:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def keyword_matches(word: str, keyword: str) -> bool:
    """Say whether `word` is the long or the short form of `keyword` (its short form stands in capitals)."""
    return word.upper() in forms(keyword)


def forms(keyword: str) -> tuple[str, str]:
    """Return the short and the long form of a keyword such as `VOLTage`, both in capitals."""
    return re.sub("[a-z]", "", keyword), keyword.upper()


Answer = str | bytes | None


@dataclass(slots=True)
class Call:
    """A command as its handler gets it."""

    args: tuple[str, ...]
    numbers: tuple[int, ...]
    session: Session
    gone: Callable[[], bool] = field(default=lambda: False)
    """Whether the client has hung up meanwhile."""

    def raw(self, index: int) -> str:
        """Return a parameter as it came."""
        if index >= len(self.args) or not self.args[index]:
            raise ScpiError(-109)
        return self.args[index]

    def has(self, index: int) -> bool:
        """Say whether a parameter was sent."""
        return index < len(self.args) and bool(self.args[index])

    def at_most(self, count: int) -> None:
        """Refuse more than `count` parameters."""
        if len(self.args) > count:
            raise ScpiError(-108)

    def number(self, index: int, low: float = -math.inf, high: float = math.inf, default: float | None = None) -> float:
        """Return a number within `low`..`high`."""
        if default is not None and not self.has(index):
            return default
        value = parse_number(self.raw(index), low, high, default)
        if not (low <= value <= high and math.isfinite(value)):
            raise ScpiError(-222)
        return value

    def integer(self, index: int, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number within `low`..`high`."""
        value = self.number(index, low, high, default)
        if value != int(value):
            raise ScpiError(-104)
        return int(value)

    def boolean(self, index: int, default: bool | None = None) -> bool:
        """Return ON, OFF, 1 or 0 as a truth value."""
        if default is not None and not self.has(index):
            return default
        word = self.raw(index).upper()
        if word in ("ON", "1", "TRUE"):
            return True
        if word in ("OFF", "0", "FALSE"):
            return False
        raise ScpiError(-224)

    def string(self, index: int, default: str | None = None) -> str:
        """Return a string out of its quotes, which may be single or double."""
        if default is not None and not self.has(index):
            return default
        raw = self.raw(index)
        if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "\"'":
            return raw[1:-1]
        if raw[0] in "\"'":
            raise ScpiError(-151)
        return raw

    def word(self, index: int, keywords: Mapping[str, str], default: str | None = None) -> str:
        """Return what `keywords` gives for the long or short form sent; quotes do no harm."""
        if default is not None and not self.has(index):
            return default
        return match_word(self.string(index), keywords)


def match_word(word: str, keywords: Mapping[str, str]) -> str:
    """Return what `keywords` gives for a word in its long or short form."""
    for keyword, meaning in keywords.items():
        if keyword_matches(word, keyword):
            return meaning
    raise ScpiError(-224)


def parse_number(text: str, low: float, high: float, default: float | None) -> float:
    """Read a number, or MIN, MAX and DEF as the ends of the range and the default."""
    special = {"MIN": low, "MINIMUM": low, "MAX": high, "MAXIMUM": high, "INF": math.inf, "INFINITY": math.inf}
    word = text.upper()
    if word in ("DEF", "DEFAULT") and default is not None:
        return default
    if word in special:
        return special[word]
    try:
        value = float(text)
    except ValueError:
        raise ScpiError(-104) from None
    if math.isnan(value) or "_" in text:
        raise ScpiError(-104)
    return value


def show_number(value: float) -> str:
    """Write a number as the instrument answers it."""
    return f"{INFINITY if value == math.inf else value:.6E}"


def show_boolean(value: bool) -> str:
    """Write a truth value as 1 or 0."""
    return "1" if value else "0"
