"""Configuration lists: settings of source or meter kept by index, and where each list stands."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from sim_instruments.scpi import ScpiError

State = TypeVar("State")


class ConfigList(Generic[State]):
    """One configuration list. Indexes count from 1."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[State] = []
        self.index = 0
        """The index recalled last, 0 before any."""

    def at(self, index: int) -> State:
        """Return the entry at `index`, and stand there."""
        if not 1 <= index <= len(self.entries):
            raise ScpiError(-222, f"Index {index} is not in configuration list {self.name}")
        self.index = index
        return self.entries[index - 1]

    def next(self) -> State:
        """Return the next entry; after the last comes the first."""
        index = self.index
        self.index = index = index + 1 if index < len(self.entries) else 1
        return self.entries[index - 1]

    def previous(self) -> State:
        """Return the entry before; before the first comes the last."""
        self.index = self.index - 1 if self.index > 1 else len(self.entries)
        return self.entries[self.index - 1]

    def store(self, state: State, index: int | None) -> None:
        """Keep settings at `index`, at the end when there is none."""
        if index is None or index == len(self.entries) + 1:
            self.entries.append(state)
        elif 1 <= index <= len(self.entries):
            self.entries[index - 1] = state
        else:
            raise ScpiError(-222)


class ConfigLists(Generic[State]):
    """All configuration lists of one kind."""

    def __init__(self) -> None:
        self._lists: dict[str, ConfigList[State]] = {}
        self._catalogue = 0

    def reset(self) -> None:
        """Delete all lists."""
        self._lists.clear()

    def __contains__(self, name: str) -> bool:
        return name in self._lists

    def __iter__(self) -> Iterator[ConfigList[State]]:
        return iter(self._lists.values())

    def create(self, name: str) -> None:
        """Make an empty list."""
        if name in self._lists:
            raise ScpiError(-224, f"Configuration list {name} exists already")
        self.replace(name, [])

    def replace(self, name: str, entries: list[State]) -> None:
        """Make a list of `entries`, whatever it held before."""
        fresh: ConfigList[State] = ConfigList(name)
        fresh.entries = entries
        self._lists[name] = fresh

    def named(self, name: str) -> ConfigList[State]:
        """Return a list by its name."""
        if name not in self._lists:
            raise ScpiError(-224, f"No configuration list {name}")
        return self._lists[name]

    def delete(self, name: str, index: int | None) -> None:
        """Delete a list, or one entry of it."""
        found = self.named(name)
        if index is None:
            del self._lists[name]
            return
        found.at(index)
        del found.entries[index - 1]

    def catalogue(self) -> str:
        """Return one list's name a call, then an empty name, as the instrument does."""
        names = [*self._lists, ""]
        name = names[self._catalogue % len(names)]
        self._catalogue = (self._catalogue + 1) % len(names)
        return name
