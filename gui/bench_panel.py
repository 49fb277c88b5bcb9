"""The bench panel: which bench, its instruments and links, live numbers with their limits, and what is set by hand."""

import math
from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QGroupBox,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.bench_model import BenchModel, InstrumentRow
from gui.bench_reading import BenchReading
from gui.parts import Badge, Problem, Words, bold, button, row, small
from gui.session import DEMO, DEMO_PACE
from gui.session_state import Phase, SessionState
from gui.widgets import named
from nanoprobe.limits import Limits
from nanoprobe.units import si

POLL_MS = 500
"""How often the idle bench is asked."""
FASTEST = 1000.0
"""Largest pace (1)."""
_PHASES = {
    Phase.CLOSED: "no bench is open",
    Phase.OPENING: "opening…",
    Phase.OPEN: "open",
    Phase.CLOSING: "making safe and closing…",
    Phase.FAILED: "could not be opened",
}
_READINGS = (("bias", "Bias", "V"), ("current", "Current", "A"), ("force", "Force", "N"), ("z", "Z", "m"))
_PLACES = (("x", "x", "m"), ("y", "y", "m"))
_LIMITED = {"bias": "bias", "current": "compliance", "force": "force", "x": "x", "y": "y"}
"""Reading to the limit that stands beside it."""


class BenchPanel(QWidget):
    """Shows a BenchModel and polls it while it is visible."""

    def __init__(self, model: BenchModel) -> None:
        super().__init__()
        self.model = model
        named(self, "Bench", "the instruments: state, live numbers, and what can be set by hand")
        self._make_top()
        self.instruments = QVBoxLayout()
        self.instruments.setSpacing(1)
        self.numbers: dict[str, QLabel] = {}
        self.limits: dict[str, QLabel] = {}
        self.contact = bold(Words("Contact of the tip"))
        self.fields: dict[str, QLineEdit] = {}
        self.problems: dict[str, Problem] = {}
        self.refusal = Problem("Why it was not done")
        self._commands: list[QPushButton] = []
        self._pace: float | None = None
        self._known_limits: Limits | None = None
        self._rows: tuple[InstrumentRow, ...] | None = None
        self._lay_out()
        model.changed.connect(self._show)
        model.read.connect(self._show_reading)
        model.refused.connect(self.refusal.set_text)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(model.poll)
        self._timer.start()
        self._show()
        self._show_reading(model.reading)

    # --- building

    def _make_top(self) -> None:
        self.name = bold(Words("Bench and its state"))
        self.badge = Badge("SIMULATED", "a simulated lab: no real sample is measured")
        self.trouble = Problem("What is wrong with the bench")
        self.busy = Words("What the bench does")
        self.reset = button("Reset interlock", "only after looking at sample and tip", self.model.reset_interlock)
        self.demo = button("Demo bench", "open the simulated lab", self._open_demo)
        self.file = button("Open file…", "open the bench of a TOML file", self._open_file)
        self.close_bench = button("Close bench", "make everything safe and give the instruments back", self.model.close)
        self.pace: QDoubleSpinBox = named(
            QDoubleSpinBox(), "Pace of the simulated lab", "simulated seconds a second; 0: as fast as it can"
        )
        self.pace.setRange(0.0, FASTEST)
        self.pace.setDecimals(1)
        self.pace.setPrefix("pace ")
        self.pace.setSpecialValueText("as fast as it can")
        self.pace.setValue(DEMO_PACE)
        self.pace.setKeyboardTracking(False)
        self.set_pace = button("Set pace", "open the simulated lab anew at this pace", self._open_demo)

    def _lay_out(self) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.addLayout(row(self.name, self.badge))
        for widget in (self.trouble, self.reset, self.busy):
            layout.addWidget(widget)
        layout.addLayout(row(self.demo, self.file, self.close_bench))
        layout.addLayout(row(self.pace, self.set_pace, None))
        layout.addWidget(_boxed("Instruments", self.instruments))
        layout.addWidget(_boxed("Now", self._numbers()))
        layout.addWidget(_boxed("By hand", self._by_hand()))
        layout.addWidget(self.refusal)
        layout.addStretch(1)
        area: QScrollArea = named(QScrollArea(), "Bench panel")
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _numbers(self) -> QGridLayout:
        grid = QGridLayout()
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        for index, (name, label, _) in enumerate((*_READINGS, *_PLACES)):
            line, column = divmod(index, 2)
            number = bold(QLabel("-"), 3)
            number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.numbers[name], self.limits[name] = number, small(QLabel())
            grid.addWidget(QLabel(label), 2 * line, 2 * column)
            grid.addWidget(number, 2 * line, 2 * column + 1)
            grid.addWidget(self.limits[name], 2 * line + 1, 2 * column + 1)
        grid.addWidget(self.contact, 6, 0, 1, 4)
        return grid

    def _by_hand(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        texts = self._field_text
        self._add_field(grid, "force", "Force", "50 nN")
        self._add_commands(
            grid,
            ("Approach", "bring the tip to the surface without bias", lambda: self.model.approach(texts("force"))),
            ("Withdraw", "take the bias away, then the tip", self.model.withdraw),
        )
        self._add_field(grid, "bias", "Bias", "0 V")
        self._add_field(grid, "compliance", "Current limit", "10 nA")
        self._add_commands(
            grid,
            ("Set bias", "stays until output off", lambda: self.model.set_bias(texts("bias"), texts("compliance"))),
            ("Output off", "take the bias away", self.model.output_off),
        )
        self._add_field(grid, "x", "x", "0 m")
        self._add_field(grid, "y", "y", "0 m")
        move = ("Move", "lift, move, land", lambda: self.model.move(texts("x"), texts("y"), texts("force")))
        self._add_commands(grid, move)
        return grid

    def _add_field(self, grid: QGridLayout, name: str, label: str, value: str) -> None:
        line = grid.rowCount()
        field: QLineEdit = named(QLineEdit(value), f"{label} by hand", "a number with unit")
        self.fields[name], self.problems[name] = field, Problem(f"{label} by hand: what is wrong")
        field.textChanged.connect(lambda text: self.problems[name].set_text(self.model.check(name, text)))
        title, limit = QLabel(label), small(QLabel())
        title.setBuddy(field)
        self.limits[f"{name} field"] = limit
        for column, widget in enumerate((title, field, limit)):
            grid.addWidget(widget, line, column)
        grid.addWidget(self.problems[name], line + 1, 1, 1, 2)

    def _add_commands(self, grid: QGridLayout, *commands: tuple[str, str, Callable[[], None]]) -> None:
        made = [button(text, tip, self._cleared(do)) for text, tip, do in commands]
        self._commands += made
        grid.addLayout(row(*made, None), grid.rowCount(), 1, 1, 2)

    def _cleared(self, do: Callable[[], None]) -> Callable[[], None]:
        def act() -> None:
            self.refusal.set_text("")
            do()

        return act

    def _field_text(self, name: str) -> str:
        return self.fields[name].text()

    def command(self, name: str) -> QPushButton:
        """Return the button of a command by its accessible name."""
        return next(each for each in self._commands if each.accessibleName() == name)

    # --- what the model says

    def _show(self) -> None:
        state = self.model.state
        self.name.setText(f"{state.name or state.where or 'Bench'}: {_PHASES[state.phase]}")
        self.badge.setVisible(state.simulated)
        latched = f"interlock latched: {state.interlock}. Look at sample and tip" if state.interlock else ""
        self.trouble.set_text(state.error or latched)
        self.reset.setVisible(bool(state.interlock))
        self.busy.setText(_doing(state))
        self.busy.setVisible(bool(self.busy.text()))
        self._show_pace(state)
        self._enable(state)
        self._show_instruments()
        self._show_limits()

    def _show_pace(self, state: SessionState) -> None:
        """The lab's own pace, once for every lab: a number being typed in is not overwritten."""
        if state.pace != self._pace:
            self._pace = state.pace
            if state.pace is not None:
                self.pace.setValue(state.pace)

    def _enable(self, state: SessionState) -> None:
        changeable = state.phase in (Phase.CLOSED, Phase.OPEN, Phase.FAILED) and state.run is None
        for widget in (self.demo, self.file, self.pace):
            widget.setEnabled(changeable)
        self.close_bench.setEnabled(changeable and state.phase is Phase.OPEN)
        self.set_pace.setEnabled(changeable and state.where == DEMO)
        for command in self._commands:
            command.setEnabled(state.ready)
        self.reset.setEnabled(state.run is None)

    def _show_instruments(self) -> None:
        rows = self.model.instruments
        if rows == self._rows:
            return
        self._rows = rows
        while (item := self.instruments.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for found in rows:
            self.instruments.addWidget(bold(QLabel(found.role)))
            self.instruments.addWidget(Words(f"{found.role} identity", found.identity))
            self.instruments.addWidget(small(Words(f"{found.role} link", _link(found.link, found.resource))))
        if not rows:
            self.instruments.addWidget(Words("No instruments", "none: open a bench"))

    def _show_limits(self) -> None:
        if self.model.limits is self._known_limits:
            return
        self._known_limits = self.model.limits
        known = self.model.command_limits
        for name, label in self.limits.items():
            command = known.get(_LIMITED.get(name, name.removesuffix(" field")))
            label.setText("" if command is None else f"limit ±{si(command.limit, command.unit)}")
        for name, problem in self.problems.items():
            problem.set_text(self.model.check(name, self.fields[name].text()))

    def _show_reading(self, reading: BenchReading) -> None:
        for name, label, unit in (*_READINGS, *_PLACES):
            text = si(getattr(reading, name), unit)
            self.numbers[name].setText(text)
            self.numbers[name].setAccessibleName(f"{label}: {text}")
        self.contact.setText(_contact(reading, self.model.output_on))

    # --- what the operator asks

    def _open_demo(self) -> None:
        self.refusal.set_text("")
        self.model.open(DEMO, self.pace.value())

    def _open_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open bench", "", "Bench files (*.toml)")
        if chosen:
            self.model.open(chosen, self.pace.value())


def _boxed(title: str, inside: QLayout) -> QGroupBox:
    box: QGroupBox = named(QGroupBox(title), title)
    box.setLayout(inside)
    return box


def _doing(state: SessionState) -> str:
    if state.run is not None:
        return f"{'paused: ' if state.run.paused else 'runs: '}{state.run.procedure} → {state.run.path.name}"
    return f"{state.busy}…" if state.busy else ""


def _link(link: str, resource: str) -> str:
    return f"{'✖' if link.startswith('problem') else '✔'} {link} · {resource}"


def _contact(reading: BenchReading, output_on: bool) -> str:
    touching = {True: "● tip in contact", False: "○ tip lifted", None: "contact not known"}[reading.engaged]
    touching += ", scanning" if reading.scan is not None else ""
    output = "⚡ output on" if output_on or (reading.source == "run" and _biased(reading)) else "output off"
    return f"{touching}, {output}" if not math.isnan(reading.at) else "no numbers yet"


def _biased(reading: BenchReading) -> bool:
    return math.isfinite(reading.bias) and reading.bias != 0
