"""SCPI: a tree of commands, found by their long and short forms."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from sim_instruments.scpi import Answer, Call, ScpiError, forms

Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(slots=True)
class Command:
    """What a header does when it is sent and when it is asked."""

    send: Handler | None = None
    ask: Handler | None = None
    watching: bool = False
    """Whether sending it leaves the experiment as it is (display, formats, status): an on-looker may send it."""


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    command: Command | None = None
    numbered: bool = False


class CommandTree:
    """All commands of an instrument.

    A pattern reads like the manual's: `[SENSe]:CURRent:[DC]:NPLCycles`, brackets for what may be left out, `#` after a
    keyword that takes a number.
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._found: dict[str, tuple[Command, tuple[int, ...]]] = {}

    def add(
        self, pattern: str, send: Handler | None = None, ask: Handler | None = None, watching: bool = False
    ) -> None:
        """Teach the instrument a command."""
        for keywords in _spellings(pattern.split(":")):
            command = self._grow(keywords)
            command.send, command.ask = send or command.send, ask or command.ask
            command.watching = watching

    def _grow(self, keywords: list[str]) -> Command:
        node = self._root
        for keyword in keywords:
            short, long = forms(keyword.removesuffix("#"))
            child = node.children.get(short) or node.children.get(long) or _Node()
            child.numbered = child.numbered or keyword.endswith("#")
            node.children[short] = node.children[long] = child
            node = child
        node.command = node.command or Command()
        return node.command

    def find(self, header: str) -> tuple[Command, tuple[int, ...]]:
        """Return the command of a header and the numbers in it (1 where a numbered keyword has none)."""
        found = self._found.get(header)
        if found is None:
            found = self._found[header] = self._search(header)
        return found

    def _search(self, header: str) -> tuple[Command, tuple[int, ...]]:
        node, numbers = self._root, []
        for word in header.upper().split(":"):
            node, number = _child(node, word)
            if node.numbered:
                numbers.append(1 if number is None else number)
            elif number not in (None, 1):
                raise ScpiError(-114)
        if node.command is None:
            raise ScpiError(-113)
        return node.command, tuple(numbers)


def _child(node: _Node, word: str) -> tuple[_Node, int | None]:
    if word in node.children:
        return node.children[word], None
    stem = word.rstrip("0123456789")
    if stem == word or stem not in node.children:
        raise ScpiError(-113)
    return node.children[stem], int(word[len(stem) :])


def _spellings(keywords: list[str]) -> Iterator[list[str]]:
    if not keywords:
        yield []
        return
    head = keywords[0]
    for rest in _spellings(keywords[1:]):
        if head.startswith("["):
            yield rest
            yield [head[1:-1], *rest]
        else:
            yield [head, *rest]
