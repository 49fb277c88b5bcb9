"""A prediction as it is drawn: the predicted map under the measured points, and measured against predicted voltages."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from gui.colour_scales import find_limits
from gui.desk import SIMULATED
from gui.map_canvas import label_in_metres, pixel_transform, view_rect
from gui.map_layers import PointLayer, ScaleBar
from gui.map_points import MapPoints
from gui.prediction_loading import ShownPrediction
from gui.theme import Ink, ink
from gui.widgets import badge_text

COLOURS, MEASURED = "viridis", "plasma"
_LOW, _HIGH = 1.0, 99.0
"""Percentiles at the ends of the map's colours."""


class PredictionCanvas(pg.GraphicsLayoutWidget):
    """Draws what it is given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Predicted map and measured triggers")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.headline = pg.LabelItem(justify="left")
        self.addItem(self.headline, row=0, col=0, colspan=2)
        self.box = pg.ViewBox(lockAspect=True, enableMenu=False)
        self.map = self.addPlot(row=1, col=0, colspan=2, viewBox=self.box)
        label_in_metres(self.map)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.image.setColorMap(pg.colormap.get(COLOURS))
        self.map.addItem(self.image)
        self.points = PointLayer(self.map)
        self.scale_bar = ScaleBar(self.box)
        self.bars = [self._bar(COLOURS, "predicted", 0), self._bar(MEASURED, "measured |trigger|", 1)]
        self._make_scatter()
        self._shown: ShownPrediction | None = None
        for row, share in ((1, 3), (3, 2)):
            self.ci.layout.setRowStretchFactor(row, share)
        self.paint(ink())

    def _bar(self, colours: str, label: str, column: int) -> pg.ColorBarItem:
        bar = pg.ColorBarItem(
            interactive=False, width=10, colorMap=colours, colorMapMenu=False, orientation="horizontal"
        )
        bar.axis.setLabel(label, units="V")
        self.addItem(bar, row=2, col=column)
        return bar

    def _make_scatter(self) -> None:
        self.scatter = self.addPlot(row=3, col=0, colspan=2, enableMenu=False)
        self.scatter.setLabel("bottom", "predicted", units="V")
        self.scatter.setLabel("left", "measured |trigger|", units="V")
        self.triggered = pg.ScatterPlotItem(size=8, symbol="o", pen=None)
        self.censored = pg.ScatterPlotItem(size=9, symbol="d", brush=None)
        for item in (self.triggered, self.censored):
            self.scatter.addItem(item)

    def set_prediction(self, shown: ShownPrediction) -> None:
        """Draw this one."""
        self._shown = shown
        self.headline.setText(badge_text(SIMULATED if shown.simulated else ""), color=ink().text)
        limits = find_limits(shown.voltage, _LOW, _HIGH)
        self.image.setImage(shown.voltage, levels=(limits.low, limits.high))
        lines, pixels = shown.voltage.shape
        self.image.setTransform(pixel_transform(shown.frame, (lines, pixels)))
        self.box.setRange(view_rect(shown.frame), padding=0.03)
        self.bars[0].setLevels(values=(limits.low, limits.high))
        self._draw_points(shown.points)
        self._draw_scatter(shown)

    def _draw_points(self, points: MapPoints) -> None:
        self.points.draw(points, (), False, None, ink(), "#FFFFFF")
        self.bars[1].setVisible(self.points.limits is not None)
        if self.points.limits is not None:
            self.bars[1].setLevels(values=self.points.limits)

    def _draw_scatter(self, shown: ShownPrediction) -> None:
        self.scatter.setVisible(len(shown.points) > 0)
        measured = np.abs(shown.points.voltage)
        for item, case in ((self.triggered, "triggered"), (self.censored, "censored")):
            mask = shown.points.mask(case)
            item.setData(shown.predicted[mask], measured[mask])
        self.scatter.setTitle(f"rank correlation {shown.rho}" if shown.rho else None, color=ink().text, size="9pt")

    def paint(self, colours: Ink) -> None:
        """Take the colours of the present theme."""
        self.setBackground(colours.ground)
        sides = [plot.getAxis(side) for plot in (self.map, self.scatter) for side in ("bottom", "left")]
        for axis in (*sides, *(bar.axis for bar in self.bars)):
            axis.setPen(colours.text)
            axis.setTextPen(colours.text)
        self.triggered.setBrush(pg.mkBrush(colours.curve))
        self.censored.setPen(pg.mkPen(colours.accent, width=1.5))
        if self._shown is not None:
            self.set_prediction(self._shown)
