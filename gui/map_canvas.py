"""The drawn map: image, range of the bench, frame, points, picks, tip, scan line, profile line. Emits what was asked for."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QTransform
from PyQt6.QtWidgets import QWidget

from gui.map_box import MapBox, Tool
from gui.map_frames import MapFrame
from gui.map_keys import MapKeys
from gui.map_layers import OVERLAY_SYMBOLS, UM, PickLayer, PointLayer, ScaleBar
from gui.theme import VERMILION, Ink, ink
from gui.widgets import badge_text
from nanoprobe.geometry import Frame


class MapCanvas(pg.GraphicsLayoutWidget):
    """Places in signals are x, y in m."""

    place_clicked = pyqtSignal(float, float, bool)
    place_hovered = pyqtSignal(float, float)
    line_drawn = pyqtSignal(tuple, tuple)
    profile_drawn = pyqtSignal(tuple, tuple)
    frame_drawn = pyqtSignal(Frame)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Map of the surface")
        self.setAccessibleDescription(
            "Arrow keys move the cursor, Return picks, Delete takes the nearest pick away, plus and minus zoom, "
            "Home shows everything; with the frame tool arrows move the frame and the brackets turn it"
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box = MapBox()
        self.headline = pg.LabelItem(justify="left")
        self.addItem(self.headline, row=0, col=0, colspan=3)
        self._badge, self._legend = "", ""
        self.plot = self.addPlot(row=1, col=0, viewBox=self.box)
        label_in_metres(self.plot)
        self._make_items()
        self._make_bars()
        self.points = PointLayer(self.plot)
        self.picks = PickLayer(self.plot)
        self.scale_bar = ScaleBar(self.box)
        self.keys = MapKeys(self)
        self._connect()
        self.paint(ink())

    def _make_items(self) -> None:
        self.image = pg.ImageItem(axisOrder="row-major")
        self.limits = pg.PlotCurveItem()
        self.outline = pg.PlotCurveItem()
        self.scan_line = pg.PlotCurveItem()
        self.tip = pg.TargetItem((0, 0), size=18, symbol="crosshair", movable=False)
        self.cursor_mark = pg.TargetItem((0, 0), size=14, symbol="o", movable=False)
        self.rubber = pg.PlotCurveItem()
        self.frame_roi = pg.ROI((0, 0), (1, 1), rotatable=True)
        self.frame_roi.addScaleHandle((1, 1), (0.5, 0.5), lockAspect=True)
        self.frame_roi.addRotateHandle((1, 0), (0.5, 0.5))
        self.profile_roi = pg.LineSegmentROI([(-1, 0), (1, 0)])
        heights = {
            self.image: 0, self.limits: 5, self.outline: 6, self.scan_line: 12, self.rubber: 30,
            self.frame_roi: 16, self.profile_roi: 17, self.tip: 28, self.cursor_mark: 29,
        }  # fmt: skip
        for item, height in heights.items():
            item.setZValue(height)
            self.plot.addItem(item, ignoreBounds=item in (self.tip, self.cursor_mark, self.frame_roi, self.profile_roi))
        for item in (self.tip, self.cursor_mark, self.frame_roi, self.profile_roi):
            item.setVisible(False)

    def _make_bars(self) -> None:
        self.bar = pg.ColorBarItem(interactive=False, width=16, colorMap="viridis", colorMapMenu=False)
        self.voltage_bar = pg.ColorBarItem(interactive=False, width=12, colorMap="plasma", colorMapMenu=False)
        self.addItem(self.bar, row=1, col=1)
        self.addItem(self.voltage_bar, row=1, col=2)
        self.voltage_bar.axis.setLabel("|trigger|", units="V")
        for bar in (self.bar, self.voltage_bar):
            bar.axis.setWidth(64)
        self.voltage_bar.setVisible(False)

    def _connect(self) -> None:
        self.box.clicked.connect(lambda x, y, other: self.place_clicked.emit(x / UM, y / UM, other))
        self.box.dragged.connect(self.drag)
        self.frame_roi.sigRegionChangeFinished.connect(self._frame_dragged)
        self.profile_roi.sigRegionChanged.connect(self._profile_dragged)
        self._hover = pg.SignalProxy(self.scene().sigMouseMoved, rateLimit=30, slot=self._hovered)

    # --- what is set from outside

    def set_tool(self, tool: Tool) -> None:
        """Choose what clicks and drags do."""
        self.box.tool = tool
        self.keys.forget()
        self.frame_roi.setVisible(tool is Tool.FRAME and self._roi_frame is not None)
        self.profile_roi.setVisible(tool is Tool.PROFILE)
        self.setCursor(Qt.CursorShape.OpenHandCursor if tool is Tool.LOOK else Qt.CursorShape.CrossCursor)

    def set_image(self, data: NDArray[np.uint8], frame: MapFrame) -> None:
        """Draw bytes (0: not measured) at the place of `frame`."""
        if self.image.image is data:
            self.image.updateImage()
        else:
            self.image.setImage(data, autoLevels=False, levels=None)
            self.image.setTransform(pixel_transform(frame.frame, (frame.lines, frame.pixels)))
            corners = frame.frame.corners() * UM
            self.outline.setData(*np.vstack([corners, corners[:1]]).T)
        self._set_scan_line(frame)

    def _set_scan_line(self, frame: MapFrame) -> None:
        if frame.newest is None or frame.stored or bool(frame.done.all()):
            self.scan_line.setData([], [])
            return
        up = ((frame.newest + 1) / frame.lines - 0.5) * frame.frame.height
        half = frame.frame.width / 2
        self.scan_line.setData(*(frame.frame.to_scanner(np.array([[-half, up], [half, up]])) * UM).T)

    def clear_image(self) -> None:
        """Draw no image."""
        self.image.clear()
        for curve in (self.outline, self.scan_line):
            curve.setData([], [])

    def set_colours(self, name: str) -> None:
        """Choose the colour map of the image."""
        colours = pg.colormap.get(name)
        table = colours.getLookupTable(nPts=255, alpha=True)
        self.image.setLookupTable(np.vstack([np.zeros((1, 4), dtype=np.uint8), table.astype(np.uint8)]))
        self.bar.setColorMap(colours)

    def set_limits(self, low: float, high: float, label: str, unit: str, log: bool) -> None:
        """Say what the first and the last colour stand for (log10 of it when `log`)."""
        self.bar.axis.setLogMode(log, log)
        self.bar.setLevels(values=(low, high))
        self.bar.axis.setLabel(f"|{label}|" if log else label, units=unit)

    def set_range(self, reach: float | None) -> None:
        """Draw how far the bench lets the tip go (m)."""
        if reach is None:
            self.limits.setData([], [])
            return
        edge = reach * UM
        self.limits.setData([-edge, edge, edge, -edge, -edge], [-edge, -edge, edge, edge, -edge])

    _roi_frame: Frame | None = None

    def set_frame(self, frame: Frame | None) -> None:
        """Put the frame that is dragged."""
        self._roi_frame = frame
        self.frame_roi.setVisible(self.box.tool is Tool.FRAME and frame is not None)
        if frame is None:
            return
        corner = frame.corners()[0] * UM
        self.frame_roi.blockSignals(True)
        self.frame_roi.setPos(*corner, update=False)
        self.frame_roi.setSize((frame.width * UM, frame.height * UM), update=False)
        self.frame_roi.setAngle(np.degrees(frame.angle), update=True)
        self.frame_roi.blockSignals(False)

    def set_tip(self, tip: tuple[float, float] | None) -> None:
        """Mark the tip at x, y (m); None: it is on its way over an image."""
        self.tip.setVisible(tip is not None)
        if tip is not None:
            self.tip.setPos(tip[0] * UM, tip[1] * UM)

    def set_badge(self, text: str) -> None:
        """Write `text` above the map."""
        self._badge = badge_text(text)
        self._write_headline()

    def set_legend(self, overlays: list[str]) -> None:
        """Say which shape stands for which run laid over the map."""
        shapes = [OVERLAY_SYMBOLS[index % len(OVERLAY_SYMBOLS)][1] for index in range(len(overlays))]
        self._legend = ", ".join(f"{shape} {name}" for shape, name in zip(shapes, overlays, strict=True))
        self._write_headline()

    def _write_headline(self) -> None:
        legend = f"laid over: {self._legend}" if self._legend else ""
        self.headline.setText("&nbsp;&nbsp; ".join(part for part in (self._badge, legend) if part), color=ink().text)

    def show_all(self) -> None:
        """Zoom to image, points and path."""
        self.box.autoRange(padding=0.04)

    def paint(self, colours: Ink) -> None:
        """Take the colours of the present theme."""
        self.setBackground(colours.ground)
        for axis in (*(self.plot.getAxis(side) for side in ("bottom", "left")), self.bar.axis, self.voltage_bar.axis):
            axis.setPen(colours.text)
            axis.setTextPen(colours.text)
        self.limits.setPen(pg.mkPen(colours.grid, width=1, style=Qt.PenStyle.DotLine))
        self.outline.setPen(pg.mkPen(colours.text, width=1))
        for item, width in (
            (self.scan_line, 1),
            (self.rubber, 1),
            (self.frame_roi, 2),
            (self.profile_roi, 2),
            (self.tip, 2),
        ):
            item.setPen(pg.mkPen(VERMILION, width=width))  # over the image, whatever the theme
        self.cursor_mark.setPen(pg.mkPen(colours.mark, width=2))

    # --- what the operator does

    def _hovered(self, arguments: tuple[QPointF]) -> None:
        if self.box.sceneBoundingRect().contains(arguments[0]):
            place = self.box.mapSceneToView(arguments[0])
            self.place_hovered.emit(place.x() / UM, place.y() / UM)

    def drag(self, begin: QPointF, end: QPointF, finished: bool) -> None:
        """Take a drag with the chosen tool, in view units."""
        a, b = (begin.x() / UM, begin.y() / UM), (end.x() / UM, end.y() / UM)
        if self.box.tool is Tool.FRAME:
            self._drag_frame(a, b, finished)
        elif self.box.tool is Tool.PROFILE:
            self._put_profile(begin, end)
        else:
            self.rubber.setData(*(([], []) if finished else ([begin.x(), end.x()], [begin.y(), end.y()])))
            if finished:
                self.line_drawn.emit(a, b)

    def _drag_frame(self, a: tuple[float, float], b: tuple[float, float], finished: bool) -> None:
        size = max(abs(b[0] - a[0]), abs(b[1] - a[1]))
        if size <= 0:
            return
        frame = Frame(
            x=a[0] + np.sign(b[0] - a[0] or 1) * size / 2,
            y=a[1] + np.sign(b[1] - a[1] or 1) * size / 2,
            width=size,
            height=size,
        )
        self.set_frame(frame)
        if finished:
            self.frame_drawn.emit(frame)

    def _frame_dragged(self) -> None:
        width, height = self.frame_roi.size()
        angle = float(np.deg2rad((self.frame_roi.angle() + 180) % 360 - 180))
        corner = self.frame_roi.pos()
        middle = np.array([[width / 2, height / 2]])
        turned = Frame(x=corner.x(), y=corner.y(), width=1, height=1, angle=angle).to_scanner(middle)[0]
        self._roi_frame = Frame(
            x=float(turned[0]) / UM, y=float(turned[1]) / UM, width=width / UM, height=height / UM, angle=angle
        )
        self.frame_drawn.emit(self._roi_frame)

    def _put_profile(self, begin: QPointF, end: QPointF) -> None:
        for handle, place in zip(self.profile_roi.getHandles(), (begin, end), strict=True):
            handle.setPos(self.profile_roi.mapFromParent(place))
        self.profile_roi.movePoint(0, begin, coords="parent")
        self.profile_roi.movePoint(1, end, coords="parent")

    def _profile_dragged(self) -> None:
        begin, end = (self.profile_roi.mapToParent(handle.pos()) for handle in self.profile_roi.getHandles())
        self.profile_drawn.emit((begin.x() / UM, begin.y() / UM), (end.x() / UM, end.y() / UM))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Everything the mouse does, with keys."""
        if event is None or not self.keys.take(Qt.Key(event.key()), event.modifiers()):
            super().keyPressEvent(event)

    @property
    def dragged_frame(self) -> Frame | None:
        """The frame that is dragged."""
        return self._roi_frame

    def redraw_frame(self, frame: Frame) -> None:
        """Put the frame somewhere else and tell so."""
        self.set_frame(frame)
        self.frame_drawn.emit(frame)


def label_in_metres(plot: pg.PlotItem) -> None:
    """Let the axes of a drawing in µm say metres, with the prefix that fits."""
    for side, name in (("bottom", "x"), ("left", "y")):
        axis = plot.getAxis(side)
        axis.setScale(1 / UM)
        axis.setLabel(name, units="m")


def pixel_transform(place: Frame, shape: tuple[int, int]) -> QTransform:
    """Return what takes pixel (column, row) of an image of `shape` (lines, pixels) to µm."""
    lines, pixels = shape
    transform = QTransform()
    transform.translate(place.x * UM, place.y * UM)
    transform.rotateRadians(place.angle)
    transform.scale(place.width * UM / pixels, place.height * UM / lines)
    transform.translate(-pixels / 2, -lines / 2)
    return transform


def view_rect(frame: Frame) -> QRectF:
    """Return the rectangle around a frame in view units."""
    corners = frame.corners() * UM
    low, high = corners.min(axis=0), corners.max(axis=0)
    return QRectF(low[0], low[1], high[0] - low[0], high[1] - low[1])
