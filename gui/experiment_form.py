"""The experiment form: procedure, parameters with their errors beside them, what the plan will do, and into the queue."""

import math
from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QInputDialog,
    QMenu,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.estimate_view import EstimateView
from gui.experiment_model import ExperimentModel
from gui.experiments import Experiment
from gui.parameter_row import ParameterRow
from gui.parts import Words, action, button, row, tool
from gui.plan_shelf import ShelvedPlan
from gui.widgets import named
from nanoprobe.units import duration

ALWAYS_SHOWN = "run"
"""The group of parameters that stands above the tabs."""
PLAN_FILES = "Plans (*.toml)"


class ExperimentForm(QWidget):
    """Shows an ExperimentModel. `help_wanted(procedure)` asks for the page about it."""

    help_wanted = pyqtSignal(str)

    def __init__(self, model: ExperimentModel) -> None:
        super().__init__()
        self.model = model
        self.rows: dict[str, ParameterRow] = {}
        self._built = ""
        named(self, "Experiment", "choose a procedure, set its parameters, put it into the queue")
        self.chooser = named(QComboBox(), "Procedure", "which experiment")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.chooser.textActivated.connect(model.choose)
        self.summary = Words("What the procedure does")
        self.plans = self._plans_button()
        self.undo = tool("↶", "Undo edit", "take back the last edit of the plan", model.undo)
        self.redo = tool("↷", "Redo edit", "make the edit again", model.redo)
        self.help = tool("?", "Help on this procedure", "open the page about it", self._ask_help)
        self.top = QWidget()
        self.tabs = named(QTabWidget(), "Groups of parameters")
        self.tabs.setDocumentMode(True)
        self.estimate = EstimateView()
        self.go_to = button("Show what is wrong", "go to the first field that has to be corrected", self._go_to)
        self.dry_run = button("Dry run on map", "draw the path on the map; nothing is touched", model.dry_run)
        self.times = named(QSpinBox(), "How many times", "into how many runs, one after the other")
        self.times.setRange(1, 999)
        self.times.setSuffix(" ×")
        self.enqueue = button("Add to queue", "run it as soon as the bench is free", self._enqueue)
        self._lay_out()
        self._connect()
        self._fill_plans()
        self._rebuild()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addLayout(row(self.chooser, self.help, None, self.undo, self.redo, self.plans))
        layout.addWidget(self.summary)
        layout.addWidget(self.top)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.estimate)
        layout.addLayout(row(self.dry_run, self.go_to, None, self.times, self.enqueue))

    def _connect(self) -> None:
        model = self.model
        model.experiments_changed.connect(self._rebuild)
        model.draft_changed.connect(self._show_draft)
        model.checked.connect(self._show_check)
        model.shelf_changed.connect(self._fill_plans)

    # --- the fields

    def _rebuild(self) -> None:
        names = [each.name for each in self.model.experiments]
        if [self.chooser.itemText(index) for index in range(self.chooser.count())] != names:
            self.chooser.clear()
            self.chooser.addItems(names)
        self._show_draft()

    def _show_draft(self) -> None:
        experiment = self.model.experiment
        if experiment is None:
            self.summary.setText("loading the procedures…")
            return
        if experiment.name != self._built:
            self._build(experiment)
        self.chooser.setCurrentText(experiment.name)
        self.undo.setEnabled(self.model.can_undo)
        self.redo.setEnabled(self.model.can_redo)
        for name, line in self.rows.items():
            value = self.model.draft.given.get(name, line.info.default)
            line.set_value(value, self.model.shown(line.info), self.model.is_default(name))
            line.set_problem(self.model.errors.get(name, ""))
        self._mark_tabs(experiment)
        self._show_check()

    def _build(self, experiment: Experiment) -> None:
        """Make the fields of another procedure."""
        self._built = experiment.name
        self.summary.setText(experiment.summary)
        self.chooser.setToolTip(experiment.manual)
        self.rows = {}
        while self.tabs.count():
            page = self.tabs.widget(0)
            self.tabs.removeTab(0)
            if page is not None:
                page.hide()
                page.deleteLater()
        self._replace_top(experiment)
        for group in experiment.groups:
            if group != ALWAYS_SHOWN:
                self.tabs.addTab(self._page(experiment, group), group)

    def _replace_top(self, experiment: Experiment) -> None:
        fresh = self._fields(experiment, ALWAYS_SHOWN)
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(self.top, fresh)
        self.top.hide()
        self.top.deleteLater()
        self.top = fresh

    def _page(self, experiment: Experiment, group: str) -> QScrollArea:
        page = named(QScrollArea(), f"Parameters: {group}")
        page.setWidgetResizable(True)
        page.setFrameShape(QScrollArea.Shape.NoFrame)
        page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page.setWidget(self._fields(experiment, group))
        made: QScrollArea = page
        return made

    def _fields(self, experiment: Experiment, group: str) -> QWidget:
        page = named(QWidget(), f"Parameters: {group}")
        grid = QGridLayout(page)
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(3)
        for info in experiment.in_group(group):
            line = ParameterRow(info, page)
            line.edited.connect(self.model.set_value)
            line.finished.connect(self._finished)
            line.add_to(grid)
            self.rows[info.name] = line
        if group != ALWAYS_SHOWN:
            grid.setRowStretch(grid.rowCount(), 1)
        made: QWidget = page
        return made

    def _finished(self) -> None:
        self.model.finish_edit()
        self._show_draft()

    def _mark_tabs(self, experiment: Experiment) -> None:
        groups = [group for group in experiment.groups if group != ALWAYS_SHOWN]
        for index, group in enumerate(groups):
            wrong = sum(info.name in self.model.errors for info in experiment.in_group(group))
            self.tabs.setTabText(index, f"{group} ⚠{wrong}" if wrong else group)

    def show_parameter(self, name: str) -> None:
        """Bring the field of a parameter into view and put the cursor there."""
        experiment, line = self.model.experiment, self.rows.get(name)
        if experiment is None or line is None:
            return
        groups = [group for group in experiment.groups if group != ALWAYS_SHOWN]
        if line.info.group in groups:
            self.tabs.setCurrentIndex(groups.index(line.info.group))
        line.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- what the plan does

    def _show_check(self) -> None:
        model = self.model
        self.estimate.set_outlook(model.outlook, model.problem, self._hint())
        self.go_to.setVisible(bool(model.errors))
        self.dry_run.setVisible(not model.errors)
        self.enqueue.setEnabled(model.ready)
        self.dry_run.setEnabled(model.outlook is not None)

    def _hint(self) -> str:
        model = self.model
        if model.errors:
            name = next(iter(model.errors))
            label = self.rows[name].info.label if name in self.rows else name
            return f"correct '{label}' first" + (f", and {len(model.errors) - 1} more" if len(model.errors) > 1 else "")
        if model.problem:
            return ""
        if model.outlook is not None:
            wall = model.wall_time
            if math.isfinite(wall) and wall != model.outlook.duration:
                return f"at the pace of this simulated lab: {duration(wall)} at most"
            return ""
        return "working it out…" if model.looking else "open a bench: its limits and wiring decide what a plan may do"

    def _go_to(self) -> None:
        if self.model.errors:
            self.show_parameter(next(iter(self.model.errors)))

    def _enqueue(self) -> None:
        self.model.enqueue(self.times.value())
        self.times.setValue(1)

    def _ask_help(self) -> None:
        self.help_wanted.emit(self.model.draft.procedure)

    # --- plans

    def _plans_button(self) -> QToolButton:
        made = QToolButton()
        made.setText("Plans")
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        named(made, "Plans", "saved and recent plans, plan files")
        made.setMenu(QMenu(made))
        return made

    def _fill_plans(self) -> None:
        menu = self.plans.menu()
        assert menu is not None
        menu.clear()
        menu.addAction(action(menu, "Save as…", "keep this plan under a name", self._save_as))
        menu.addAction(action(menu, "Open file…", "show the plan of a TOML file", self._open_file))
        menu.addAction(action(menu, "Write file…", "for `nanoprobe run --from`", self._write_file))
        menu.addAction(action(menu, "All values to default", "can be undone", self.model.reset))
        self._add_plans(menu, "Saved", self.model.shelf.saved)
        self._add_plans(menu, "Recent", self.model.shelf.recent)

    def _add_plans(self, menu: QMenu, title: str, plans: tuple[ShelvedPlan, ...]) -> None:
        menu.addSection(title)
        for plan in plans:
            do = partial(self.model.open_plan, plan.path)
            menu.addAction(action(menu, plan.name, f"show the plan {plan.path}", do))
        if not plans:
            nothing = action(menu, f"no {title.lower()} plans", "", lambda: None)
            nothing.setEnabled(False)
            menu.addAction(nothing)

    def _save_as(self) -> None:
        name, agreed = QInputDialog.getText(self, "Save plan", "Name of the plan:")
        if agreed:
            self.model.save_as(name)

    def _open_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open plan", "", PLAN_FILES)
        if chosen:
            self.model.open_plan(Path(chosen))

    def _write_file(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Write plan", f"{self.model.draft.procedure}.toml", PLAN_FILES)
        if chosen:
            self.model.save_to(Path(chosen))
