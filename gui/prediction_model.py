"""The prediction of where it triggers first: from which map, against which triggers, how far it is, what came out. No Qt."""

import math
import time
from collections.abc import Iterable
from pathlib import Path

from psygnal import Signal

from gui.prediction_loading import ShownPrediction, load_prediction
from gui.prediction_process import PredictionOrder, PredictionProcess
from gui.run_index import RunEntry
from gui.run_names import RunNames
from gui.runs_model import RunsModel
from gui.session import Session

RAMPED = frozenset({"trigger-map", "trigger-ramp"})
SOFTNESS = "modulus-map"
"""Procedures whose runs a map can be held against, and that measure how soft it is."""
Choice = tuple[str, Path | None]
"""What a list shows, and the run it stands for; None for none."""
NO_TRIGGERS: Choice = ("none yet", None)
NO_MODULUS: Choice = ("not measured", None)
NO_MAP = "show a current map first: measure one, or open a run that has one"
STILL_MEASURED = "this map is still being measured"


class PredictionModel:
    """`changed`: what may be chosen, or how far it is; `shown_changed`: `shown`. `begun`, `stored(Path)`: a prediction is
    made, was made; `picked(places, run)`: ramp at these places (m, shape (n, 2)) of the map in that run.
    """

    changed = Signal()
    begun = Signal()
    shown_changed = Signal()
    stored = Signal(Path)
    picked = Signal(object, Path)

    def __init__(self, session: Session, runs: RunsModel) -> None:
        self.mapped: Path | None = None
        self.trigger_choices: tuple[Choice, ...] = (NO_TRIGGERS,)
        self.modulus_choices: tuple[Choice, ...] = (NO_MODULUS,)
        self.triggers: Path | None = None
        self.modulus: Path | None = None
        self.share: float | None = None
        self.left = math.nan
        self.problem = ""
        self.shown: ShownPrediction | None = None
        self._session, self._runs = session, runs
        self._names = RunNames()
        self._process: PredictionProcess | None = None
        self._since = 0.0
        self._chosen = False
        runs.changed.connect(self._list)
        session.state_changed.connect(lambda _: self.changed.emit())

    # --- what it is made from

    def set_map(self, run: Path) -> None:
        """Take the map of this run; its own points are what it is held against, unless others are chosen."""
        if run != self.mapped:
            self.mapped, self.modulus, self.problem = run, None, ""
            self._chosen = False
            self._list()

    def set_triggers(self, run: Path | None) -> None:
        """Hold it against the points of this run."""
        self.triggers, self._chosen = run, True
        self.changed.emit()

    def set_modulus(self, run: Path | None) -> None:
        """Take how soft the place is from this run."""
        self.modulus = run
        self.changed.emit()

    def _list(self) -> None:
        entries = self._runs.entries
        ramped = tuple(_choices(entry for entry in entries if _ramped(entry)))
        own = self.mapped if any(path == self.mapped for _, path in ramped) else None
        self.trigger_choices = ramped if own else (NO_TRIGGERS, *ramped)
        if not self._chosen:
            self.triggers = own
        self.modulus_choices = (NO_MODULUS, *_choices(entry for entry in entries if entry.procedure == SOFTNESS))
        self.changed.emit()

    @property
    def hint(self) -> str:
        """Why nothing can be predicted now; empty when it can."""
        if self.mapped is None:
            return NO_MAP
        live = self._session.state.run
        return STILL_MEASURED if live is not None and live.path.resolve() == self.mapped.resolve() else ""

    @property
    def can_predict(self) -> bool:
        """Whether a computation could start."""
        return not self.hint and self.share is None

    # --- computing

    def predict(self) -> None:
        """Compute it in a process of its own, and keep it as a run in the folder of the runs."""
        if not self.can_predict or self.mapped is None:
            self._session.tell(self.hint or "a prediction is being computed already", "warning")
            return
        out = self._names.fresh(self._runs.folder, "prediction")
        order = PredictionOrder(mapped=self.mapped, triggers=self.triggers, modulus=self.modulus, out=out)
        process = self._process = PredictionProcess(order)
        self.share, self.left, self.problem, self._since = 0.0, math.nan, "", time.monotonic()
        self.changed.emit()
        self.begun.emit()
        self._session.wait(lambda: process.follow(self._hear), self._ended, self._failed)

    def cancel(self) -> None:
        """End the computation; nothing is kept."""
        if self._process is not None:
            self._process.cancel()

    def _hear(self, share: float) -> None:
        """In the thread that waits for the process."""
        self._session.mailbox.call(lambda: self._go_on(share))

    def _go_on(self, share: float) -> None:
        if self.share is not None:
            self.share = share
            self.left = (time.monotonic() - self._since) * (1 / share - 1) if share else math.nan
            self.changed.emit()

    def _ended(self, out: Path | None) -> None:
        self._process = self.share = None
        self.changed.emit()
        if out is None:
            self._session.tell("the prediction was cancelled")
        else:
            self._session.tell(f"predicted: {out.name}")
            self.stored.emit(out)

    def _failed(self, problem: str) -> None:
        self._process = self.share = None
        self._complain(problem)

    def _complain(self, problem: str) -> None:
        self.problem = problem
        self._session.tell(problem, "error")
        self.changed.emit()

    # --- what came out

    def load(self, path: Path) -> None:
        """Show a stored prediction."""
        self._session.work(lambda: load_prediction(path), self._loaded, self._complain)

    def _loaded(self, found: ShownPrediction) -> None:
        self.shown, self.problem = found, ""
        self.shown_changed.emit()
        self.changed.emit()

    def text(self) -> str:
        """Return the measured points as text, tab between: place, predicted and measured voltage; empty without any."""
        shown = self.shown
        if shown is None or not len(shown.points):
            return ""
        points = shown.points
        rows = zip(points.x, points.y, shown.predicted, abs(points.voltage), points.triggered, strict=True)
        title = f"# {shown.path.stem}{', SIMULATED' if shown.simulated else ''}"
        head = "x (m)\ty (m)\tpredicted (V)\tmeasured (V)\ttriggered"
        return "\n".join(
            [title, head, *(f"{x:.6g}\t{y:.6g}\t{p:.6g}\t{v:.6g}\t{int(hit)}" for x, y, p, v, hit in rows)]
        )

    def pick(self) -> None:
        """Plan ramps at the places that test it best: half the weakest, half of middling strength."""
        if self.shown is not None:
            self.picked.emit(self.shown.places, self.shown.map_run)


def _ramped(entry: RunEntry) -> bool:
    return entry.procedure in RAMPED and entry.done > 0


def _choices(entries: Iterable[RunEntry]) -> Iterable[Choice]:
    return ((entry.path.stem, entry.path) for entry in entries)
