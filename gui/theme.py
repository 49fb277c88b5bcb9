"""Light and dark: follows the system unless told otherwise; colours that colour-blind eyes tell apart (Okabe and Ito)."""

from dataclasses import dataclass
from enum import StrEnum

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication


class Theme(StrEnum):
    """What the operator may choose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


_SCHEMES = {
    Theme.SYSTEM: Qt.ColorScheme.Unknown,
    Theme.LIGHT: Qt.ColorScheme.Light,
    Theme.DARK: Qt.ColorScheme.Dark,
}

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
STOP_RED = "#C1121F"


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of plots on the present ground."""

    ground: str
    text: str
    grid: str
    curve: str
    faint: str
    accent: str
    mark: str


_LIGHT = Ink(
    ground="#FFFFFF", text="#1B1F24", grid="#D0D5DB", curve=BLUE, faint="#B9C2CC", accent=VERMILION, mark="#101418"
)
_DARK = Ink(ground="#14181D", text="#E6EAEF", grid="#39424C", curve=SKY, faint="#46525F", accent=ORANGE, mark="#FFFFFF")


def apply(theme: Theme) -> None:
    """Set the whole app to `theme`; where the platform has no say in it, by a palette of our own."""
    hints = QGuiApplication.styleHints()
    if hints is not None:
        hints.setColorScheme(_SCHEMES[theme])
    style = QApplication.style()
    if theme is Theme.SYSTEM and style is not None:
        QApplication.setPalette(style.standardPalette())
    elif is_dark() != (theme is Theme.DARK):
        QApplication.setPalette(_palette(_DARK if theme is Theme.DARK else _LIGHT, theme is Theme.DARK))


def _palette(colours: Ink, dark: bool) -> QPalette:
    role, ground = QPalette.ColorRole, QColor("#20262D" if dark else "#EFF1F3")
    palette = QPalette(QColor("#2B333C" if dark else "#E4E7EB"), ground)
    for text in (role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText):
        palette.setColor(text, QColor(colours.text))
    for group in (role.Base, role.ToolTipBase):
        palette.setColor(group, QColor(colours.ground))
    palette.setColor(role.AlternateBase, QColor("#1A2026" if dark else "#F5F7F9"))
    palette.setColor(role.PlaceholderText, QColor(colours.text).darker(160) if dark else QColor("#5B6570"))
    palette.setColor(role.Highlight, QColor(BLUE))
    palette.setColor(role.HighlightedText, QColor("#FFFFFF"))
    palette.setColor(role.Link, QColor(SKY if dark else BLUE))
    for text in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, text, QColor("#7D8894" if dark else "#8A939C"))
    return palette


def is_dark() -> bool:
    """Say whether the ground is dark now."""
    palette = QGuiApplication.palette()
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def ink() -> Ink:
    """Return the colours for plots on the present ground."""
    return _DARK if is_dark() else _LIGHT


def configure_plots() -> None:
    """Set what every plot shares; before the first one is made."""
    pg.setConfigOptions(imageAxisOrder="row-major", antialias=False)
