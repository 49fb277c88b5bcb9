"""The dialog that lists every shortcut, with a field to look for one."""

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.actions import ACTIONS, MAP_KEYS
from gui.widgets import named


def entries() -> list[tuple[str, str, str]]:
    """Return (where, shortcut, what it does) of everything that has a shortcut."""
    native = QKeySequence.SequenceFormat.NativeText
    listed = [
        (
            action.menu,
            QKeySequence(action.shortcut).toString(native),
            f"{action.text}{': ' if action.tip else ''}{action.tip}",
        )
        for action in ACTIONS
        if action.shortcut
    ]
    return [*listed, *(("Map", keys, what) for keys, what in MAP_KEYS)]


class ShortcutHelp(QDialog):
    """All shortcuts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(760, 620)
        self.words = named(QLineEdit(), "Look for a shortcut")
        self.words.setPlaceholderText("look for a shortcut")
        rows = entries()
        self.table = named(QTableWidget(len(rows), 3), "Shortcuts")
        self.table.setHorizontalHeaderLabels(["where", "keys", "what it does"])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                self.table.setItem(row, column, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setStretchLastSection(True)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.words, self.table, close):
            layout.addWidget(widget)
        self.words.textChanged.connect(self._look_for)

    def _look_for(self, words: str) -> None:
        for row in range(self.table.rowCount()):
            cells = [self.table.item(row, column) for column in range(3)]
            text = " ".join(cell.text() for cell in cells if cell is not None).casefold()
            self.table.setRowHidden(row, words.casefold() not in text)
