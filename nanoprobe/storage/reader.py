"""A run opened for reading: never written to, whether it is live, crashed or sealed."""

import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.records import PointState
from nanoprobe.storage.attrs import end_attrs, header_of, root_attrs
from nanoprobe.storage.disk import reason, refuse_links
from nanoprobe.storage.foreign import refuse_monsters
from nanoprobe.storage.header import RunHeader
from nanoprobe.storage.layout import SCHEMA
from nanoprobe.storage.ledger import Ledger
from nanoprobe.storage.lock import is_locked
from nanoprobe.storage.places import JOURNAL, LOCK
from nanoprobe.storage.scan import JournalReader

if TYPE_CHECKING:
    import xarray as xr

    from nanoprobe.storage.groups import Groups


class Run:
    """One run, as it was when it was opened. Arrays are read when asked for. Close it, or use it as a context manager.

    `points`, `ramps`, `frames`, `tables`, `checks`, `events`: xarray datasets of layout "nanoprobe-run/1", SI units in `units`;
    without rows where the run has none. `status`: running, finished, aborted, failed or interrupted. `attrs`: the
    attributes of the root group. `path`: where it is. `sealed`: whether it is plain Zarr.
    """

    def __init__(self, path: Path, attrs: Mapping[str, Any], journal: JournalReader | None) -> None:
        self.path = path
        self._journal = journal
        self._ledger = Ledger() if journal is None else journal.scan().ledger
        live = journal is not None and is_locked(path / LOCK)
        if not live:
            self._ledger.settle()
        self.attrs: Mapping[str, Any] = dict(attrs) if journal is None else _live_attrs(self._ledger, live)
        self.header: RunHeader = header_of(self.attrs)
        self.status: str = str(self.attrs["status"])
        self.sealed = journal is None

    @property
    def address(self) -> str:
        """Where `open_run` finds it again."""
        return str(self.path)

    @property
    def simulated(self) -> bool:
        """Whether the run was made on a simulated bench."""
        return self.header.simulated

    @cached_property
    def _groups(self) -> "Groups":
        # Here, since xarray takes half a second to load, which a window or a guard that starts does not have.
        from nanoprobe.storage.groups import JournalGroups, SealedGroups

        return SealedGroups(self.path) if self._journal is None else JournalGroups(self._ledger, self._journal)

    @cached_property
    def points(self) -> "xr.Dataset":
        """Group `points`, dim `point`."""
        return self._groups.group("points")

    @cached_property
    def ramps(self) -> "xr.Dataset":
        """Group `ramps`, dims `point`, `sample`."""
        return self._groups.group("ramps")

    @cached_property
    def frames(self) -> "list[xr.Dataset]":
        """Groups `frames/0`, `frames/1`…, dims `direction`, `y`, `x`."""
        return self._groups.frames()

    @cached_property
    def tables(self) -> "Mapping[str, xr.Dataset]":
        """Tables of unplanned length by name, segments behind one another; empty where the run has none."""
        return self._groups.tables()

    @cached_property
    def checks(self) -> "xr.Dataset":
        """Group `checks`, dim `check`."""
        return self._groups.group("checks")

    @cached_property
    def events(self) -> "xr.Dataset":
        """Group `events`, dim `event`: the log (`time` UTC, `text`)."""
        return self._groups.group("events")

    @property
    def notes(self) -> list[str]:
        """The texts of the log in order."""
        return [str(text) for text in self.events["text"].values]

    @property
    def points_planned(self) -> int:
        """Number of points of the run's layout; 0 where it has none yet."""
        return int(self.points.sizes["point"])

    @property
    def points_committed(self) -> int:
        """Number of points whose ramp is stored whole, or whose failure is."""
        return int(np.isin(self.points["state"].values, [PointState.DONE, PointState.FAILED]).sum())

    @property
    def lines_committed(self) -> int:
        """Number of stored image lines, all frames."""
        return sum(int((frame["line_state"] > 0).sum()) for frame in self.frames)

    def close(self) -> None:
        """Close files; a second call does nothing."""
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_run(path: str | Path) -> Run:
    """Open the run at `path`; nothing is written and no code of it is run.

    An address ("s3://bucket/run.zarr", as fsspec knows them) opens a finished run in object storage; its arrays are read when
    asked for. Raises BadInput when it is no run, StorageError when it is damaged (the text says where).
    """
    if "://" in str(path):
        from nanoprobe.storage.remote import open_remote  # here, since few runs lie elsewhere

        return open_remote(str(path))
    place = Path(os.path.abspath(path))
    try:
        attrs = _attributes(place)
        refuse_links(place)
        if attrs.get("sealed") is not True:
            if (place / JOURNAL).exists():
                return _with_journal(place, attrs)
            attrs = _attributes(place)  # sealed between the two looks, or the journal is lost
            if attrs.get("sealed") is not True:
                raise StorageError(f"{place} lacks its journal ({JOURNAL}); read its arrays with xarray as they are")
        refuse_monsters(place)
        return Run(place, attrs, None)
    except OSError as error:
        raise StorageError(f"{place} could not be read: {reason(error)}") from error


def _with_journal(path: Path, attrs: Mapping[str, Any]) -> Run:
    journal = JournalReader(path / JOURNAL)
    try:
        return Run(path, attrs, journal)
    except BaseException:
        journal.close()
        raise


def _attributes(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise BadInput(f"{path} does not exist")
    try:
        attrs = json.loads((path / "zarr.json").read_bytes())["attributes"]
        schema = attrs.get("schema")
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(f"{path} is no run: a run is a folder with Zarr metadata of layout {SCHEMA}") from None
    if schema != SCHEMA:
        raise BadInput(f"{path} is no run this version can read: its layout is {schema!r}, known is {SCHEMA!r}")
    return dict(attrs)


def _live_attrs(ledger: Ledger, live: bool) -> dict[str, Any]:
    assert ledger.header is not None, "a scan without a header is refused"
    attrs = root_attrs(ledger.header)
    if ledger.finished is not None:
        return {**attrs, **end_attrs(ledger.finished, ledger.finished_at)}
    return attrs if live else {**attrs, "status": "interrupted"}
