"""The log dock: lines with a filter by level and words."""

from typing import cast

from PyQt6.QtGui import QFontDatabase
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from gui.log_model import LEVELS, MOST_LINES, LogLine, LogModel
from gui.session_state import Level
from gui.widgets import choices, named


class LogView(QWidget):
    """Draws a LogModel."""

    def __init__(self, model: LogModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.level = choices("Least level shown", LEVELS, "hide lines of lower levels")
        self.words = named(QLineEdit(), "Words to look for", "show only lines that hold these words")
        self.words.setPlaceholderText("filter")
        self.words.setClearButtonEnabled(True)
        self.text = named(QPlainTextEdit(), "Log")
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._arrange()
        self.level.currentTextChanged.connect(self._filter)
        self.words.textChanged.connect(self._filter)
        model.added.connect(self._add)
        model.refiltered.connect(self.refill)
        self.refill()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        label = QLabel("from &level")
        label.setBuddy(self.level)
        for widget in (label, self.level, self.words):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(row)
        layout.addWidget(self.text)

    def _filter(self) -> None:
        self._model.filter(cast(Level, self.level.currentText()), self.words.text())

    def _add(self, line: LogLine) -> None:
        self.text.appendPlainText(str(line))

    def refill(self) -> None:
        """Show the lines that pass the filter."""
        self.text.setPlainText("\n".join(str(line) for line in self._model.lines()))
