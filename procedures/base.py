"""What all our procedures share: checked parameters, a bench that is handed in or opened, watching, ending safely."""

import difflib
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Any

from pymeasure.experiment import Procedure

from nanoprobe.bench import Bench, open_bench
from nanoprobe.errors import Aborted, BadInput, ContactLost, NanoprobeError
from nanoprobe.limits import Limits
from nanoprobe.outlook import Outlook
from nanoprobe.records import Note
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.contact import Contact
from procedures.inputs import converted, number, text
from procedures.tip_log import TipLog

_log = logging.getLogger(__name__)

NEWTONS = ("N", 50e-9, 5e-9, 1e-6)
"""Unit, default, least and largest force of every procedure that touches the surface."""


class BenchProcedure(Procedure):
    """An experiment on a bench.

    The engine hands in `lab` (and `emit`, `should_stop`, `wait_while_paused`); under PyMeasure's own worker the
    procedure opens its bench in `startup` and closes it in `shutdown`. Subclasses write `perform` and `foresee`.

    `done_points`, `next_frame` and `done_rows` are set by the engine before a run is resumed: points that were committed
    or begun, the index of the next image, and the number of rows committed of each table. `laid_points` (m, shape
    (n, 2)) are then the points that run had laid out.
    """

    bench = text("Bench", "demo", "run", "bench file, or the name of a bench")
    sample = text("Sample", "", "run", "what lies under the tip")
    operator = text("Operator", "", "run", "who runs it")
    tip = text("Tip", "", "run", "identity of the tip whose record is kept; empty: the one of the bench file")
    force = number("Force", *NEWTONS, "contact", "force at which feedback holds the tip on the surface")

    _parameters: dict[str, Any]

    lab: Bench | None = None
    done_points: frozenset[int] = frozenset()
    next_frame: int = 0
    done_rows: Mapping[str, int] = MappingProxyType({})
    laid_points: Any = None
    blocked_by_tip = True
    """Whether a tip that failed its contact check keeps this procedure from running."""

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._owns_lab = False
        self._ended_well = False
        self.tip_log: TipLog | None = None
        self._set(values)

    # --- parameters

    def _update_parameters(self) -> None:
        super()._update_parameters()
        declared = [name for cls in reversed(type(self).__mro__) for name in vars(cls)]
        self._parameters = {
            name: self._parameters[name] for name in dict.fromkeys(declared) if name in self._parameters
        }

    def _set(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in self._parameters:
                raise BadInput(f"{type(self).__name__} has no parameter '{name}'; {self._like(name)}")
            setattr(self, name, converted(type(self).__name__, name, self._parameters[name], value))

    def _like(self, name: str) -> str:
        close = difflib.get_close_matches(name, self._parameters, n=1)
        return f"did you mean '{close[0]}'?" if close else f"it has: {', '.join(self._parameters)}"

    def settle(self) -> None:
        """Hold every parameter against its range once more, for those set as plain attributes. Raises BadInput."""
        self._set({name: getattr(self, name) for name in self._parameters})

    # --- looking ahead

    def foresee(self, wiring: Wiring) -> Outlook:
        """Return what this plan will do; raises BadInput for parameters that contradict each other."""
        raise NotImplementedError

    def outlook(self, limits: Limits, wiring: Wiring) -> Outlook:
        """Return what this plan will do. Raises LimitExceeded or BadInput where the bench does not allow it."""
        self.settle()
        ahead = self.foresee(wiring)
        ahead.check(limits)
        return ahead

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput where this plan does not fit the opened `lab`, before anything is stored, moved or biased."""

    def get_estimates(self) -> list[tuple[str, str]]:
        """Return PyMeasure's estimates: time, path, bias range, charge, as (label, value with unit)."""
        return self.foresee(self.lab.wiring if self.lab is not None else Wiring()).rows()

    # --- running

    def tip_record(self, lab: Bench) -> dict[str, Any]:
        """Return the record of the tip as it is before this run, for the run's header; plain JSON values."""
        return TipLog.open(lab, self.tip, self.bench).record.model_dump(mode="json")

    def wait_while_paused(self) -> None:
        """Wait between points while the operator holds the run; the engine replaces this, PyMeasure cannot pause."""

    def startup(self) -> None:
        """Open the bench unless it was handed in, and refuse before anything moves or is biased."""
        self.settle()
        if self.lab is None:
            self.lab = self._stack.enter_context(open_bench(self.bench))
            self._owns_lab = True
        self.outlook(self.lab.limits, self.lab.wiring)
        self.check_on(self.lab)
        self.lab.interlock.check()
        self.lab.probe.check_feedback()
        self.tip_log = TipLog.open(self.lab, self.tip, self.bench)
        if self.blocked_by_tip:
            self.tip_log.check_usable()
        self.note(f"series resistor {si(self.lab.wiring.series_resistance, 'ohm')}; tip {self.tip_log.describe()}")

    def execute(self) -> None:
        """Perform, then rest: output off, bias 0, tip in contact."""
        try:
            self.perform()
            self.contact().rest()
            self.note(f"the run leaves tip {self.wear.describe()}")
            self._ended_well = True
        except Aborted:
            # PyMeasure's worker would call any exception a failure; it sees by itself that it was told to stop.
            if not self._owns_lab:
                raise

    def perform(self) -> None:
        """Do the experiment; the tip may be anywhere before and after."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """Output off before anything else, the safe state unless all went well, then give back what was opened.

        Never raises: under PyMeasure's worker an exception here would leave its recorder running for ever. The
        engine, which handed in the bench, makes it safe and tells the operator by itself.
        """
        if self.lab is not None:
            self._quietly("output off", self.lab.source.off)
            if self._owns_lab and not self._ended_well:
                self._quietly("safe state", lambda: self.lab.safe_state(f"{type(self).__name__} did not end well"))
        if self.tip_log is not None:
            self._quietly("tip record", self.tip_log.save)
        if self._owns_lab:
            self._quietly("closing the bench", self._stack.close)
            self.lab, self._owns_lab = None, False

    def _quietly(self, what: str, do: Any) -> None:
        try:
            do()
        except Exception as error:
            _log.critical("%s failed at the end of %s: %s", what, type(self).__name__, error)

    # --- for subclasses

    @property
    def opened(self) -> Bench:
        """The bench, once `startup` has run."""
        if self.lab is None:
            raise NanoprobeError(f"{type(self).__name__} was executed before it was started up")
        return self.lab

    @property
    def wear(self) -> TipLog:
        """The record of the tip in use, once `startup` has run."""
        if self.tip_log is None:
            raise NanoprobeError(f"{type(self).__name__} was executed before it was started up")
        return self.tip_log

    def contact(self) -> Contact:
        """Return how this procedure touches the surface."""
        return Contact(self.opened, self.force, self.watch)

    def watch(self) -> None:
        """Raise Aborted when the operator asked for the end; called between short waits everywhere."""
        if self.should_stop():
            raise Aborted("stopped by the operator")

    def between(self) -> None:
        """Between two points or images: hold while paused, end when asked to."""
        self.watch()
        self.wait_while_paused()
        self.watch()

    def take_frame_index(self) -> int:
        """Return the index of the next image of this run."""
        index, self.next_frame = self.next_frame, self.next_frame + 1
        return index

    def progress(self, done: float, of: float) -> None:
        """Report progress, 0 to 100."""
        self.emit("progress", 100.0 * done / of if of else 100.0)

    def note(self, remark: str) -> None:
        """Put a remark into the run's log."""
        self.emit("note", Note(remark))

    def ask_operator(self, problem: str) -> None:
        """Stop the run over something only a person can judge. Raises ContactLost."""
        raise ContactLost(problem)
