"""The view of tables: any column over time, cycle or its own axis, as it grows; earlier spectra faint behind the latest."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.drawing import Drawing
from gui.parts import row
from gui.ramp_model import thinned
from gui.table_model import Plot, TableModel
from gui.theme import ink
from gui.widgets import badge_text, choices, named, refill

DRAW_MS = 50
"""Tables are drawn about 20 times a second, and only when something changed."""
_HINT = "no table yet: procedures that measure over time, cycle by cycle or spectra show here what they store"


class TableView(Drawing):
    """Draws a TableModel."""

    said = pyqtSignal(str)

    def __init__(self, model: TableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        named(self, "Series", "what grows while it is measured: current over time, cycles, spectra")
        self.canvas = pg.PlotWidget()
        self.canvas.setAccessibleName("Column of the table")
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas.getPlotItem().setMenuEnabled(False)
        self.behind = pg.PlotDataItem(connect="finite")
        self.curve = pg.PlotDataItem(connect="finite", symbolSize=6)
        for item in (self.behind, self.curve):
            self.canvas.addItem(item)
        self._make_choices()
        self._arrange()
        self._drawn = -1
        model.appeared.connect(self._fill)
        self.repaint_colours()
        self.timer = QTimer(self)
        self.timer.setInterval(DRAW_MS)
        self.timer.timeout.connect(self.draw)
        self.timer.start()

    def _make_choices(self) -> None:
        self.tables = choices("Table", [], "which table of the run")
        self.over = choices("Horizontal axis", [], "what the column is drawn over")
        self.column = choices("Column", [], "what is drawn")
        self.log = named(QCheckBox("log"), "Logarithmic magnitude", "the logarithm of the magnitude")
        self.tables.textActivated.connect(self.model.show)
        for box in (self.over, self.column):
            box.textActivated.connect(
                lambda _: self.model.show(self.model.shown, self.over.currentText(), self.column.currentText())
            )
        self.log.toggled.connect(self._set_log)
        self.hint = QLabel(_HINT)
        self.hint.setAccessibleName("What is drawn")
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.badge = QLabel("")
        self.badge.setAccessibleName("Simulated data")

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addLayout(
            row(
                self.badge,
                None,
                QLabel("table"),
                self.tables,
                QLabel("show"),
                self.column,
                QLabel("over"),
                self.over,
                self.log,
            )
        )
        layout.addWidget(self.hint)
        layout.addWidget(self.canvas, 1)

    # --- drawing

    def draw(self) -> None:
        """Draw what changed since the last time."""
        if not self.isVisible() or self._drawn == self.model.revision:
            return
        self._drawn = self.model.revision
        self._fill()
        plot = self.model.plot()
        self.hint.setText(_HINT if plot is None else self._about())
        self.canvas.setVisible(plot is not None)
        if plot is not None:
            self._draw_plot(plot)

    def _about(self) -> str:
        table = self.model.table
        assert table is not None
        meaning = table.begin.columns[self.model.y].meaning
        return f"{table.begin.meaning or table.begin.name}: {meaning}; {table.count} rows"

    def _draw_plot(self, plot: Plot) -> None:
        self.canvas.setLabel("bottom", plot.x.label, units=_prefixed(plot.x.unit))
        self.canvas.setLabel(
            "left", f"|{plot.y.label}|" if self.log.isChecked() else plot.y.label, units=_prefixed(plot.y.unit)
        )
        *earlier, latest = plot.curves or ((np.empty(0), np.empty(0)),)
        self.curve.setData(*self._shown(latest), symbol="o" if len(latest[0]) < 100 else None)
        gap = (np.array([np.nan]), np.array([np.nan]))
        pieces = [piece for curve in earlier for piece in (self._shown(curve), gap)]
        joined = [np.concatenate([piece[axis] for piece in pieces]) if pieces else np.empty(0) for axis in (0, 1)]
        self.behind.setData(*joined)

    def _shown(self, curve: tuple[Any, Any]) -> tuple[Any, Any]:
        x, y = curve
        return thinned(x, np.abs(y) if self.log.isChecked() else y)

    def _fill(self) -> None:
        """Offer what there is to choose from."""
        model, table = self.model, self.model.table
        _offer(self.tables, list(model.tables), model.shown)
        _offer(self.column, list(table.ys) if table else [], model.y)
        _offer(self.over, list(table.xs) if table else [], model.x)
        info = table.begin.columns[model.y] if table and model.y else None
        self.over.setEnabled(info is not None and not info.dims and info.kind != "c16")

    def _set_log(self, on: bool) -> None:
        self.canvas.setLogMode(False, on)
        self._drawn = -1

    def repaint_colours(self) -> None:
        """Draw in the colours of the present theme."""
        colours = ink()
        self.canvas.setBackground(colours.ground)
        for side in ("bottom", "left"):
            axis = self.canvas.getAxis(side)
            axis.setPen(colours.text)
            axis.setTextPen(colours.text)
        self.behind.setPen(pg.mkPen(colours.faint, width=1))
        self.curve.setPen(pg.mkPen(colours.curve, width=1))
        self.curve.setSymbolPen(None)
        self.curve.setSymbolBrush(colours.curve)

    # --- the operator

    def set_badge(self, text: str) -> None:
        """Show `text` above the curves."""
        self.badge.setText(badge_text(text))

    def data_text(self) -> str:
        """Return what is drawn as text; empty without a table."""
        return self.model.text()


def _offer(box: QComboBox, entries: list[str], chosen: str) -> None:
    if [box.itemText(index) for index in range(box.count())] != entries or box.currentText() != chosen:
        refill(box, entries, entries.index(chosen) if chosen in entries else -1)


def _prefixed(unit: str) -> str | None:
    """Return a unit that takes SI prefixes; numbers of things have none."""
    return None if unit in ("", "1") else unit
