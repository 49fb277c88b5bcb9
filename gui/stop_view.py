"""STOP on the screen and on the Esc key. The key is caught before any widget sees it, in whichever window it is pressed."""

import time
from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QApplication, QPushButton, QSizePolicy

from gui.theme import STOP_RED
from gui.widgets import named

_SAME_PRESS = 0.05
"""Nobody presses a key twice within this time (s); one press passes several objects in far less."""


class EscFilter(QObject):
    """Calls `press` at once for every Esc that reaches the app; the key goes on to whoever has the keyboard."""

    def __init__(self, app: QApplication, press: Callable[[], None]) -> None:
        super().__init__(app)
        self._press = press
        self._last, self._when = -1, 0.0
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Look at every event of the app; one key press comes by several times, told by its time stamp."""
        if event is not None and event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape and not event.isAutoRepeat():
                self._once(int(event.timestamp()))
        return False

    def _once(self, stamp: int) -> None:
        now = time.monotonic()
        if stamp != self._last or now - self._when > _SAME_PRESS:
            self._press()
        self._last, self._when = stamp, now


class StopButton(QPushButton):
    """The large button that is always there. It acts when it is pressed down, not when it is let go."""

    def __init__(self, press: Callable[[], None]) -> None:
        super().__init__("■ STOP  (Esc)")
        named(self, "STOP", "put every instrument into the safe state at once, whatever goes on (Esc)")
        self.setAccessibleDescription("Output off, bias 0, tip withdrawn; over the abort session, also in a run")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(150, 40)
        # The one style sheet of the app: STOP must look like STOP in every theme.
        self.setStyleSheet(
            f"QPushButton {{ background: {STOP_RED}; color: white; font-weight: bold; font-size: 15px;"
            " border: 2px solid white; border-radius: 6px; }"
            " QPushButton:focus { border: 3px solid #F0E442; }"
            " QPushButton:pressed { background: #7A0A12; }"
        )
        self.pressed.connect(press)
