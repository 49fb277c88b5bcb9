"""The run browser: the runs of a folder, what one says of itself, several side by side, and what to do with them."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QItemSelectionModel, Qt, QTimer, QUrl
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.parts import Problem, Words, button, row
from gui.run_comparison import as_text
from gui.run_index import RunDetails
from gui.run_names import short
from gui.run_table import COLUMNS, FilteredRuns, RunTable
from gui.runs_model import RunsModel
from gui.widgets import named

TICK_MS = 2000
"""How often runs that are being written are looked at."""
_SELECT = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class RunBrowser(QWidget):
    """Shows a RunsModel and looks at live runs while it is visible."""

    def __init__(self, model: RunsModel) -> None:
        super().__init__()
        self.model = model
        named(self, "Runs", "what was measured: open, compare, go on, export")
        self.folder = Words("Folder of the runs")
        self.filter: QLineEdit = named(QLineEdit(), "Filter runs", "shows the runs in which these words stand")
        self.filter.setPlaceholderText("filter by name, status, sample…")
        self.filter.setClearButtonEnabled(True)
        self.table = RunTable()
        self.runs = FilteredRuns(self.table)
        self.list = self._list()
        self.filter.textChanged.connect(self.runs.setFilterFixedString)
        self.metadata = _tree("What the run says of itself", ("name", "value"))
        self.comparison = _tree("Runs side by side", ("",))
        self.problem = Problem("Why the run cannot be read")
        self.made = _links("What was made of the runs")
        self.not_made = Problem("Why it was not made")
        self.details: QTabWidget = named(QTabWidget(), "Details of the selected runs")
        self.details.setDocumentMode(True)
        self.buttons = self._make_buttons()
        self._lay_out()
        model.changed.connect(self._show)
        model.selection_changed.connect(self._show_selection)
        model.made_changed.connect(self._show_made)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._show()
        self._show_selection()
        self._show_made()

    # --- building

    def _list(self) -> QTableView:
        made: QTableView = named(QTableView(), "Runs", "Enter opens the run; select several to compare them")
        made.setModel(self.runs)
        made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        made.setSortingEnabled(True)
        made.sortByColumn(COLUMNS.index("started"), Qt.SortOrder.DescendingOrder)
        made.setAlternatingRowColors(True)
        made.setTabKeyNavigation(False)
        made.setShowGrid(False)
        made.setWordWrap(False)
        vertical, horizontal = made.verticalHeader(), made.horizontalHeader()
        assert vertical is not None
        assert horizontal is not None
        vertical.hide()
        vertical.setDefaultSectionSize(vertical.fontMetrics().height() + 6)
        horizontal.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        horizontal.setStretchLastSection(True)
        made.activated.connect(lambda index: self.model.open(self.runs.path(index)))
        selection = made.selectionModel()
        assert selection is not None
        selection.selectionChanged.connect(lambda *_: self._selected())
        return made

    def _make_buttons(self) -> dict[str, QPushButton]:
        model = self.model
        make: list[tuple[str, str, Callable[[], object]]] = [
            ("Open", "show it on the map and its ramps", self._open),
            ("Overlay", "lay the selected runs over the open one", model.overlay),
            ("Resume", "go on with an interrupted run at its next point, on the open bench", model.resume),
            ("Use plan", "put its plan into the experiment form", model.reuse_plan),
            ("Export…", "write it in another format", model.export),
            ("Report…", "make a report with figures", model.report),
            ("Copy", "the shown details as text, for a spreadsheet", self._copy),
        ]
        return {text.rstrip("…"): button(text, tip, do) for text, tip, do in make}

    def _lay_out(self) -> None:
        choose = button("Choose…", "list another folder", self._choose)
        other = button("Open file…", "open a run that lies elsewhere", self._open_other)
        refresh = button("Refresh", "look at the folder again", self.model.refresh)
        self.details.addTab(self.metadata, "Metadata")
        self.details.addTab(self.comparison, "Compare")
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.list)
        split.addWidget(self.details)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.folder)
        layout.addLayout(row(self.filter, choose, other, refresh))
        layout.addWidget(split, 1)
        for widget in (self.problem, self.made, self.not_made):
            layout.addWidget(widget)
        names = list(self.buttons)
        layout.addLayout(row(*(self.buttons[name] for name in names[:4]), None))
        layout.addLayout(row(*(self.buttons[name] for name in names[4:]), None))

    # --- what the model says

    def _show(self) -> None:
        count = len(self.model.entries)
        self.folder.setText(f"{short(self.model.folder)}: {count} run{'' if count == 1 else 's'}")
        self.table.set_entries(self.model.entries)
        self._keep_selection()
        self._enable()

    def _keep_selection(self) -> None:
        selection = self.list.selectionModel()
        if selection is None or selection.hasSelection():
            return
        for index in self.runs.rows_of(self.model.selection):
            selection.select(index, _SELECT)

    def _show_selection(self) -> None:
        self.problem.set_text(self.model.problem)
        details = self.model.details
        _fill_metadata(self.metadata, details[0] if details else None)
        self._fill_comparison()
        self._enable()

    def _fill_comparison(self) -> None:
        tree, rows = self.comparison, self.model.comparison
        tree.clear()
        tree.setHeaderLabels(
            ["", *(run.path.stem for run in self.model.details)] if rows else ["select two runs or more"]
        )
        for found in rows:
            line = QTreeWidgetItem([f"≠ {found.name}" if found.differs else found.name, *found.values])
            font = line.font(0)
            font.setBold(found.differs)
            for column in range(len(found.values) + 1):
                line.setFont(column, font)
            tree.addTopLevelItem(line)
        for column in range(tree.columnCount()):
            tree.resizeColumnToContents(column)
        self.details.setTabText(1, f"Compare ({len(self.model.details)})" if rows else "Compare")

    def _show_made(self) -> None:
        links = (f'<a href="{QUrl.fromLocalFile(str(file)).toString()}">{file.name}</a>' for file in self.model.made)
        text = self.model.making or (f"written: {', '.join(links)}" if self.model.made else "")
        self.made.setText(text)
        self.made.setVisible(bool(text))
        self.not_made.set_text(self.model.making_problem)

    def _enable(self) -> None:
        chosen = len(self.model.selection)
        for name in ("Overlay", "Export", "Report"):
            self.buttons[name].setEnabled(chosen > 0)
        self.buttons["Open"].setEnabled(chosen == 1)
        self.buttons["Use plan"].setEnabled(self.model.plan is not None)
        self.buttons["Copy"].setEnabled(bool(self.model.details))
        self.buttons["Resume"].setEnabled(self.model.can_resume)

    # --- what the operator asks

    def select(self, *paths: Path) -> None:
        """Select these runs."""
        self.list.clearSelection()
        selection = self.list.selectionModel()
        assert selection is not None
        for index in self.runs.rows_of(paths):
            selection.select(index, _SELECT)

    def _selected(self) -> None:
        selection = self.list.selectionModel()
        assert selection is not None
        self.model.select(tuple(self.runs.path(index) for index in selection.selectedRows()))

    def _open(self) -> None:
        if self.model.selection:
            self.model.open(self.model.selection[0])

    def _open_other(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open run", str(self.model.folder))
        if chosen:
            self.model.open(Path(chosen))

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of runs", str(self.model.folder))
        if chosen:
            self.model.set_folder(Path(chosen))

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        assert clipboard is not None
        details = self.model.details
        text = as_text(details, self.model.comparison) if len(details) > 1 else _as_text(details[0]) if details else ""
        clipboard.setText(text)

    def _tick(self) -> None:
        if self.isVisible():
            self.model.tick()


def _links(name: str) -> QLabel:
    """Return a line whose links mouse and keyboard open with what the system has for such files."""
    made: QLabel = named(QLabel(), name)
    made.setWordWrap(True)
    made.setOpenExternalLinks(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
    return made


def _tree(name: str, columns: tuple[str, ...]) -> QTreeWidget:
    made: QTreeWidget = named(QTreeWidget(), name)
    made.setHeaderLabels(columns)
    made.setAlternatingRowColors(True)
    made.setRootIsDecorated(len(columns) > 1)
    made.setAllColumnsShowFocus(True)
    return made


def _fill_metadata(tree: QTreeWidget, details: RunDetails | None) -> None:
    tree.clear()
    for title, rows in () if details is None else details.sections:
        section = QTreeWidgetItem([title])
        font = section.font(0)
        font.setBold(True)
        section.setFont(0, font)
        section.addChildren([QTreeWidgetItem([name, value]) for name, value in rows])
        tree.addTopLevelItem(section)
        section.setExpanded(title in ("Run", "Results", "Parameters"))
    for column in range(2):
        tree.resizeColumnToContents(column)


def _as_text(details: RunDetails) -> str:
    lines = []
    for title, rows in details.sections:
        lines += [title, *(f"{name}\t{value}" for name, value in rows), ""]
    return "\n".join(lines)
