"""The list of runs as a table that can be sorted and filtered."""

from pathlib import Path
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt

from gui.parts import state_text
from gui.run_index import RunEntry

COLUMNS = ("run", "status", "measured", "sample", "procedure", "started")
_NOWHERE = QModelIndex()


class RunTable(QAbstractTableModel):
    """Rows of `RunEntry`; a refresh that changes no row count keeps the selection."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[RunEntry, ...] = ()

    def set_entries(self, entries: tuple[RunEntry, ...]) -> None:
        """Show these."""
        if [entry.path for entry in entries] == [entry.path for entry in self.entries]:
            self._replace_changed(entries)
            return
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def _replace_changed(self, entries: tuple[RunEntry, ...]) -> None:
        before, self.entries = self.entries, entries
        for line, (old, new) in enumerate(zip(before, entries, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(line, 0), self.index(line, len(COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        """See Qt."""
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        """See Qt."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """See Qt."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See Qt."""
        entry = self.entries[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _cells(entry)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.problem or str(entry.path)
        if role == Qt.ItemDataRole.UserRole:
            return entry.path
        return None


def _cells(entry: RunEntry) -> tuple[str, ...]:
    mark = " (simulated)" if entry.simulated else ""
    status = state_text(entry.status) + (": written by another process" if entry.live else "")
    measured = entry.problem or entry.size
    return (
        entry.path.stem,
        status,
        measured,
        (entry.sample + mark).strip(),
        entry.procedure,
        entry.started[:16].replace("T", " "),
    )


class FilteredRuns(QSortFilterProxyModel):
    """Rows whose any cell holds the words typed."""

    def __init__(self, table: RunTable) -> None:
        super().__init__()
        self.setSourceModel(table)
        self.setFilterKeyColumn(-1)
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)

    def path(self, index: QModelIndex) -> Path:
        """Return the run of a row."""
        found: Path = self.data(index, Qt.ItemDataRole.UserRole)
        return found

    def rows_of(self, paths: tuple[Path, ...]) -> list[QModelIndex]:
        """Return the shown rows of these runs."""
        rows = [self.index(line, 0) for line in range(self.rowCount())]
        return [row for row in rows if self.path(row) in paths]
