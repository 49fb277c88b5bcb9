"""The ramp view: I-V and I-t of the ramp that is looked at, its trigger bracket, earlier ramps faint behind."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.drawing import Drawing
from gui.parts import Words
from gui.ramp_model import Ramp, RampModel, signed_log, thinned
from gui.theme import Ink, ink
from gui.widgets import badge_text, named
from nanoprobe.roles import Array
from nanoprobe.units import si

DRAW_MS = 16
"""The curve is drawn about 60 times a second, and only when something changed."""
FLOOR = 1e-13
"""Current (A) that stands at zero on the logarithmic axis; below what any instrument here can tell from nothing."""


_HINT = """no ramp yet

While a ramp runs it is drawn here: current over bias, and over time.
Click a point on the map to see its ramp."""


class SignedLogAxis(pg.AxisItem):
    """Ticks at whole decades of either sign; plain ticks when not logarithmic."""

    def __init__(self, orientation: str = "left") -> None:
        super().__init__(orientation)
        self.signed = True

    def set_signed(self, signed: bool) -> None:
        """Choose between decades and amperes."""
        self.signed = signed
        self.enableAutoSIPrefix(not signed)
        self.setLabel("current", units=None if signed else "A")

    def tickValues(self, low: float, high: float, size: float) -> Any:  # noqa: N802 - pyqtgraph's name
        """Return where ticks stand."""
        if not self.signed:
            return super().tickValues(low, high, size)
        step = max(1, round((high - low) / max(2.0, size / 40)))
        first = int(np.ceil(low / step)) * step
        return [(float(step), [float(value) for value in range(first, int(np.floor(high)) + 1, step)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Return what stands at the ticks."""
        if not self.signed:
            return list(super().tickStrings(values, scale, spacing))
        return [_decade(value) for value in values]


def _decade(value: float) -> str:
    if value == 0:
        return f"< {si(FLOOR, 'A')}"
    return f"{'−' if value < 0 else ''}{si(FLOOR * 10 ** abs(value), 'A')}"


class LiveCurve(pg.PlotCurveItem):
    """A curve that grows. The view is fitted to it in steps of at least a sixteenth, so that a sample more seldom moves an
    axis: drawing axes anew costs as much as drawing the curve."""

    def dataBounds(self, ax: int, frac: float = 1.0, orthoRange: Any = None) -> tuple[Any, Any]:  # noqa: N802, N803
        """Return the curve's bounds rounded outwards."""
        low, high = super().dataBounds(ax, frac, orthoRange)
        if low is None or high is None or not high > low:
            return low, high
        step = 2.0 ** np.floor(np.log2(high - low)) / 16
        return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


class Curves:
    """One plot: the ramp, the ramps behind it, its bracket."""

    def __init__(self, widget: pg.GraphicsLayoutWidget, column: int, label: str, unit: str) -> None:
        self.axis = SignedLogAxis()
        self.plot = widget.addPlot(row=0, col=column, axisItems={"left": self.axis})
        self.plot.setLabel("bottom", label, units=unit)
        self.plot.setMenuEnabled(False)
        self.behind = pg.PlotCurveItem(connect="finite")
        self.bracket = pg.LinearRegionItem(movable=False)
        self.bracket.setVisible(False)
        self.curve = LiveCurve()
        for item in (self.behind, self.bracket, self.curve):
            self.plot.addItem(item)
        self.axis.set_signed(True)

    def paint(self, colours: Ink) -> None:
        """Take the colours of the present theme. Pens are one pixel wide: a wider one halves the rate."""
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(colours.text)
            self.plot.getAxis(side).setTextPen(colours.text)
        self.behind.setPen(pg.mkPen(colours.faint, width=1))
        self.curve.setPen(pg.mkPen(colours.curve, width=1))
        self.bracket.setBrush(pg.mkBrush(colours.accent + "55"))
        self.plot.showGrid(x=False, y=False)  # a grid costs as much to draw as the curve
        for edge in self.bracket.lines:
            edge.setPen(pg.mkPen(colours.accent, width=1))


class RampView(Drawing):
    """Draws a RampModel."""

    said = pyqtSignal(str)

    def __init__(self, model: RampModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setAccessibleName("Current of the ramp against bias, and against time")
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bias = Curves(self.canvas, 0, "bias", "V")
        self.time = Curves(self.canvas, 1, "time", "s")
        self.verdict = QLabel("")
        self.verdict.setAccessibleName("Verdict of the ramp")
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.badge = QLabel("")
        self.badge.setAccessibleName("Simulated data")
        self.hint = Words("Where ramps will be", _HINT)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._make_buttons()
        self._arrange()
        self._drawn: tuple[object, ...] = ()
        model.chosen.connect(self._behind_is_old)
        self._old_behind = True
        self.repaint_colours()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.setInterval(DRAW_MS)
        self.timer.timeout.connect(self.draw)
        self.timer.start()

    def _make_buttons(self) -> None:
        self.log = named(
            QCheckBox("si&gned log"),
            "Signed logarithm of the current",
            "decades of the current above and below zero: log |I| with the sign of I; off: amperes",
        )
        self.log.setChecked(True)
        self.log.toggled.connect(self._set_log)
        self.earlier = named(QPushButton("◀ &earlier"), "Earlier ramp", "look at the ramp before")
        self.later = named(QPushButton("&later ▶"), "Later ramp", "look at the next ramp")
        self.live = named(QPushButton("l&ive"), "Follow the running ramp")
        self.earlier.clicked.connect(lambda: self.model.step(-1))
        self.later.clicked.connect(lambda: self.model.step(1))
        self.live.clicked.connect(self.model.follow_live)

    def _arrange(self) -> None:
        row = QHBoxLayout()
        for widget in (self.badge, self.log, self.earlier, self.later, self.live):
            row.addWidget(widget)
        row.insertStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.verdict)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.canvas, 1)
        self.canvas.hide()

    # --- drawing

    def draw(self) -> None:
        """Draw what changed since the last time."""
        zoomed = [curves.plot.vb.autoRangeEnabled()[0] for curves in (self.bias, self.time)]
        state = (self.model.revision, self.log.isChecked(), *zoomed)
        if not self.isVisible() or self._drawn == state:
            return
        self._drawn = state
        ramp = self.model.shown
        empty = ramp is None and not self.model.behind()
        self.hint.setVisible(empty)
        self.canvas.setVisible(not empty)
        if ramp is None:
            for curves in (self.bias, self.time):
                curves.curve.setData([], [])
                curves.bracket.setVisible(False)
            self.verdict.setText("" if self.model.looked_at is None else f"point {self.model.looked_at}")
        else:
            self._draw_ramp(ramp)
        if self._old_behind:
            self._draw_behind()

    def _current(self, current: Array) -> Array:
        return signed_log(current, FLOOR) if self.log.isChecked() else current

    def _draw_ramp(self, ramp: Ramp) -> None:
        current = self._current(ramp.current)
        for curves, axis in ((self.bias, ramp.bias), (self.time, ramp.time)):
            whole = curves.plot.vb.autoRangeEnabled()[0]
            curves.curve.setData(*(thinned(axis, current) if whole else (axis, current)))
        self.verdict.setText(ramp.verdict())
        bracket = ramp.bracket
        self.bias.bracket.setVisible(bracket is not None)
        self.time.bracket.setVisible(bracket is not None)
        if bracket is not None:
            self.bias.bracket.setRegion(sorted(bracket))
            self.time.bracket.setRegion((ramp.trigger_time, ramp.trigger_time))

    def _draw_behind(self) -> None:
        """Earlier ramps as one curve with gaps: cheaper than twenty."""
        self._old_behind = False
        ramps = self.model.behind()
        gap = np.array([np.nan])
        pieces = []
        for ramp in ramps:
            place, current = thinned(np.arange(len(ramp.current), dtype=np.float64), self._current(ramp.current), 400)
            kept = place.astype(np.intp)
            pieces.append((ramp.bias[kept], ramp.time[kept], current))
        joined = [
            np.concatenate([part for piece in pieces for part in (piece[axis], gap)]) if pieces else np.empty(0)
            for axis in range(3)
        ]
        self.bias.behind.setData(joined[0], joined[2])
        self.time.behind.setData(joined[1], joined[2])

    def _behind_is_old(self) -> None:
        self._old_behind = True

    def _set_log(self, on: bool) -> None:
        for curves in (self.bias, self.time):
            curves.axis.set_signed(on)
            curves.plot.enableAutoRange()
        self._old_behind = True

    def repaint_colours(self) -> None:
        """Draw in the colours of the present theme."""
        colours = ink()
        self.canvas.setBackground(colours.ground)
        for curves in (self.bias, self.time):
            curves.paint(colours)

    # --- the operator

    def set_badge(self, text: str) -> None:
        """Show `text` beside the verdict."""
        self.badge.setText(badge_text(text))

    def data_text(self) -> str:
        """Return the ramp as text: time, bias, current, tab between; empty without one."""
        ramp = self.model.shown
        if ramp is None:
            return ""
        rows = (f"{t:.6g}\t{v:.6g}\t{i:.6g}" for t, v, i in zip(ramp.time, ramp.bias, ramp.current, strict=True))
        return "\n".join([f"# {ramp.verdict()}", "time (s)\tbias (V)\tcurrent (A)", *rows])
