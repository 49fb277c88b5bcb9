"""The bars over the map: which image and channel, how it is coloured, and what the mouse does."""

from collections.abc import Iterable

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QCheckBox, QToolBar, QVBoxLayout, QWidget

from gui.colour_scales import COLOURS, Levelling
from gui.map_box import Tool
from gui.map_frames import DIRECTIONS
from gui.map_model import MapModel
from gui.widgets import EndsFirst, add_labelled, choices, named, number, refill, set_quietly, whole

_TOOLS = {
    Tool.LOOK: ("Look", "V", "drag to move the map, wheel to zoom, click a point to see its ramp"),
    Tool.POINTS: ("Points", "P", "click to pick a point, Shift+click or right click to take the nearest away"),
    Tool.LINE: ("Line", "L", "drag a line of points"),
    Tool.FRAME: ("Frame", "F", "drag a frame; its corner sizes it, the round handle turns it"),
    Tool.PROFILE: ("Profile", "R", "drag a line to see the values along it"),
}

_IMAGE_TIP = "which image is shown; a map that begins comes by itself"


class DisplayBar(QWidget):
    """What of the model is drawn, and in which colours: two bars, so that a narrow window shows all of it."""

    def __init__(self, model: MapModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.frames = named(EndsFirst(), "Image", _IMAGE_TIP)
        self.channels = choices("Channel", [])
        self.directions = choices("Direction", DIRECTIONS, "forward (trace) or backward (retrace) lines")
        self.colours = choices("Colours", COLOURS, "perceptually uniform colour maps")
        self.levelling = choices("Levelling", [entry.value for entry in Levelling], "what is taken out of the image")
        self.log = named(QCheckBox("&log"), "Logarithmic scale", "colour the logarithm of the magnitude")
        self.low = number("Lower percentile", 1.0, 0.0, 49.0, 0.5, " %", "values below get the first colour")
        self.high = number("Upper percentile", 99.0, 51.0, 100.0, 0.5, " %", "values above get the last colour")
        self.drift = named(
            QCheckBox("no &drift"),
            "Drift corrected",
            "points and tip where they lie on the map they were picked on; off: where the scanner went",
        )
        self.frames.setMinimumContentsLength(20)
        self.channels.setMinimumContentsLength(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        image = (("&Image", self.frames), ("&Channel", self.channels), ("", self.directions))
        colours = (
            ("C&olours", self.colours),
            ("Le&vel", self.levelling),
            ("", self.log),
            ("Range", self.low),
            ("to", self.high),
        )
        layout.addWidget(_bar("Image and channel", image))
        layout.addWidget(_bar("Colours", colours))
        self._connect()
        self.refresh()

    def _connect(self) -> None:
        model = self._model
        self.frames.currentIndexChanged.connect(lambda index: model.show(frame=index, follow=False))
        self.channels.currentTextChanged.connect(lambda text: model.show(channel=text))
        self.directions.currentIndexChanged.connect(lambda index: model.show(direction=index))
        self.colours.currentTextChanged.connect(lambda text: model.show_scale(colours=text))
        self.levelling.currentTextChanged.connect(lambda text: model.show_scale(levelling=Levelling(text)))
        self.log.toggled.connect(lambda on: model.show_scale(log=on))
        self.low.valueChanged.connect(lambda value: model.show_scale(low=value))
        self.high.valueChanged.connect(lambda value: model.show_scale(high=value))
        self.drift.toggled.connect(lambda on: model.show(without_drift=on))
        model.frames_changed.connect(self.refresh)
        model.shown_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show what the model shows."""
        model, shown = self._model, self._model.shown
        refill(self.frames, [frame.title for frame in model.frames], -1 if shown.frame is None else shown.frame)
        title = "" if model.frame is None else f"{model.frame.title}\n"
        self.frames.setToolTip(f"{title}{_IMAGE_TIP}")
        channels = model.frame.channels if model.frame is not None else []
        refill(self.channels, channels, channels.index(shown.channel) if shown.channel in channels else -1)
        set_quietly(self.directions, DIRECTIONS[shown.direction])
        set_quietly(self.colours, shown.scale.colours)
        set_quietly(self.levelling, shown.scale.levelling.value)
        self.log.setChecked(shown.scale.log)
        self.drift.setChecked(shown.without_drift)


def _bar(name: str, fields: Iterable[tuple[str, QWidget]]) -> QToolBar:
    bar = QToolBar(name)
    for text, widget in fields:
        add_labelled(bar, text, widget)
    return bar


class ToolBar(QToolBar):
    """What the mouse does. `chosen` carries the Tool."""

    chosen = pyqtSignal(Tool)
    grid_set = pyqtSignal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Tools of the map", parent)
        self._group = QActionGroup(self)
        self.tools: dict[Tool, QAction] = {}
        for tool, (text, key, tip) in _TOOLS.items():
            self.tools[tool] = self._tool(tool, text, key, tip)
        self.addSeparator()
        self.count = whole("Points of a line", 10, 2, 1000, "how many points a drawn line gets")
        self.columns = whole("Columns", 10, 1, 1000, "columns of the grid in the frame")
        self.rows = whole("Rows", 10, 1, 1000, "rows of the grid in the frame")
        add_labelled(self, "line of", self.count)
        add_labelled(self, "grid", self.columns)
        add_labelled(self, "×", self.rows)
        for box in (self.columns, self.rows):
            box.valueChanged.connect(lambda _: self.grid_set.emit(self.columns.value(), self.rows.value()))
        self.tools[Tool.LOOK].setChecked(True)

    def _tool(self, tool: Tool, text: str, key: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setCheckable(True)
        action.setToolTip(f"{text}: {tip} ({key})")
        action.setData(key)
        action.triggered.connect(lambda: self.chosen.emit(tool))
        self._group.addAction(action)
        self.addAction(action)
        button = self.widgetForAction(action)
        if button is not None:
            named(button, f"Tool: {text}", action.toolTip())
        return action

    def choose(self, tool: Tool) -> None:
        """Take another tool."""
        self.tools[tool].trigger()

    def show_grid(self, columns: int, rows: int) -> None:
        """Show the size of the grid."""
        for box, value in ((self.columns, columns), (self.rows, rows)):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
