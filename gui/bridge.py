"""The one place where other threads' news crosses into the window's thread: a timer that empties the mailbox in time slices.

Everything that models and views hear of a run, they hear from `session.events.event`, in the window's thread:

    session.events.event.connect(self.take)     # nanoprobe.events: RunStarted, Progress, Recorded, MadeSafe, RunEnded

A handler must be quick (fill arrays, mark as changed); drawing is left to the views' own timers.
"""

from PyQt6.QtCore import QObject, QTimer

from gui.session import Session

PERIOD_MS = 15
"""How often the mailbox is emptied."""
BUDGET = 0.008
"""Longest time (s) one emptying may take; the rest waits for the next, so that keys and paints get their turn."""


class Bridge(QObject):
    """Delivers the mailbox of a session for as long as it lives."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.drain)
        self._timer.start()

    def drain(self) -> None:
        """Deliver what waits, for at most `BUDGET`."""
        self._session.deliver(BUDGET)

    def stop(self) -> None:
        """Deliver no more."""
        self._timer.stop()
