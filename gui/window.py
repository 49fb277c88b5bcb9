"""The main window: map in the middle, panels around it, STOP always on top. It draws the desk's models and asks them."""

from collections.abc import Callable

from PyQt6.QtCore import QByteArray, Qt
from PyQt6.QtGui import QAction, QCloseEvent, QKeySequence, QShowEvent
from PyQt6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QMenu, QSizePolicy, QStackedWidget, QWidget

from gui import theme
from gui.actions import ACTIONS, MENUS, STOP_KEY, Action
from gui.bench_panel import BenchPanel
from gui.bridge import Bridge
from gui.desk import SIMULATED, Desk
from gui.experiment_form import ExperimentForm
from gui.head_bar import HeadBar
from gui.log_view import LogView
from gui.map_view import MapView
from gui.prediction_view import PredictionView
from gui.queue_panel import QueuePanel
from gui.ramp_view import RampView
from gui.run_browser import RunBrowser
from gui.run_commands import RunCommands
from gui.session_state import Message, Phase, SessionState
from gui.settings import Settings
from gui.start_page import StartPage
from gui.stop_view import EscFilter, StopButton
from gui.table_view import TableView
from gui.window_commands import WindowCommands

_MESSAGE_MS = 15_000


class Window(QMainWindow):
    """See the module's text. `desk` is started by the app; the window ends it when it is closed."""

    def __init__(self, desk: Desk, settings: Settings | None = None) -> None:
        super().__init__()
        self.desk = desk
        self.settings = settings or Settings()
        self.bridge = Bridge(desk.session, self)
        self.left = False
        """Whether the bench was made safe and the threads ended."""
        self._make_middle()
        self._make_docks()
        self.commands, self.run_commands = WindowCommands(self), RunCommands(self)
        self.actions_by_key = {action.key: self._make_action(action) for action in ACTIONS}
        self._make_menus()
        self._make_bars()
        self._connect()
        self._first_layout = QByteArray()
        self._restore()
        self._show_state(desk.session.state)

    # --- what there is

    def _make_middle(self) -> None:
        self.start_page = StartPage()
        self.map_view = MapView(self.desk.map, self.desk.picks)
        self.middle = QStackedWidget()
        self.middle.addWidget(self.start_page)
        self.middle.addWidget(self.map_view)
        self.setCentralWidget(self.middle)

    def _make_docks(self) -> None:
        self.ramp_view, self.log_view = RampView(self.desk.ramp), LogView(self.desk.log)
        self.table_view, self.prediction = TableView(self.desk.tables), PredictionView(self.desk.prediction)
        self.form, self.queue = ExperimentForm(self.desk.experiment), QueuePanel(self.desk.queue)
        self.bench, self.browser = BenchPanel(self.desk.bench), RunBrowser(self.desk.runs)
        self.docks = {
            "experiment": self._dock("experiment", "Experiment", self.form),
            "runs": self._dock("runs", "Runs", self.browser),
            "prediction": self._dock("prediction", "Prediction", self.prediction),
            "bench": self._dock("bench", "Bench", self.bench),
            "queue": self._dock("queue", "Queue", self.queue),
            "ramp": self._dock("ramp", "Ramp", self.ramp_view),
            "series": self._dock("series", "Series", self.table_view),
            "log": self._dock("log", "Log", self.log_view),
        }

    def _dock(self, key: str, title: str, widget: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(key)
        dock.setAccessibleName(title)
        dock.setWidget(widget)
        return dock

    def _make_action(self, action: Action) -> QAction:
        made = QAction(action.text, self)
        made.setObjectName(action.key)
        tip = action.tip or action.text
        made.setToolTip(tip)
        made.setStatusTip(tip)
        made.setCheckable(action.checkable)
        if action.shortcut and action.shortcut != STOP_KEY:  # Esc is caught before Qt looks for shortcuts
            made.setShortcut(QKeySequence(action.shortcut))
        do: Callable[[], None] = getattr(self.commands, action.key)
        made.triggered.connect(lambda: do())
        self.addAction(made)
        return made

    def _make_menus(self) -> None:
        bar = self.menuBar()
        assert bar is not None
        for name in MENUS:
            menu = bar.addMenu(f"&{name}")
            assert menu is not None
            menu.setAccessibleName(name)
            for action in (entry for entry in ACTIONS if entry.menu == name):
                if action.gap:
                    menu.addSeparator()
                menu.addAction(self.actions_by_key[action.key])
            if name == "View":
                self._add_docks(menu)

    def _add_docks(self, menu: QMenu) -> None:
        panels = menu.addMenu("Panels")
        assert panels is not None
        for dock in self.docks.values():
            panels.addAction(dock.toggleViewAction())

    def _make_bars(self) -> None:
        self.stop_button = StopButton(self.commands.stop)
        self.head = HeadBar(self.stop_button)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.head)
        self.message = QLabel("")
        self.message.setAccessibleName("Last message")
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        status = self.statusBar()
        assert status is not None
        status.addWidget(self.message, 1)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.esc = EscFilter(app, self.commands.stop)

    def _connect(self) -> None:
        desk = self.desk
        desk.session.state_changed.connect(self._show_state)
        desk.session.told.connect(self._show_message)
        desk.map.frames_changed.connect(self.show_map)
        desk.map.points_changed.connect(self.show_map)
        desk.ramp.chosen.connect(self._mark_point)
        desk.tables.appeared.connect(self._show_series)
        desk.prediction.begun.connect(self._show_prediction)
        desk.prediction.shown_changed.connect(self._show_prediction)
        self.head.pace_wanted.connect(desk.session.set_pace)
        self.start_page.demo_wanted.connect(self.commands.open_demo)
        self.start_page.file_wanted.connect(self.commands.open_bench)
        self.start_page.map_wanted.connect(self.show_map)
        self.form.help_wanted.connect(self.commands.show_page)
        self.queue.plan_wanted.connect(desk.experiment.show_plan)
        self.queue.run_wanted.connect(desk.runs.open)
        for view in (self.map_view, self.ramp_view, self.table_view):
            view.said.connect(self.message.setText)

    # --- what is shown

    def _show_state(self, state: SessionState) -> None:
        title = f"{state.name or 'nanoprobe'}"
        marks = [SIMULATED] if state.simulated else []
        marks += [f"pace × {state.pace:g}" if state.pace else "as fast as it can"] if state.pace is not None else []
        self.setWindowTitle(" – ".join(["nanoprobe", title, *marks] if state.name else ["nanoprobe"]))
        self.head.show_state(state)
        self.start_page.show_state(state)
        badge = SIMULATED if state.simulated else ""
        self.map_view.set_badge(badge)
        self.ramp_view.set_badge(badge)
        self.table_view.set_badge(badge)
        self.map_view.canvas.set_range(self.desk.map.range)
        if state.phase is Phase.OPEN:
            self.show_map()
        self.commands.enable(state)

    def _show_message(self, message: Message) -> None:
        symbol = {"info": "", "warning": "⚠ ", "error": "✖ "}[message.level]
        self.message.setText(f"{symbol}{message.text}")
        self.message.setToolTip(message.text)

    def show_map(self) -> None:
        """Show the map instead of the start page."""
        self.middle.setCurrentWidget(self.map_view)

    def _show_series(self) -> None:
        """Bring what fills up to the front: series of a run that has them, ramps of one that has none."""
        key = "series" if self.desk.tables.tables else "ramp"
        if not self.docks[key].isHidden() and (key == "series" or self.table_view.isVisible()):
            self.docks[key].raise_()

    def _show_prediction(self) -> None:
        """Bring a prediction that is made or was opened to the front."""
        if not self.docks["prediction"].isHidden():
            self.docks["prediction"].raise_()

    def _mark_point(self) -> None:
        self.map_view.choose_point(self.desk.ramp.looked_at)

    # --- layout and leaving

    def _restore(self) -> None:
        theme.apply(self.settings.theme)
        self.commands.set_text_size(self.settings.value("text_size", 0))
        layout = self.settings.layout()
        if layout is None:
            self.resize(1500, 950)
        else:
            self.restoreGeometry(layout[0])

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put the panels into their places, the first time: tabs made before are drawn twice by Qt 6.11."""
        super().showEvent(event)
        if not self._first_layout.isEmpty():
            return
        self._arrange_docks()
        self._first_layout = self.saveState()
        layout = self.settings.layout()
        if layout is not None:
            self.restoreState(layout[1])

    def _arrange_docks(self) -> None:
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.setCorner(Qt.Corner.BottomRightCorner, right)
        docks = self.docks
        for area, front, *behind in (
            (left, "experiment", "runs", "prediction"),
            (right, "bench"),
            (right, "queue"),
            (bottom, "ramp", "series", "log"),
        ):
            self.addDockWidget(area, docks[front])
            for key in behind:
                self.tabifyDockWidget(docks[front], docks[key])
            docks[front].raise_()
        self.resizeDocks([docks["experiment"], docks["bench"]], [350, 350], Qt.Orientation.Horizontal)
        self.resizeDocks([docks["ramp"]], [round(0.3 * self.height())], Qt.Orientation.Vertical)
        self.resizeDocks([docks["bench"], docks["queue"]], [560, 320], Qt.Orientation.Vertical)

    def reset_layout(self) -> None:
        """Put every panel back."""
        self.settings.forget_layout()
        self.restoreState(self._first_layout)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Ask during a run; then make safe, end the threads, and remember the layout."""
        assert event is not None
        if not self.left and self.desk.session.state.run is not None and not self.commands.may_leave():
            event.ignore()
            return
        self.leave()
        event.accept()

    def leave(self) -> None:
        """Make the bench safe, close it, end every thread; a second call does nothing."""
        if self.left:
            return
        self.left = True
        self.settings.set_layout(self.saveGeometry(), self.saveState())
        self.bridge.stop()
        self.desk.leave()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self.esc)
        self.esc.deleteLater()  # it belongs to the app, and would keep the window alive with it
