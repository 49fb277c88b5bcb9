"""The panel of predictions: from a map to where it should trigger first, and beside it where it did."""

from pathlib import Path

from PyQt6.QtWidgets import QComboBox, QFormLayout, QProgressBar, QVBoxLayout, QWidget

from gui.drawing import Drawing
from gui.parts import Problem, Words, button, row
from gui.prediction_canvas import PredictionCanvas
from gui.prediction_loading import ShownPrediction
from gui.prediction_model import Choice, PredictionModel
from gui.theme import ink
from gui.widgets import choices, named, refill
from nanoprobe.units import duration

_STEPS = 1000
"""Of the progress bar."""
_HINT = "no prediction yet: Predict makes one of the map that is shown; a stored one is opened in Runs"


class PredictionView(Drawing):
    """Shows a PredictionModel."""

    def __init__(self, model: PredictionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        named(self, "Prediction", "where a map says it triggers first, and where it did")
        self.mapped = Words("The map it is made of")
        self.triggers = choices("Measured triggers", [], "the run whose points it is held against")
        self.modulus = choices(
            "Modulus map",
            [],
            "a modulus map of the same place; not measured: conducting boundaries are taken as softer",
        )
        self.predict = button(
            "Predict", "compute flux and stress from the map, and keep what comes out as a run", model.predict
        )
        self.cancel = button("Cancel", "end the computation; nothing is kept", model.cancel)
        self.pick = button(
            "Pick places", "plan ramps at the places that test it best: weak ones and middling ones", model.pick
        )
        self.bar = named(QProgressBar(), "Progress of the prediction")
        self.bar.setRange(0, _STEPS)
        self.words = Words("What the prediction says", _HINT)
        self.problem = Problem("Why there is no prediction")
        self.canvas = PredictionCanvas()
        self.canvas.setVisible(False)
        self._arrange()
        self.triggers.activated.connect(lambda index: model.set_triggers(model.trigger_choices[index][1]))
        self.modulus.activated.connect(lambda index: model.set_modulus(model.modulus_choices[index][1]))
        model.changed.connect(self._show)
        model.shown_changed.connect(self._show_prediction)
        self._show()

    def _arrange(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("map", self.mapped)
        form.addRow("triggers", self.triggers)
        form.addRow("modulus", self.modulus)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(row(self.predict, self.cancel, self.pick, None))
        for widget in (self.bar, self.problem, self.words):
            layout.addWidget(widget)
        layout.addWidget(self.canvas, 1)
        layout.addStretch(0)

    # --- what the model says

    def _show(self) -> None:
        model = self.model
        self.set_map(model.mapped, model.hint)
        _offer(self.triggers, model.trigger_choices, model.triggers)
        _offer(self.modulus, model.modulus_choices, model.modulus)
        self.set_progress(model.share, model.left)
        self.problem.set_text(model.problem)
        self.predict.setEnabled(model.can_predict)
        self.pick.setEnabled(model.shown is not None)

    def set_map(self, mapped: Path | None, hint: str) -> None:
        """Say of which map a prediction would be made, or why of none."""
        name = "" if mapped is None else mapped.stem
        self.mapped.setText(f"{name}: {hint}" if name and hint else name or hint)

    def set_progress(self, share: float | None, left: float) -> None:
        """Show how far a computation is (0..1; None: none goes on) and the time left (s)."""
        self.cancel.setEnabled(share is not None)
        self.bar.setVisible(share is not None)
        if share is not None:
            self.bar.setValue(round(share * _STEPS))
            self.bar.setFormat("%p %" if left != left else f"%p %, about {duration(left)} left")

    def _show_prediction(self) -> None:
        if self.model.shown is not None:
            self.set_prediction(self.model.shown)

    def set_prediction(self, shown: ShownPrediction) -> None:
        """Draw a prediction."""
        self.canvas.setVisible(True)
        self.canvas.set_prediction(shown)
        self.words.setText(f"{shown.path.stem}: {shown.words}")

    def repaint_colours(self) -> None:
        """See Drawing."""
        self.canvas.paint(ink())

    # --- the operator

    def drawn(self) -> QWidget:
        """See Drawing."""
        canvas: QWidget = self.canvas
        return canvas

    def data_text(self) -> str:
        """Return the measured points as text: place, predicted and measured voltage, tab between; empty without any."""
        return self.model.text()


def _offer(box: QComboBox, offered: tuple[Choice, ...], chosen: Path | None) -> None:
    entries = [label for label, _ in offered]
    current = next((index for index, (_, path) in enumerate(offered) if path == chosen), 0)
    if [box.itemText(index) for index in range(box.count())] != entries or box.currentIndex() != current:
        refill(box, entries, current)
