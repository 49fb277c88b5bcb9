"""What our procedures at the surface share: the tip, its force and its record, besides what all experiments do."""

from abc import abstractmethod
from typing import Any

from nanoprobe.bench import Bench
from nanoprobe.errors import ContactLost, NanoprobeError
from nanoprobe.limits import Limits
from nanoprobe.outlook import Outlook
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.contact import Contact
from procedures.experiment import Experiment
from procedures.inputs import number, text
from procedures.tip_log import TipLog

NEWTONS = ("N", 50e-9, 5e-9, 1e-6)
"""Unit, default, least and largest force of every procedure that touches the surface."""


class BenchProcedure(Experiment):
    """An experiment with the tip on the surface; see `Experiment`. The tip may be anywhere before and after `perform`."""

    tip = text("Tip", "", "run", "identity of the tip whose record is kept; empty: the one of the bench file")
    force = number("Force", *NEWTONS, "contact", "force at which feedback holds the tip on the surface")

    blocked_by_tip = True
    """Whether a tip that failed its contact check keeps this procedure from running."""

    _following = False
    """Whether the controller may be following a drift that this run has told it."""

    def __init__(self, **values: Any) -> None:
        self.tip_log: TipLog | None = None
        super().__init__(**values)

    @abstractmethod
    def foresee(self, wiring: Wiring) -> Outlook:
        """See Experiment."""

    def outlook(self, limits: Limits, wiring: Wiring) -> Outlook:
        """See Experiment."""
        ahead = super().outlook(limits, wiring)
        assert isinstance(ahead, Outlook)
        return ahead

    def tip_record(self, lab: Bench) -> dict[str, Any]:
        """Return the record of the tip as it is before this run, for the run's header; plain JSON values."""
        return TipLog.open(lab, self.tip, self.bench).record.model_dump(mode="json")

    def get_ready(self) -> None:
        """Refuse without feedback, and with a tip that failed its last check."""
        self.opened.probe.check_feedback()
        self.tip_log = TipLog.open(self.opened, self.tip, self.bench)
        if self.blocked_by_tip:
            self.tip_log.check_usable()
        resistor = si(self.opened.wiring.series_resistance, "ohm")
        self.note(f"series resistor {resistor}; tip {self.tip_log.describe()}")

    def rest(self) -> None:
        """Output off, bias 0, tip in contact."""
        self.contact().rest()
        self.note(f"the run leaves tip {self.wear.describe()}")

    def take_back(self) -> None:
        """See Experiment: a run that did not end well leaves no drift followed; its tip is withdrawn."""
        if not self._following or (self._ended_well and not self.should_stop()):
            return
        try:
            self.follow_drift(0.0, 0.0)
        except NanoprobeError as error:
            self.note(f"drift compensation may still be on at the controller: {error}; switch it off there")
            raise

    def keep(self) -> None:
        """Keep the tip's record."""
        if self.tip_log is not None:
            self.tip_log.save()

    # --- for subclasses

    @property
    def wear(self) -> TipLog:
        """The record of the tip in use, once `startup` has run."""
        if self.tip_log is None:
            raise NanoprobeError(f"{type(self).__name__} was executed before it was started up")
        return self.tip_log

    def follow_drift(self, vx: float, vy: float) -> None:
        """Let the controller follow a drift (m/s) until the run ends badly, or says 0."""
        self._following = True
        self.opened.probe.compensate_drift(vx, vy)
        self._following = bool(vx or vy)

    def contact(self) -> Contact:
        """Return how this procedure touches the surface."""
        return Contact(self.opened, self.force, self.watch)

    def take_frame_index(self) -> int:
        """Return the index of the next image of this run."""
        index, self.next_frame = self.next_frame, self.next_frame + 1
        return index

    def ask_operator(self, problem: str) -> None:
        """Let a person judge `problem`: raises ContactLost where nobody is there; else the engine holds the run."""
        raise ContactLost(problem)
