"""The keyboard on the map: a cursor that picks, lines and frames begun and ended, zoom."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QPointF, Qt

from gui.map_box import Tool
from gui.map_layers import UM

if TYPE_CHECKING:
    from gui.map_canvas import MapCanvas

_STEP = 0.02
"""Share of the view one arrow key moves the cursor by."""
_TURN = float(np.deg2rad(5))
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Up: (0, 1),
}


class MapKeys:
    """Keys of one canvas; the cursor stands at a place in m."""

    def __init__(self, canvas: "MapCanvas") -> None:
        self._canvas = canvas
        self._place = (0.0, 0.0)
        self._begun: tuple[float, float] | None = None

    def forget(self) -> None:
        """Forget what was begun with another tool."""
        self._begun = None

    def take(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        """Do what a key means; say whether it means anything."""
        canvas, shift = self._canvas, bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if key in _ARROWS:
            self._move(*_ARROWS[key], 0.1 if shift else 1.0)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._press(shift)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            canvas.place_clicked.emit(*self._place, True)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            canvas.box.scaleBy((1.25, 1.25) if key == Qt.Key.Key_Minus else (0.8, 0.8))
        elif key == Qt.Key.Key_Home:
            canvas.show_all()
        elif key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            self._turn(_TURN if key == Qt.Key.Key_BracketLeft else -_TURN)
        else:
            return False
        return True

    def _move(self, right: int, up: int, fine: float) -> None:
        canvas = self._canvas
        (left, end), _ = canvas.box.viewRange()
        step = _STEP * (end - left) * fine / UM
        frame = canvas.dragged_frame
        if canvas.box.tool is Tool.FRAME and frame is not None:
            canvas.redraw_frame(replace(frame, x=frame.x + right * step, y=frame.y + up * step))
            return
        self._place = (self._place[0] + right * step, self._place[1] + up * step)
        canvas.cursor_mark.setPos(self._place[0] * UM, self._place[1] * UM)
        canvas.cursor_mark.setVisible(True)
        canvas.place_hovered.emit(*self._place)

    def _turn(self, by: float) -> None:
        frame = self._canvas.dragged_frame
        if frame is not None:
            self._canvas.redraw_frame(replace(frame, angle=frame.angle + by))

    def _press(self, other: bool) -> None:
        """Return: a click; for tools that are dragged the first one begins and the second one ends."""
        canvas, place = self._canvas, self._place
        if canvas.box.tool not in (Tool.LINE, Tool.PROFILE, Tool.FRAME):
            canvas.place_clicked.emit(*place, other)
        elif self._begun is None:
            self._begun = place
        else:
            begin, self._begun = self._begun, None
            canvas.drag(QPointF(begin[0] * UM, begin[1] * UM), QPointF(place[0] * UM, place[1] * UM), True)
