"""The bar at the top that is always there: bench, pace, what goes on, and STOP."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDoubleSpinBox, QLabel, QProgressBar, QSizePolicy, QToolBar, QWidget

from gui.session_state import Phase, SessionState
from gui.stop_view import StopButton
from gui.widgets import badge_text, named
from nanoprobe.units import duration

_PHASES = {
    Phase.CLOSED: "no bench",
    Phase.OPENING: "opening …",
    Phase.OPEN: "ready",
    Phase.CLOSING: "making safe …",
    Phase.FAILED: "not reached",
}


class HeadBar(QToolBar):
    """`pace_wanted` carries simulated seconds per second."""

    pace_wanted = pyqtSignal(float)

    def __init__(self, stop: StopButton, parent: QWidget | None = None) -> None:
        super().__init__("Bench and STOP", parent)
        self.setObjectName("head")
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.bench = QLabel("no bench")
        self.bench.setAccessibleName("Bench and what it does")
        self.bench.setTextFormat(Qt.TextFormat.PlainText)
        self.bench.setMaximumWidth(620)
        self.badge = named(
            QLabel(badge_text("SIMULATED")),
            "Simulated bench",
            "this bench is a simulated lab: nothing here was measured on a sample",
        )
        self.pace = self._pace_box()
        self.progress = named(QProgressBar(), "Progress of the run")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(True)
        self.progress.setMinimumWidth(200)
        self.progress.setMaximumWidth(460)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._add(self.bench)
        self._badge_action = self._add(self.badge)
        self._pace_action = self._add(self.pace)
        self._add(space)
        self._progress_action = self._add(self.progress)
        self._add(stop)
        self.show_state(SessionState())

    def _add(self, widget: QWidget) -> QAction:
        action = self.addWidget(widget)
        assert action is not None
        return action

    def _pace_box(self) -> QDoubleSpinBox:
        box = named(
            QDoubleSpinBox(),
            "Pace of the demo",
            "simulated seconds per second; 0: as fast as it can. Changing it opens the demo anew",
        )
        box.setRange(0, 1000)
        box.setDecimals(0)
        box.setPrefix("pace × ")
        box.setSpecialValueText("as fast as it can")
        box.setKeyboardTracking(False)
        box.valueChanged.connect(self.pace_wanted.emit)
        return box

    def show_state(self, state: SessionState) -> None:
        """Show bench, pace and run."""
        doing = state.busy or (state.run and "running") or _PHASES[state.phase]
        warning = f"   ⚠ interlock: {state.interlock}" if state.interlock else ""
        self.bench.setText(f"{state.name or 'bench'}: {doing}{warning}  ")
        self._badge_action.setVisible(state.simulated)
        self._show_pace(state)
        self._show_run(state)

    def _show_pace(self, state: SessionState) -> None:
        self._pace_action.setVisible(state.pace is not None)
        self.pace.setEnabled(state.phase is Phase.OPEN and state.run is None)
        if state.pace is not None:
            self.pace.blockSignals(True)
            self.pace.setValue(state.pace)
            self.pace.blockSignals(False)

    def _show_run(self, state: SessionState) -> None:
        run = state.run
        self._progress_action.setVisible(run is not None)
        if run is None:
            return
        self.progress.setValue(round(1000 * run.fraction))
        word = "stopping …" if run.stopping else "paused" if run.paused else f"{100 * run.fraction:.0f} %"
        left = f", {duration(run.remaining)} left" if run.remaining == run.remaining else ""
        self.progress.setFormat(f"{run.procedure}: {word}{left}")
