"""What every view that draws can do: take the colours of a theme, and give its picture away."""

from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QApplication, QWidget


class Drawing(QWidget):
    """A view that draws."""

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self.repaint_colours()

    def repaint_colours(self) -> None:
        """Draw everything in the colours of the present theme."""

    def drawn(self) -> QWidget:
        """Return the part that is the picture: all of it, where a view does not say otherwise."""
        return self

    def picture(self) -> QPixmap:
        """Return what is drawn, as it is drawn."""
        return self.drawn().grab()

    def copy_picture(self) -> None:
        """Copy what is drawn."""
        board = QApplication.clipboard()
        if board is not None:
            board.setPixmap(self.picture())

    def data_text(self) -> str:
        """Return what is drawn as text, tab between values; empty where there is nothing."""
        return ""
