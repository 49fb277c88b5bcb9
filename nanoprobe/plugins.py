"""What is installed: drivers, procedures, apps and benches, found through entry points so that the bottom never imports up."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from threading import Thread
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from nanoprobe.errors import BadInput
from nanoprobe.potentiostat import Potentiostat
from nanoprobe.recording.dialect import Dialect, Lines
from nanoprobe.roles import Probe, SourceMeter

Role = SourceMeter | Probe | Potentiostat


@dataclass(frozen=True, slots=True)
class Driver:
    """One kind of instrument. `open` connects, identifies, leaves outputs off; raises Unreachable.

    `dialect`: what its bytes mean, for recordings and replays. `free`: for an instrument with room for one client only,
    drops the client it has, so that a bench can be made safe whose app is dead; says whether it could.
    """

    name: str
    role: str
    summary: str
    options: type[BaseModel]
    open: Callable[[str, BaseModel], Role]
    dialect: Dialect = field(default_factory=Lines)
    free: Callable[[str, BaseModel], bool] = lambda resource, options: False


@cache
def find(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of `nanoprobe.<group>` by name. Looked for once: that reads a file of every package installed."""
    return MappingProxyType({entry.name: entry for entry in entry_points(group=f"nanoprobe.{group}")})


def driver(name: str) -> Driver:
    """Return the driver called `name`. Raises BadInput where there is none."""
    loaded = _entry("drivers", name, "driver").load()
    if not isinstance(loaded, Driver):
        raise BadInput(f"entry point nanoprobe.drivers '{name}' is no nanoprobe driver but {loaded!r}")
    return loaded


def dialect(name: str) -> Dialect:
    """Return the dialect of the driver called `name`; plain lines where there is no such driver."""
    return driver(name).dialect if name in find("drivers") else Lines()


def procedure(name: str) -> Any:
    """Return the procedure class called `name` (kebab case). Raises BadInput where there is none."""
    return _entry("procedures", name, "procedure").load()


def app(name: str) -> Callable[..., Any]:
    """Return the program called `name`. Raises BadInput where there is none."""
    loaded: Callable[..., Any] = _entry("apps", name, "app").load()
    return loaded


def bench_starter(name: str) -> Callable[..., Any]:
    """Return what starts the named bench. Raises BadInput where there is none."""
    loaded: Callable[..., Any] = _entry("benches", name, "bench").load()
    return loaded


def load_meanwhile(*groups: str) -> None:
    """Load all that is installed in `groups` in a thread of its own, while something else has to be waited for."""

    def load() -> None:
        for group in groups:
            for entry in find(group).values():
                with suppress(Exception):  # whatever cannot be loaded says so to who wants it
                    entry.load()

    Thread(target=load, name="loading what is installed", daemon=True).start()


def _entry(group: str, name: str, noun: str) -> EntryPoint:
    known = find(group)
    if name not in known:
        raise BadInput(f"no {noun} is called '{name}'; {suggest(name, known)}")
    return known[name]


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" or the whole list."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(names) or 'none'}"
