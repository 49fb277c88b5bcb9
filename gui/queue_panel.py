"""The queue panel: the run that goes on with its progress, and the plans that wait or have ended."""

import math
from collections.abc import Callable

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QGroupBox,
    QHeaderView,
    QLabel,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.parts import Problem, Words, action, bold, button, row, state_text
from gui.plan_words import command_line, snippet
from gui.queue_model import ItemState, QueueItem, QueueModel
from gui.session_state import RunState
from gui.widgets import named
from nanoprobe.units import duration

COLUMNS = ("plan", "sample", "state", "lab time", "run")
_KEY = Qt.ItemDataRole.UserRole
_WIDEST = 260
"""Of a column (pixels): a long reason is read in the tooltip."""
_STEPS = 1000
"""Of the progress bar."""


class QueuePanel(QWidget):
    """Shows a QueueModel. `plan_wanted(Plan)`: show this plan in the form; `run_wanted(Path)`: open this run."""

    plan_wanted = pyqtSignal(object)
    run_wanted = pyqtSignal(object)

    def __init__(self, model: QueueModel) -> None:
        super().__init__()
        self.model = model
        named(self, "Queue", "what runs, what waits, how it ended")
        self.title = named(bold(QLabel()), "The run that goes on")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # cut off, never in the way
        self.bar = named(QProgressBar(), "Progress of the run")
        self.bar.setRange(0, _STEPS)
        self.times = Words("Time of the run")
        self.pause = button("Pause", "hold the run before its next point or image", self._pause)
        self.abort = button("Abort", "end the run and make the bench safe", model.abort)
        self.held = Problem("Why the queue is held")
        self.hold = button("Hold queue", "let nothing new start; what runs goes on", self._hold)
        self.list = self._list()
        self.left = Words("Time left of the queue")
        self.buttons = self._buttons()
        self.copy = self._copy_button()
        self._lay_out()
        model.changed.connect(self._show)
        model.run_changed.connect(self._show_run)
        self.list.itemSelectionChanged.connect(self._enable)
        self._show()
        self._show_run(model.run)

    def _list(self) -> QTreeWidget:
        made: QTreeWidget = named(QTreeWidget(), "Plans in the queue", "waiting plans run from top to bottom")
        made.setHeaderLabels(COLUMNS)
        made.setRootIsDecorated(False)
        made.setAllColumnsShowFocus(True)
        made.setAlternatingRowColors(True)
        made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        made.itemActivated.connect(lambda *_: self._open())
        header = made.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(_WIDEST)
        return made

    def _buttons(self) -> dict[str, QWidget]:
        make: list[tuple[str, str, Callable[[QueueItem], object]]] = [
            ("Up", "run it earlier", lambda item: self.model.move(item.key, -1)),
            ("Down", "run it later", lambda item: self.model.move(item.key, 1)),
            ("Repeat", "the same plan once more, into a new run", lambda item: self.model.repeat(item.key)),
            ("Remove", "take it out of the queue; its run stays on disk", lambda item: self.model.remove(item.key)),
            ("Edit", "show its plan in the experiment form", lambda item: self.plan_wanted.emit(item.plan)),
            ("Open run", "show what it measured", lambda item: self.run_wanted.emit(item.out)),
        ]
        return {text: button(text, tip, self._on_item(do)) for text, tip, do in make}

    def _copy_button(self) -> QToolButton:
        made: QToolButton = named(QToolButton(), "Copy plan", "the plan as a command line or as Python")
        made.setText("Copy as")
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(made)
        command = self._on_item(lambda item: _copy(command_line(item.plan, item.out)))
        python = self._on_item(lambda item: _copy(snippet(item.plan, item.out)))
        menu.addAction(action(self, "Command line", "for a terminal", command))
        menu.addAction(action(self, "Python", "for a notebook or script", python))
        made.setMenu(menu)
        return made

    def _lay_out(self) -> None:
        now = QGroupBox("Now")
        inside = QVBoxLayout(now)
        inside.addWidget(self.title)
        inside.addWidget(self.bar)
        inside.addLayout(row(self.times, self.pause, self.abort))
        clear = button("Clear ended", "take out everything that has ended", self.model.clear_ended)
        layout = QVBoxLayout(self)
        layout.addWidget(now)
        layout.addWidget(self.held)
        layout.addWidget(self.list, 1)
        layout.addLayout(row(*(self.buttons[name] for name in ("Up", "Down", "Repeat", "Remove")), None))
        layout.addLayout(row(self.buttons["Edit"], self.buttons["Open run"], self.copy, None, clear))
        layout.addLayout(row(self.left, None, self.hold))

    # --- what the model says

    def _show(self) -> None:
        chosen = self.selected
        self.list.clear()
        for item in self.model.items:
            self.list.addTopLevelItem(_line(item))
        if chosen is not None:
            self.select(chosen.key)
        self.held.set_text(self.model.held)
        self.hold.setText("Let queue go on" if self.model.held else "Hold queue")
        self.hold.setAccessibleName(self.hold.text())
        self._show_left()
        self._enable()

    def _show_left(self) -> None:
        waiting = len(self.model.waiting)
        left = self.model.time_left
        time = f", at most {duration(left)} left" if waiting and math.isfinite(left) else ""
        self.left.setText(f"{waiting} waiting{time}" if waiting else "nothing waits")

    def _show_run(self, run: RunState | None) -> None:
        self.title.setText("no run" if run is None else f"{run.procedure} → {run.path.name}")
        self.title.setToolTip("" if run is None else str(run.path))
        self.bar.setValue(0 if run is None else round(_STEPS * run.fraction))
        self.bar.setFormat("" if run is None else f"{run.fraction:.0%}")
        self.times.setText("" if run is None else _times(run))
        self.pause.setText("Go on" if run is not None and run.paused else "Pause")
        self.pause.setAccessibleName(self.pause.text())
        self.pause.setEnabled(run is not None and not run.stopping)
        self.abort.setEnabled(run is not None)
        self._show_left()

    def _enable(self) -> None:
        item = self.selected
        for widget in (*self.buttons.values(), self.copy):
            widget.setEnabled(item is not None)
        if item is not None:
            self.buttons["Up"].setEnabled(item.state is ItemState.WAITING)
            self.buttons["Down"].setEnabled(item.state is ItemState.WAITING)
            self.buttons["Remove"].setEnabled(item.state is not ItemState.RUNNING)
            self.buttons["Open run"].setEnabled(item.state not in (ItemState.WAITING, ItemState.REFUSED))

    # --- what the operator asks

    @property
    def selected(self) -> QueueItem | None:
        """The chosen item."""
        lines = self.list.selectedItems()
        return self.model.item(lines[0].data(0, _KEY)) if lines else None

    def select(self, key: int) -> None:
        """Choose an item by its key."""
        for index in range(self.list.topLevelItemCount()):
            line = self.list.topLevelItem(index)
            if line is not None and line.data(0, _KEY) == key:
                self.list.setCurrentItem(line)

    def _on_item(self, do: Callable[[QueueItem], object]) -> Callable[[], None]:
        def act() -> None:
            item = self.selected
            if item is not None:
                do(item)

        return act

    def _open(self) -> None:
        item = self.selected
        if item is not None and item.state not in (ItemState.WAITING, ItemState.REFUSED):
            self.run_wanted.emit(item.out)

    def _pause(self) -> None:
        run = self.model.run
        if run is not None and run.paused:
            self.model.resume()
        else:
            self.model.pause()

    def _hold(self) -> None:
        if self.model.held:
            self.model.release()
        else:
            self.model.hold()


def _line(item: QueueItem) -> QTreeWidgetItem:
    state = state_text(item.state.value) + (f": {item.reason}" if item.reason else "")
    made = QTreeWidgetItem([item.plan.procedure, item.plan.sample, state, duration(item.duration), item.out.name])
    made.setData(0, _KEY, item.key)
    for column in range(len(COLUMNS)):
        made.setToolTip(column, item.reason or str(item.out))
    return made


def _times(run: RunState) -> str:
    word = "stopping, " if run.stopping else "paused, " if run.paused else ""
    left = f", {duration(run.remaining)} left" if math.isfinite(run.remaining) else ""
    return f"{word}{duration(run.elapsed)} so far{left}"


def _copy(text: str) -> None:
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    clipboard.setText(text)
