"""What lies over the image: points by verdict, picks, the path to come, the tip. Shapes tell them apart, not colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, Qt

from gui.map_points import MapPoints
from gui.picks import PickSet
from gui.theme import Ink
from nanoprobe.roles import Array

UM = 1e6
"""View units per metre: the map is drawn in µm, since Qt's transforms lose numbers as small as metres of a nanoscale map."""
_ROOM = 0.2
"""Room around points (view units), so that marks at the edge, or the only one, are whole."""
VOLTAGE_COLOURS = "plasma"
SHADES = 128
"""Colours a voltage may have: points share them, since pyqtgraph draws each look that is an object of its own anew."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How points of one case are drawn; `filled` by the colour of their voltage."""

    symbol: str
    size: int
    filled: bool
    meaning: str


SHAPES = {
    "planned": Shape("o", 6, False, "small circle: planned"),
    "begun": Shape("+", 16, False, "plus: ramping now"),
    "triggered": Shape("o", 13, True, "filled circle: triggered"),
    "censored": Shape("d", 13, False, "open diamond: no trigger"),
    "failed": Shape("x", 12, False, "cross: failed"),
    "interrupted": Shape("t", 12, False, "open triangle: interrupted"),
}


OVERLAY_SYMBOLS = (("t1", "▲"), ("s", "■"), ("p", "⬟"), ("h", "⬢"))
"""How points of other runs are drawn: pyqtgraph's name, and the same shape in a text."""


class Marks(pg.ScatterPlotItem):
    """Marks that let clicks through to the map, which knows what the tool does with them; hidden while there are none,
    since an empty layer costs as much at every repaint as a full one."""

    def put(self, places: Array, **looks: Any) -> None:
        """Draw marks at `places` (view units, shape (n, 2)); further keywords as pyqtgraph's."""
        self.setVisible(len(places) > 0)
        self.setData(pos=places, **looks)

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Leave the click to the map."""
        event.ignore()


class PointLayer:
    """The points of a run."""

    def __init__(self, plot: pg.PlotItem) -> None:
        colours = pg.colormap.get(VOLTAGE_COLOURS).getLookupTable(nPts=SHADES, mode="qcolor")
        self._fills = np.array([pg.mkBrush(colour) for colour in colours])
        self._edges = np.array([pg.mkPen(colour, width=2.5) for colour in colours])
        self._items = {
            case: Marks(size=shape.size, symbol=shape.symbol, pxMode=True, name=shape.meaning)
            for case, shape in SHAPES.items()
        }
        self._plot = plot
        self._overlays: list[tuple[Marks, Marks]] = []
        self._chosen = Marks(size=22, symbol="s", pxMode=True, brush=None)
        for item in (*self._items.values(), self._chosen):
            item.setZValue(20)
            item.setVisible(False)
            plot.addItem(item)
        self.limits: tuple[float, float] | None = None

    def draw(
        self,
        points: MapPoints,
        overlays: Sequence[MapPoints],
        without_drift: bool,
        chosen: int | None,
        ink: Ink,
        edge: str,
    ) -> None:
        """Draw `points`, `chosen` with a square around it, those of other runs in shapes of their own; `edge`: colour of
        points without a voltage, which shows on what lies below."""
        places = points.places(without_drift) * UM
        self.limits = _voltage_limits(points, *overlays)
        for case, shape in SHAPES.items():
            self._draw_case(points, case, shape, places, ink.accent if case in ("begun", "failed") else edge)
        self._draw_overlays(overlays, without_drift)
        here = places[[chosen]] if chosen is not None and chosen < len(places) else np.empty((0, 2))
        self._chosen.put(here, pen=pg.mkPen(ink.accent, width=2))

    def _draw_case(self, points: MapPoints, case: str, shape: Shape, places: Array, edge: str) -> None:
        mask = points.mask(case)
        if case in ("triggered", "censored") and self.limits is not None:
            shade = _shades(points.voltage[mask], self.limits)
            looks = {"brush": self._fills[shade]} if shape.filled else {"pen": self._edges[shade]}
            self._items[case].put(places[mask], **(_OPEN | looks))
            return
        self._items[case].put(places[mask], **(_OPEN | {"pen": pg.mkPen(edge, width=2)}))

    def _draw_overlays(self, overlays: Sequence[MapPoints], without_drift: bool) -> None:
        while len(self._overlays) < len(overlays):
            symbol = OVERLAY_SYMBOLS[len(self._overlays) % len(OVERLAY_SYMBOLS)][0]
            pair = Marks(size=13, symbol=symbol, pxMode=True), Marks(size=13, symbol=symbol, pxMode=True)
            for item in pair:
                item.setZValue(19)
                self._plot.addItem(item)
            self._overlays.append(pair)
        for index, (filled, opened) in enumerate(self._overlays):
            points = overlays[index] if index < len(overlays) else MapPoints()
            for item, case in ((filled, "triggered"), (opened, "censored")):
                mask = points.mask(case)
                shade = _shades(points.voltage[mask], self.limits or (0.0, 1.0))
                looks = {"brush": self._fills[shade]} if item is filled else {"pen": self._edges[shade]}
                item.put(points.places(without_drift)[mask] * UM, **(_OPEN | looks))


_OPEN = {"brush": pg.mkBrush(None), "pen": pg.mkPen("#FFFFFF", width=1.5)}


def _shades(voltage: Array, limits: tuple[float, float]) -> NDArray[np.intp]:
    low, high = limits
    share = np.clip((np.abs(voltage) - low) / (high - low), 0, 1)
    return (np.nan_to_num(share) * (SHADES - 1)).astype(np.intp)


def points_rect(places: Array) -> QRectF:
    """Return the rectangle around places (m, shape (n, 2)), some room around them, in view units; null without any."""
    if not len(places):
        return QRectF()
    low, high = (places * UM).min(axis=0) - _ROOM, (places * UM).max(axis=0) + _ROOM
    return QRectF(low[0], low[1], high[0] - low[0], high[1] - low[1])


def _voltage_limits(*runs: MapPoints) -> tuple[float, float] | None:
    every = np.concatenate([points.voltage for points in runs])
    seen = np.abs(every[np.isfinite(every)])
    if not len(seen):
        return None
    low, high = float(seen.min()), float(seen.max())
    return (low, high) if high > low else (low - 0.05, high + 0.05)


class PickLayer:
    """Picked points, numbered nodes of a grid, and the path of a plan."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._points = Marks(size=12, symbol="star", pxMode=True)
        self._nodes = Marks(size=5, symbol="o", pxMode=True)
        self._path = pg.PlotCurveItem()
        for item, height in ((self._path, 14), (self._nodes, 15), (self._points, 25)):
            item.setZValue(height)
            item.setVisible(item is self._path)
            plot.addItem(item)

    def draw(self, picks: PickSet, path: Array, ink: Ink, edge: str) -> None:
        """Draw picks and, in the colour `edge`, the path (m, shape (n, 2))."""
        places = np.array(picks.points, dtype=np.float64).reshape(-1, 2) * UM
        self._points.put(places, brush=pg.mkBrush(ink.accent), pen=pg.mkPen("#FFFFFF", width=1))
        nodes = np.empty((0, 2)) if picks.points else picks.nodes() * UM
        self._nodes.put(nodes, brush=pg.mkBrush(ink.accent), pen=pg.mkPen("#FFFFFF", width=1))
        dashed = pg.mkPen(edge, width=1, style=Qt.PenStyle.DashLine)
        self._path.setData(path[:, 0] * UM, path[:, 1] * UM, pen=dashed)


class ScaleBar(pg.ScaleBar):
    """A bar of a round length, about a fifth of the view wide."""

    def __init__(self, box: pg.ViewBox) -> None:
        super().__init__(1.0, width=6, suffix="m", brush=pg.mkBrush("#FFFFFF"), pen=pg.mkPen("#000000"))
        self.setParentItem(box)
        self.anchor((1, 1), (1, 1), offset=(-20, -16))
        self.text.fill = pg.mkBrush(0, 0, 0, 150)
        self._box = box
        box.sigRangeChanged.connect(self.fit)

    def fit(self, *_: Any) -> None:
        """Take the round length that fits the view."""
        (left, right), _unused = self._box.viewRange()
        target = (right - left) / 5
        decade = 10.0 ** np.floor(np.log10(target))
        self.size = float(decade * max(step for step in (1, 2, 5) if step * decade <= target * 1.0001))
        self.text.setText(pg.siFormat(self.size / UM, suffix="m"), color="#FFFFFF")
        self.updateBar()
