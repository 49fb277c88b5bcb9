"""The groups of a run as xarray datasets: from its journal, from its sealed arrays, or from object storage."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import xarray as xr

from nanoprobe.errors import StorageError
from nanoprobe.storage import overlay
from nanoprobe.storage.ledger import Ledger
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.table_reading import journal_table, sealed_tables, tables_in


class Groups(Protocol):
    """Where a run's datasets come from."""

    def group(self, name: str) -> xr.Dataset:
        """Return group `points`, `ramps`, `checks` or `events`, without rows where the run has none."""

    def frames(self) -> list[xr.Dataset]:
        """Return groups `frames/0`, `frames/1`…"""

    def tables(self) -> Mapping[str, xr.Dataset]:
        """Return the tables by name."""


class JournalGroups:
    """Of a run that is not sealed yet: what its arrays will say once they have caught up."""

    def __init__(self, ledger: Ledger, journal: JournalReader | None) -> None:
        self._ledger, self._journal = ledger, journal

    def group(self, name: str) -> xr.Dataset:
        """See Groups."""
        return _FROM_JOURNAL[name](self._ledger, self._journal)

    def frames(self) -> list[xr.Dataset]:
        """See Groups."""
        return [overlay.frame_dataset(entry, self._reader) for entry in self._ledger.frames]

    def tables(self) -> Mapping[str, xr.Dataset]:
        """See Groups."""
        return {name: journal_table(entry, self._reader) for name, entry in self._ledger.tables.items()}

    @property
    def _reader(self) -> JournalReader:
        assert self._journal is not None, "a run without a journal has neither frames nor tables in it"
        return self._journal


class SealedGroups:
    """Of a sealed run in a folder. Raises StorageError for a group that cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path, self._place = path, str(path)

    def group(self, name: str) -> xr.Dataset:
        """See Groups."""
        if not self._has(name):
            return JournalGroups(Ledger(), None).group(name)
        try:
            found: xr.Dataset = xr.open_zarr(self._place, group=name, consolidated=True, chunks=None)
        except Exception as error:  # Zarr and xarray raise whatever they like over metadata that is not ours
            raise StorageError(
                f"group {name} of {self._place} cannot be opened ({type(error).__name__}: {error})"
            ) from error
        return found

    def frames(self) -> list[xr.Dataset]:
        """See Groups."""
        found: list[xr.Dataset] = []
        while self._has(name := f"frames/{len(found)}"):
            found.append(self.group(name))
        return found

    def tables(self) -> Mapping[str, xr.Dataset]:
        """See Groups."""
        return sealed_tables(self._path)

    def _has(self, name: str) -> bool:
        return (self._path / name / "zarr.json").exists()


class RemoteGroups(SealedGroups):
    """Of a finished run in object storage: chunks as they are asked for."""

    def __init__(self, address: str, names: frozenset[str]) -> None:
        self._place, self._names = address, names

    def tables(self) -> Mapping[str, xr.Dataset]:
        """See Groups."""
        return tables_in(self._names, self._place)

    def _has(self, name: str) -> bool:
        return name in self._names


_FROM_JOURNAL: Mapping[str, Callable[[Ledger, JournalReader | None], xr.Dataset]] = {
    "points": lambda ledger, _: overlay.points_dataset(ledger),
    "ramps": overlay.ramps_dataset,
    "checks": lambda ledger, _: overlay.checks_dataset(ledger),
    "events": lambda ledger, _: overlay.events_dataset(ledger),
}
