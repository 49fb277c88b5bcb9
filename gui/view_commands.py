"""What the actions of the menus View and Help do: tools, the keyboard's way to each panel, text size, theme, guide."""

from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QMessageBox, QWidget

from gui import theme
from gui.help_dialog import PAGES, HelpDialog
from gui.map_box import Tool
from gui.shortcut_help import ShortcutHelp
from gui.theme import Theme

if TYPE_CHECKING:
    from gui.window import Window

_SIZES = range(-3, 13)


class ViewCommands:
    """One method for each key of `gui.actions.ACTIONS` in these menus."""

    def __init__(self, window: "Window") -> None:
        self._window = window
        self._desk = window.desk
        self._session = window.desk.session
        self._base_size = QApplication.font().pointSize()

    # --- view

    def show_all(self) -> None:
        """Zoom to everything."""
        self._window.map_view.show_all()

    def tool_look(self) -> None:
        """See gui.map_box.Tool."""
        self._choose(Tool.LOOK)

    def tool_points(self) -> None:
        """See gui.map_box.Tool."""
        self._choose(Tool.POINTS)

    def tool_line(self) -> None:
        """See gui.map_box.Tool."""
        self._choose(Tool.LINE)

    def tool_frame(self) -> None:
        """See gui.map_box.Tool."""
        self._choose(Tool.FRAME)

    def tool_profile(self) -> None:
        """See gui.map_box.Tool."""
        self._choose(Tool.PROFILE)

    def _choose(self, tool: Tool) -> None:
        self._window.show_map()
        self._window.map_view.tools.choose(tool)
        self.focus_map()

    def without_drift(self) -> None:
        """Draw points on the map they were picked on, or where the scanner went."""
        self._desk.map.show(without_drift=self._window.actions_by_key["without_drift"].isChecked())

    def follow_live(self) -> None:
        """Look at whatever ramp runs."""
        self._desk.ramp.follow_live()

    def focus_map(self) -> None:
        """Give the keyboard to the map."""
        self._window.show_map()
        self._window.map_view.canvas.setFocus()

    def focus_form(self) -> None:
        """Give the keyboard to the experiment form."""
        self._focus("experiment")

    def focus_queue(self) -> None:
        """Give the keyboard to the queue."""
        self._focus("queue")

    def focus_bench(self) -> None:
        """Give the keyboard to the bench panel."""
        self._focus("bench")

    def focus_prediction(self) -> None:
        """Give the keyboard to the prediction."""
        self._focus("prediction")

    def focus_runs(self) -> None:
        """Give the keyboard to the run browser."""
        self._focus("runs")

    def _focus(self, key: str) -> None:
        dock = self._window.docks[key]
        dock.show()
        dock.raise_()
        inside = dock.widget()
        if inside is not None:
            first = _first_focusable(inside)
            first.setFocus()

    def larger_text(self) -> None:
        """One point larger everywhere."""
        self.set_text_size(self._window.settings.value("text_size", 0) + 1)

    def smaller_text(self) -> None:
        """One point smaller everywhere."""
        self.set_text_size(self._window.settings.value("text_size", 0) - 1)

    def set_text_size(self, steps: int) -> None:
        """Make all text `steps` points larger than the system's."""
        if steps not in _SIZES:
            return
        self._window.settings.set_value("text_size", steps)
        font = QApplication.font()
        font.setPointSize(max(6, self._base_size + steps))
        QApplication.setFont(font)

    def theme_system(self) -> None:
        """Follow the system."""
        self._set_theme(Theme.SYSTEM)

    def theme_light(self) -> None:
        """Dark on light."""
        self._set_theme(Theme.LIGHT)

    def theme_dark(self) -> None:
        """Light on dark."""
        self._set_theme(Theme.DARK)

    def _set_theme(self, chosen: Theme) -> None:
        self._window.settings.theme = chosen
        theme.apply(chosen)

    def reset_layout(self) -> None:
        """Put every panel back."""
        self._window.reset_layout()

    # --- help

    def show_shortcuts(self) -> None:
        """List every shortcut."""
        ShortcutHelp(self._window).exec()

    def open_help(self) -> None:
        """Open the page of the guide for the panel that has the keyboard."""
        HelpDialog(self._page(), self._window).exec()

    def _page(self) -> str:
        """Return the page of the panel that has the keyboard; the map's where none has."""
        focus = QApplication.focusWidget()
        for key, dock in self._window.docks.items():
            if focus is not None and dock.isAncestorOf(focus):
                return key
        return "map"

    def show_page(self, page: str) -> None:
        """Open a page of the guide by its name; of an experiment, the page of experiments."""
        HelpDialog(page if page in PAGES else "experiment", self._window).exec()

    def about(self) -> None:
        """Say what this is."""
        QMessageBox.about(
            self._window, "nanoprobe", "nanoprobe: trigger, watch and map lithium dendrites with a conductive AFM."
        )


def _first_focusable(panel: QWidget) -> QWidget:
    """Return the first widget of `panel` that Tab would reach."""
    widget = panel.nextInFocusChain()
    while widget is not None and panel.isAncestorOf(widget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled() and widget.isVisible():
            return widget
        widget = widget.nextInFocusChain()
    return panel
