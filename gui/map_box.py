"""The area of the map that takes the mouse: panning and zooming as pyqtgraph has them, clicks and drags for the tools."""

from enum import StrEnum
from typing import Any

import pyqtgraph as pg
from PyQt6.QtCore import QPointF, Qt, pyqtSignal


class Tool(StrEnum):
    """What a click or drag on the map does."""

    LOOK = "look"
    POINTS = "points"
    LINE = "line"
    FRAME = "frame"
    PROFILE = "profile"


_DRAGS = frozenset({Tool.LINE, Tool.FRAME, Tool.PROFILE})
"""Tools for which a drag means something else than panning."""


class MapBox(pg.ViewBox):
    """`clicked` (x, y in view units, whether the other button or Shift was used); `dragged` (begin, end, finished)."""

    clicked = pyqtSignal(float, float, bool)
    dragged = pyqtSignal(QPointF, QPointF, bool)

    def __init__(self) -> None:
        super().__init__(lockAspect=True, enableMenu=False)
        self.tool = Tool.LOOK

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell where a click was."""
        place = self.mapSceneToView(event.scenePos())
        other = event.button() != Qt.MouseButton.LeftButton or bool(
            event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        )
        event.accept()
        self.clicked.emit(place.x(), place.y(), other)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802 - Qt's name
        """Tell begin and end of a drag with the left button where the tool wants it; else pan."""
        if self.tool not in _DRAGS or event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        begin = self.mapSceneToView(event.buttonDownScenePos())
        self.dragged.emit(begin, self.mapSceneToView(event.scenePos()), event.isFinish())
