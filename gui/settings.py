"""What the app remembers: layout, theme, choices. A settings file never keeps the app from starting."""

import logging
from typing import TypeVar

from PyQt6.QtCore import QByteArray, QSettings

from gui.theme import Theme

_log = logging.getLogger(__name__)

VERSION = 3
"""Of the layout; one stored by another version is left alone."""

T = TypeVar("T", int, float, str)


class Settings:
    """Values by name, with defaults; what cannot be read counts as not there."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings("nanoprobe", "nanoprobe")

    @property
    def theme(self) -> Theme:
        """Light, dark, or as the system has it."""
        try:
            return Theme(self.value("theme", Theme.SYSTEM.value))
        except ValueError:
            return Theme.SYSTEM

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self.set_value("theme", theme.value)

    def value(self, name: str, default: T) -> T:
        """Return a stored value of the type of `default`, or `default`."""
        stored = self._store.value(name, default)
        try:
            return type(default)(stored)
        except (TypeError, ValueError):
            _log.warning("setting '%s' holds %r, which is no %s; using %r", name, stored, type(default), default)
            return default

    def set_value(self, name: str, value: int | float | str) -> None:
        """Store a value."""
        self._store.setValue(name, value)

    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """Return geometry and dock state of the window, None where there are none of this version."""
        if self.value("layout/version", 0) != VERSION:
            return None
        geometry, state = self._store.value("layout/geometry"), self._store.value("layout/state")
        if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
            return geometry, state
        return None

    def set_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        """Store geometry and dock state of the window."""
        self._store.setValue("layout/version", VERSION)
        self._store.setValue("layout/geometry", geometry)
        self._store.setValue("layout/state", state)

    def forget_layout(self) -> None:
        """Start with the default layout next time."""
        self._store.remove("layout")
