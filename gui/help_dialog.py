"""The guide inside the app: one short page a panel, read from the package, so that it is there without a network."""

from functools import cache
from importlib.resources import files

from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QListWidget, QTextBrowser, QVBoxLayout, QWidget

from gui.widgets import named

PAGES = {
    "start": "First steps",
    "map": "Map",
    "ramp": "Ramp",
    "series": "Series",
    "prediction": "Prediction",
    "experiment": "Experiment",
    "queue": "Queue",
    "bench": "Bench",
    "runs": "Runs",
    "log": "Log",
    "stop": "STOP and safety",
}


@cache
def page_text(page: str) -> str:
    """Return a page as Markdown."""
    return (files("gui") / "help" / f"{page}.md").read_text(encoding="utf-8")


class HelpDialog(QDialog):
    """A list of pages and the page."""

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Guide")
        self.resize(860, 600)
        self.pages = named(QListWidget(), "Pages of the guide")
        self.pages.addItems(PAGES.values())
        self.pages.setMaximumWidth(190)
        self.text = named(QTextBrowser(), "Page of the guide")
        self.pages.currentRowChanged.connect(self._show)
        row = QHBoxLayout()
        row.addWidget(self.pages)
        row.addWidget(self.text, 1)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(close)
        self.pages.setCurrentRow(list(PAGES).index(page))

    def _show(self, row: int) -> None:
        self.text.setMarkdown(page_text(list(PAGES)[row]))
