"""Small parts the panels share: named buttons, texts that warn, symbols for states. Every part has its accessible name."""

from collections.abc import Callable, Mapping

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QColor, QFont, QPalette
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from gui import theme
from gui.widgets import named

STATE_SYMBOLS: Mapping[str, str] = {
    "waiting": "…",
    "running": "▶",
    "finished": "✔",
    "aborted": "■",
    "failed": "✖",
    "refused": "✖",
    "interrupted": "◐",
    "unreadable": "?",
}
"""A shape for each state, so that none is told by colour alone."""


def state_text(state: str) -> str:
    """Return a state with its symbol."""
    symbol = STATE_SYMBOLS.get(state, "")
    return f"{symbol} {state}".strip()


def button(text: str, tip: str, do: Callable[[], object]) -> QPushButton:
    """Return a button. No mnemonics: panels share one window, where the same letter would stand for several."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    made.clicked.connect(lambda: do())
    named(made, text.rstrip("…"), tip)
    return made


def tool(text: str, name: str, tip: str, do: Callable[[], object]) -> QToolButton:
    """Return a small button that shows a symbol."""
    made = QToolButton()
    made.setText(text)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.clicked.connect(lambda: do())
    named(made, name, tip)
    return made


def action(parent: QWidget, text: str, tip: str, do: Callable[[], object]) -> QAction:
    """Return a menu entry."""
    made = QAction(text, parent)
    made.setToolTip(tip)
    made.setStatusTip(tip)
    made.triggered.connect(lambda: do())
    return made


class Words(QLabel):
    """A line or more of text that wraps and can be selected with mouse and keyboard."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        policy = self.sizePolicy()  # it knows that wrapped text is higher where it is narrower
        policy.setHorizontalPolicy(QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setAccessibleName(name)


class Problem(Words):
    """Words that say what is wrong; not there while nothing is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.set_text("")

    def set_text(self, text: str) -> None:
        """Show `text`, or nothing when it is empty."""
        shown = f"⚠ {text}" if text else ""
        self.setVisible(bool(text))
        if shown == self.text():
            return
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(theme.ink().accent))
        self.setPalette(palette)
        self.setText(shown)


class Badge(QLabel):
    """A short word nobody may overlook, like SIMULATED."""

    def __init__(self, text: str, tip: str) -> None:
        super().__init__(text)
        font = QFont(self.font())
        font.setBold(True)
        self.setFont(font)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMargin(3)
        self.setAutoFillBackground(True)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, Qt.GlobalColor.black)
        palette.setColor(QPalette.ColorRole.WindowText, Qt.GlobalColor.yellow)
        self.setPalette(palette)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        named(self, text, tip)


def row(*widgets: QWidget | None) -> QHBoxLayout:
    """Return widgets side by side; None takes the room that is left."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)
    return layout


def small(label: QLabel) -> QLabel:
    """Return `label` a little smaller, for what explains something beside it."""
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * 0.85)
    label.setFont(font)
    return label


def bold(label: QLabel, larger: int = 0) -> QLabel:
    """Return `label` in bold, `larger` points larger."""
    font = QFont(label.font())
    font.setBold(True)
    font.setPointSize(font.pointSize() + larger)
    label.setFont(font)
    return label
