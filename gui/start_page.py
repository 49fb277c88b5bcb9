"""What stands where the map will be as long as there is nothing to show: one click to the demo, or a bench file."""

from PyQt6.QtCore import Qt, pyqtBoundSignal, pyqtSignal
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.parts import bold
from gui.session_state import Phase, SessionState
from gui.widgets import named

_TEXTS = {
    Phase.CLOSED: "Scan the surface, pick the spots, ramp the bias, watch it trigger.",
    Phase.OPENING: "Opening {where} …",
    Phase.OPEN: "{name} is open. Add an experiment to the queue (Ctrl+Return), or open a run (Ctrl+Shift+O).",
    Phase.CLOSING: "Making the bench safe …",
    Phase.FAILED: "{where} could not be opened: {error}",
}


_STEPS = (
    ("Open a bench", "the demo is a simulated lab; your own is described by a TOML file"),
    ("Scan", "choose current-map on the left, add it to the queue"),
    ("Pick", "click spots on the map, or drag a frame with a grid (Ctrl+2, Ctrl+4)"),
    ("Ramp", "choose trigger-map: the picks are its points; add it to the queue"),
    ("Look", "click a point to see its ramp; the tab Runs has reports and exports"),
)


class StartPage(QWidget):
    """`demo_wanted`, `file_wanted`, `map_wanted`."""

    demo_wanted = pyqtSignal()
    file_wanted = pyqtSignal()
    map_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel("nanoprobe")
        font = QFont(title.font())
        font.setPointSize(30)
        font.setBold(True)
        title.setFont(font)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setAccessibleName("What to do first")
        self.demo = self._button("&Start the demo bench", "a simulated lab on this machine (Ctrl+D)", self.demo_wanted)
        self.file = self._button("&Open a bench file…", "the bench a TOML file describes (Ctrl+O)", self.file_wanted)
        self.map = self._button("Go to the &map", "the map of the open bench", self.map_wanted)
        row = QHBoxLayout()
        for button in (self.demo, self.file, self.map):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.addStretch(2)
        for label in (title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addSpacing(18)
        column.addLayout(row)
        column.addSpacing(30)
        column.addLayout(_steps())
        column.addStretch(4)
        row.insertStretch(0, 1)
        row.addStretch(1)
        self.show_state(SessionState())

    def _button(self, text: str, tip: str, wanted: pyqtBoundSignal) -> QPushButton:
        button = named(QPushButton(text), text.replace("&", ""), tip)
        button.setMinimumHeight(44)
        button.setMinimumWidth(150)
        button.clicked.connect(wanted)
        return button

    def show_state(self, state: SessionState) -> None:
        """Say how far the bench is."""
        self.text.setText(_TEXTS[state.phase].format(where=state.where, name=state.name, error=state.error))
        waiting = state.phase in (Phase.OPENING, Phase.CLOSING)
        self.demo.setEnabled(not waiting)
        self.file.setEnabled(not waiting)
        self.map.setVisible(state.phase is Phase.OPEN)


def _steps() -> QHBoxLayout:
    """Return the way through the app, as a numbered list in the middle."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(8)
    for line, (step, how) in enumerate(_STEPS):
        grid.addWidget(bold(QLabel(f"{line + 1}")), line, 0)
        grid.addWidget(bold(QLabel(step)), line, 1)
        grid.addWidget(_wrapped(how), line, 2)
    middle = QHBoxLayout()
    middle.addStretch(1)
    middle.addLayout(grid)
    middle.addStretch(1)
    return middle


def _wrapped(text: str) -> QLabel:
    """Return a label that takes two lines where the window is narrow."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(text) * 2 // 3)
    return label
