"""How a module says which commands it answers: the `command` decorator, `Module` and `CommandError`."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

Layout = str | Callable[[int], str]
"""A layout (see `layout.py`), or a function of the release number where it changed between releases."""

Method = TypeVar("Method", bound=Callable[..., Any])


class Cost(Enum):
    """What a command costs in simulated time, and whether it makes its session the owner of time."""

    SET = "set"
    """Changes the instrument: the session owns time from now on; the effect comes at once, then 1 ms passes."""
    GET = "get"
    """Reads: 0.5 ms pass, then it is read."""
    POLL = "poll"
    """Reads a state of the real-time engine: one acquisition period passes, then it is read."""
    OWN = "own"
    """The method lets time pass itself (waits); does not make the session the owner."""


class CommandError(Exception):
    """The command cannot be done; its text goes into the reply's error block."""


@dataclass(frozen=True)
class Command:
    """A command as laid out on the wire."""

    name: str
    request: Layout
    reply: Layout
    cost: Cost

    def request_layout(self, release: int) -> str:
        """Return the layout of the arguments in `release`."""
        return self.request if isinstance(self.request, str) else self.request(release)

    def reply_layout(self, release: int) -> str:
        """Return the layout of the reply's arguments in `release`."""
        return self.reply if isinstance(self.reply, str) else self.reply(release)


@dataclass(frozen=True)
class Handler:
    """A command with the method of the module that answers it."""

    command: Command
    method: Callable[..., Any]

    async def __call__(self, session: Session, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the command; return the reply's values."""
        result = self.method(session, *arguments)
        if inspect.isawaitable(result):
            result = await result
        return () if result is None else tuple(result)


def command(name: str, request: Layout = "", reply: Layout = "", cost: Cost = Cost.GET) -> Callable[[Method], Method]:
    """Mark a method (plain or async) of a `Module` as the answer to the command `name`.

    A name that begins with a dot is completed by the class's own.

    It is called with the session and the unpacked arguments and returns a tuple of the reply's values (None: none).
    """

    def mark(method: Method) -> Method:
        method.__dict__["nanonis_command"] = Command(name, request, reply, cost)
        return method

    return mark


class Module:
    """A part of the controller with its own state and commands, made once per controller."""

    def __init__(self, controller: "Controller") -> None:
        self.controller = controller

    def handlers(self) -> Iterator[Handler]:
        """Return all commands of this module."""
        for attribute in dir(type(self)):
            marked = getattr(getattr(type(self), attribute), "nanonis_command", None)
            if isinstance(marked, Command):
                whole = type(self).__name__ + marked.name if marked.name.startswith(".") else marked.name
                yield Handler(replace(marked, name=whole), getattr(self, attribute))


def index_error(what: str, index: int, count: int) -> CommandError:
    """Return the error for an index that does not exist."""
    return CommandError(f"{what} index {index} is out of range (0 to {count - 1})")
