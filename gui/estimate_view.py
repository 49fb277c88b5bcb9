"""What a plan will do before it does anything, or why it cannot: rows of label and value."""

from PyQt6.QtWidgets import QGridLayout, QGroupBox, QLabel, QVBoxLayout

from gui.parts import Problem, Words, bold
from gui.widgets import named
from nanoprobe.outlook import Outlook


class EstimateView(QGroupBox):
    """Shows an Outlook."""

    def __init__(self) -> None:
        super().__init__("What this plan will do")
        named(
            self, "What this plan will do", "worked out from the plan and the limits of the open bench; nothing moves"
        )
        self.problem = Problem("Why the plan cannot start")
        self.hint = Words("About the estimate")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel]] = []
        layout = QVBoxLayout(self)
        layout.addWidget(self.problem)
        layout.addWidget(self.hint)
        layout.addLayout(self._grid)

    def set_outlook(self, outlook: Outlook | None, problem: str, hint: str) -> None:
        """Show `outlook`; without one, `problem` or `hint` says why."""
        self.problem.set_text(problem)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        rows = [] if outlook is None else outlook.rows()
        for index, (label, value) in enumerate(rows):
            name, number = self._row(index)
            name.setText(label)
            number.setText(value)
            named(number, f"{label}: {value}")
        for index, pair in enumerate(self._rows):
            for widget in pair:
                widget.setVisible(index < len(rows))

    def _row(self, index: int) -> tuple[QLabel, QLabel]:
        while len(self._rows) <= index:
            pair = (QLabel(), bold(Words("value")))
            for column, widget in enumerate(pair):
                self._grid.addWidget(widget, len(self._rows), column)
            self._rows.append(pair)
        return self._rows[index]

    def texts(self) -> list[tuple[str, str]]:
        """Return what is shown (for tests and for copying)."""
        return [(name.text(), value.text()) for name, value in self._rows if not name.isHidden()]
