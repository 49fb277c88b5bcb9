"""The map with its bars, the line below it that says what is under the cursor, and the profile."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QRectF, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.drawing import Drawing
from gui.map_box import Tool
from gui.map_canvas import MapCanvas, view_rect
from gui.map_layers import UM, points_rect
from gui.map_model import MapModel, Shown
from gui.map_tools import DisplayBar, ToolBar
from gui.picks import Picks, PickSet
from gui.theme import ink
from nanoprobe.geometry import Frame
from nanoprobe.units import si

DRAW_MS = 33
"""The map is drawn about 30 times a second, and only when something changed."""
_REACH = 0.03
"""Share of the view within which a click means a point."""


class MapView(Drawing):
    """Draws a MapModel and turns clicks into picks. `said`: a line for the status bar."""

    said = pyqtSignal(str)

    def __init__(self, model: MapModel, picks: Picks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model, self.picks = model, picks
        self.canvas = MapCanvas()
        self.display = DisplayBar(model)
        self.tools = ToolBar()
        self.tools.addSeparator()
        self.tools.addWidget(self.display.drift)
        self.under_cursor = QLabel("")
        self.under_cursor.setAccessibleName("Value under the cursor")
        self.under_cursor.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._make_profile()
        self._profile_line: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._drawn: dict[str, Any] = {}
        self._chosen: int | None = None
        self._arrange()
        self._connect()
        self._apply_shown(model.shown)
        self.timer = QTimer(self)
        self.timer.setInterval(DRAW_MS)
        self.timer.timeout.connect(self.draw)
        self.timer.start()

    def _make_profile(self) -> None:
        self.profile = pg.PlotWidget()
        self.profile.setAccessibleName("Profile along the line")
        self.profile.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.profile.setMaximumHeight(170)
        self.profile.setLabel("bottom", "distance", units="m")
        self.profile.setVisible(False)
        self._profile_curve = self.profile.plot(pen=pg.mkPen(ink().curve, width=1))

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        for widget in (self.display, self.tools, self.canvas, self.profile, self.under_cursor):
            layout.addWidget(widget)
        self.under_cursor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout.setStretchFactor(self.canvas, 1)

    def _connect(self) -> None:
        canvas, model = self.canvas, self.model
        canvas.place_clicked.connect(self._click)
        canvas.place_hovered.connect(self._hover)
        canvas.line_drawn.connect(lambda a, b: self.picks.add_line(a, b, self.tools.count.value()))
        canvas.frame_drawn.connect(self.picks.set_frame)
        canvas.profile_drawn.connect(self._set_profile)
        self.tools.chosen.connect(self._choose_tool)
        self.tools.grid_set.connect(self.picks.set_grid)
        self.picks.changed.connect(self._show_picks)
        model.shown_changed.connect(self._apply_shown)
        model.path_changed.connect(self._show_path)
        model.tip_moved.connect(canvas.set_tip)

    # --- drawing

    def draw(self) -> None:
        """Draw what changed since the last time."""
        if not self.isVisible():
            return
        self._fit()
        self._draw_image()
        self._draw_points()

    def _fit(self) -> None:
        """Take a new image and new points into the view: a map alone fills it, any other image only with the points."""
        frame, layouts = self.model.frame, self.model.layouts
        old_frame, old_layouts = self._drawn.get("view", (None, 0))
        self._drawn["view"] = (frame, layouts)
        new = frame is not None and frame is not old_frame
        view = QRectF() if frame is None else view_rect(frame.frame)
        if layouts != old_layouts or (new and not self.model.on_map):
            points = points_rect(self.model.points.places(self.model.shown.without_drift))
            new = new or (not points.isNull() and not self.canvas.box.viewRect().contains(points))
            view = view.united(points)
        if new:
            self.canvas.box.setRange(view, padding=0.05)

    def _draw_image(self) -> None:
        pixels = self.model.pixels()
        if pixels is None:
            return
        frame, fresh = pixels.frame, pixels.update()
        if self._drawn.get("frame") is not frame:
            fresh = True
        if fresh or self._drawn.get("pixels") is not pixels:
            self.canvas.set_image(pixels.bytes, frame)
            self._draw_limits()
            self._update_profile()
        self._drawn.update(frame=frame, pixels=pixels)

    def _draw_limits(self) -> None:
        pixels = self.model.pixels()
        if pixels is None or self._drawn.get("limits") == (pixels.limits, pixels.scale, pixels.channel):
            return
        log = pixels.scale.log
        self.canvas.set_limits(pixels.limits.low, pixels.limits.high, pixels.channel, self.model.unit, log)
        self._drawn["limits"] = (pixels.limits, pixels.scale, pixels.channel)

    def _draw_points(self) -> None:
        points, shown = self.model.points, self.model.shown
        overlays = self.model.overlays
        edge = self._edge()
        if self._drawn.get("edge") != edge:
            self._drawn["edge"] = edge
            self._show_path()
        state = (id(points), points.revision, overlays, shown.without_drift, self._chosen, edge)
        if self._drawn.get("points") == state:
            return
        self._drawn["points"] = state
        others = [overlay.points for overlay in overlays]
        self.canvas.points.draw(points, others, shown.without_drift, self._chosen, ink(), edge)
        self.canvas.set_legend([overlay.name for overlay in overlays])
        limits = self.canvas.points.limits
        self.canvas.voltage_bar.setVisible(limits is not None)
        if limits is not None:
            self.canvas.voltage_bar.setLevels(values=limits)

    def _edge(self) -> str:
        """Return the colour of what has none of its own: white over a map, else what shows on the bare ground."""
        return "#FFFFFF" if self.model.on_map else ink().text

    def _apply_shown(self, shown: Shown) -> None:
        self.canvas.set_tip(self.model.tip_on_map)
        if self.model.frame is None:
            self.canvas.clear_image()
        if self._drawn.get("colours") != shown.scale.colours:
            self.canvas.set_colours(shown.scale.colours)
            self._drawn["colours"] = shown.scale.colours

    def _show_picks(self, picks: PickSet) -> None:
        self.canvas.picks.draw(picks, self.model.path, ink(), self._edge())
        self.canvas.set_frame(picks.frame)
        self.tools.show_grid(picks.columns, picks.rows)
        self.said.emit(f"picked: {picks.patch().text}")

    def _show_path(self) -> None:
        self.canvas.picks.draw(self.picks.now, self.model.path, ink(), self._edge())

    def repaint_colours(self) -> None:
        """Draw everything in the colours of the present theme."""
        colours = ink()
        self.canvas.paint(colours)
        self.profile.setBackground(colours.ground)
        for side in ("bottom", "left"):
            self.profile.getAxis(side).setPen(colours.text)
            self.profile.getAxis(side).setTextPen(colours.text)
        self._profile_curve.setPen(pg.mkPen(colours.curve, width=1))
        self._drawn.pop("points", None)
        self._show_path()

    # --- the operator

    def choose_point(self, index: int | None) -> None:
        """Put a square around a point."""
        self._chosen = index

    def _choose_tool(self, tool: Tool) -> None:
        self.canvas.set_tool(tool)
        self.profile.setVisible(tool is Tool.PROFILE)
        self.said.emit(self.tools.tools[tool].toolTip())

    def _reach(self) -> float:
        (left, right), _ = self.canvas.box.viewRange()
        return float(_REACH * (right - left) / UM)

    def _click(self, x: float, y: float, other: bool) -> None:
        if self.canvas.box.tool is Tool.POINTS:
            near = self.picks.nearest(x, y, self._reach())
            if not other:
                self.picks.add_point(x, y)
            elif near is not None:
                self.picks.remove_point(near)
            return
        point = self.model.points.nearest(x, y, self._reach(), self.model.shown.without_drift)
        if point is not None:
            self.choose_point(point)
            self.model.point_chosen.emit(point)
            self.said.emit(self.model.points.describe(point))

    def _hover(self, x: float, y: float) -> None:
        text = f"x {si(x, 'm')}   y {si(y, 'm')}"
        value = self.model.value_at(x, y)
        if np.isfinite(value):
            text += f"   {self.model.shown.channel} {si(value, self.model.unit, 4)}"
        point = self.model.points.nearest(x, y, self._reach() / 2, self.model.shown.without_drift)
        if point is not None:
            text += f"   {self.model.points.describe(point)}"
        self.under_cursor.setText(text)

    def _set_profile(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self._profile_line = (begin, end)
        self._update_profile()

    def _update_profile(self) -> None:
        frame, shown = self.model.frame, self.model.shown
        if frame is None or self._profile_line is None or not self.profile.isVisible():
            return
        distance, values = frame.profile(shown.channel, shown.direction, *self._profile_line)
        self._profile_curve.setData(distance, values, connect="finite")
        self.profile.setLabel("left", shown.channel, units=self.model.unit)

    def show_all(self) -> None:
        """Zoom to everything."""
        self.canvas.show_all()

    def set_frame(self, frame: Frame | None) -> None:
        """Put the frame that is dragged."""
        self.picks.set_frame(frame)

    def set_badge(self, text: str) -> None:
        """Write `text` into the corner of the map."""
        self.canvas.set_badge(text)

    def drawn(self) -> QWidget:
        """See Drawing."""
        canvas: QWidget = self.canvas
        return canvas

    def data_text(self) -> str:
        """Return the drawn channel as text, one line a row, tab between values; empty without an image."""
        frame, shown = self.model.frame, self.model.shown
        if frame is None or shown.channel not in frame.values:
            return ""
        values = frame.values[shown.channel][shown.direction]
        head = f"# {frame.title}, {shown.channel} ({self.model.unit}), {self.model.direction_name}"
        head += ", SIMULATED" if frame.simulated else ""
        rows = ("\t".join(f"{value:.6g}" for value in row) for row in values[frame.done])
        return "\n".join([head, *rows])
