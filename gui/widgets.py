"""Small helpers for widgets: named for screen readers, labelled, with a tooltip that says the shortcut."""

from collections.abc import Iterable
from typing import TypeVar

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolBar,
    QWidget,
)

W = TypeVar("W", bound=QWidget)


def named(widget: W, name: str, tip: str = "") -> W:
    """Give `widget` its name for screen readers and its tooltip; return it."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip or name)
    return widget


def choices(name: str, entries: Iterable[str], tip: str = "") -> QComboBox:
    """Return a list to choose from."""
    box = named(QComboBox(), name, tip)
    box.addItems(list(entries))
    return box


class EndsFirst(QComboBox):
    """A list of long names that differ at their ends: where there is no room it is their beginnings that are left out."""

    def shown_text(self) -> str:
        """Return the chosen entry as far as there is room for it."""
        style, option = self.style(), QStyleOptionComboBox()
        self.initStyleOption(option)
        assert style is not None
        field = style.subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideLeft, field.width() - _EDGE)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the box with the text that fits."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """Open the list wide enough for whole names."""
        if (view := self.view()) is not None:
            view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * _EDGE)
            view.setTextElideMode(Qt.TextElideMode.ElideLeft)
        super().showPopup()


_EDGE = 8
"""Room (pixels) around a text in its box."""


def number(name: str, value: float, low: float, high: float, step: float, suffix: str, tip: str = "") -> QDoubleSpinBox:
    """Return a field for a number."""
    box = named(QDoubleSpinBox(), name, tip)
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setDecimals(1)
    box.setSuffix(suffix)
    box.setValue(value)
    box.setKeyboardTracking(False)
    return box


def whole(name: str, value: int, low: int, high: int, tip: str = "") -> QSpinBox:
    """Return a field for a whole number."""
    box = named(QSpinBox(), name, tip)
    box.setRange(low, high)
    box.setValue(value)
    box.setKeyboardTracking(False)
    return box


def add_labelled(bar: QToolBar, text: str, widget: QWidget) -> None:
    """Add `widget` to a tool bar with its label before it; Alt and the letter after & takes the keyboard there."""
    label = QLabel(text)
    label.setBuddy(widget)
    label.setContentsMargins(6, 0, 3, 0)
    bar.addWidget(label)
    bar.addWidget(widget)


def badge_text(text: str) -> str:
    """Return `text` as a label shows what nobody may overlook: yellow on black, in every theme."""
    return f"<span style='background-color: #000000; color: #FFFF00'><b>&nbsp;{text}&nbsp;</b></span>" if text else ""


def set_quietly(box: QComboBox, text: str) -> None:
    """Show `text` in `box` without telling anybody."""
    box.blockSignals(True)
    box.setCurrentText(text)
    box.blockSignals(False)


def refill(box: QComboBox, entries: list[str], current: int) -> None:
    """Fill `box` anew without telling anybody; `current`: the chosen entry, -1 for none."""
    box.blockSignals(True)
    box.clear()
    box.addItems(entries)
    box.setCurrentIndex(current)
    box.blockSignals(False)
