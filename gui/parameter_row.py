"""One parameter of the form: label, editor, way back to the default, and what is wrong right below the editor."""

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

from gui.experiments import shown_range, tooltip
from gui.parts import Problem, small, tool
from gui.widgets import named
from nanoprobe.parameters import ParameterInfo

MOST_TYPED = 30_000
"""Characters a field holds; a longer list of places is shown by its length and cannot be typed over."""


class ParameterRow(QObject):
    """Emits `edited(name, value)` at every change and `finished` when the operator leaves the field."""

    edited = pyqtSignal(str, object)
    finished = pyqtSignal()

    def __init__(self, info: ParameterInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.info = info
        self.label = QLabel(info.label)
        self.reset = tool("↺", f"{info.label} to default", f"back to {info.shown_default() or 'nothing'}", self._reset)
        self.range = small(QLabel(shown_range(info) if not info.choices else ""))
        self.problem = Problem(f"{info.label}: what is wrong")
        self.editor: QWidget = self._editor()
        self.label.setBuddy(self.editor)
        for widget in (self.label, self.editor):
            named(widget, info.label, tooltip(info))
        self._typing = False

    def add_to(self, grid: QGridLayout) -> None:
        """Take the next lines of `grid`: label, editor, range, reset; below them what is wrong."""
        line = grid.rowCount()
        for column, widget in enumerate((self.label, self.editor, self.range, self.reset)):
            grid.addWidget(widget, line, column)
        grid.addWidget(self.problem, line + 1, 1, 1, 3)

    def _editor(self) -> QWidget:
        info = self.info
        if isinstance(info.default, bool):
            box = QCheckBox()
            box.clicked.connect(self._chosen)
            return box
        if info.choices:
            combo = QComboBox()
            combo.addItems(info.choices)
            combo.textActivated.connect(self._chosen)
            return combo
        line = QLineEdit()
        line.setMaxLength(10 * MOST_TYPED)
        line.setPlaceholderText("empty")
        line.textEdited.connect(self._typed)
        line.editingFinished.connect(self._left)
        return line

    def _chosen(self, value: Any) -> None:
        self.edited.emit(self.info.name, value)
        self.finished.emit()

    def _typed(self, text: str) -> None:
        self._typing = True
        self.edited.emit(self.info.name, text)

    def _left(self) -> None:
        self._typing = False
        self.finished.emit()

    def _reset(self) -> None:
        self._typing = False
        self._chosen(None)

    # --- from the model

    def set_value(self, value: Any, text: str, is_default: bool) -> None:
        """Show what the model holds; a field that is being typed into is left alone."""
        self.reset.setEnabled(not is_default)
        font = self.label.font()
        font.setBold(not is_default)
        self.label.setFont(font)
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(value is True or str(value).lower() == "true")
        elif isinstance(self.editor, QComboBox):
            self.editor.setCurrentText(text)
        elif isinstance(self.editor, QLineEdit) and not self._typing:
            self._set_line(self.editor, value, text)

    def _set_line(self, line: QLineEdit, value: Any, text: str) -> None:
        too_long = len(text) > MOST_TYPED
        line.setReadOnly(too_long)
        text = f"{len(value)} places" if too_long and isinstance(value, list) else text
        if line.text() != text:
            line.setText(text)
            line.setCursorPosition(0)

    def set_problem(self, text: str) -> None:
        """Say what is wrong, nothing when empty."""
        self.problem.set_text(text)
        self.editor.setAccessibleDescription(text or tooltip(self.info))
