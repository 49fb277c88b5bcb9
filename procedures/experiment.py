"""What all our procedures share: checked parameters, a bench that is handed in or opened, watching, ending safely."""

import difflib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pymeasure.experiment import Procedure

from nanoprobe.bench import Bench, open_bench
from nanoprobe.errors import Aborted, BadInput, NanoprobeError
from nanoprobe.limits import Limits
from nanoprobe.outlook import Foreseen
from nanoprobe.records import Note
from nanoprobe.wiring import Wiring
from procedures.inputs import converted, text

if TYPE_CHECKING:
    from nanoprobe.storage import Run

_log = logging.getLogger(__name__)


class Experiment(Procedure, ABC):
    """An experiment on a bench.

    The engine hands in `lab` (and `emit`, `should_stop`, `wait_while_paused`); under PyMeasure's own worker the
    procedure opens its bench in `startup` and closes it in `shutdown`. Subclasses write `perform` and `foresee`.

    `done_points`, `next_frame` and `done_rows` are set by the engine before a run is resumed: points that were committed
    or begun, the index of the next image, and the number of rows committed of each table. `laid_points` (m, shape
    (n, 2)) are then the points that run had laid out.
    """

    bench = text("Bench", "demo", "run", "bench file, or the name of a bench")
    sample = text("Sample", "", "run", "what is measured: lies under the tip, or sits in the cell")
    operator = text("Operator", "", "run", "who runs it")

    _parameters: dict[str, Any]

    lab: Bench | None = None
    done_points: frozenset[int] = frozenset()
    next_frame: int = 0
    done_rows: Mapping[str, int] = MappingProxyType({})
    laid_points: Any = None

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._owns_lab = False
        self._ended_well = False
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
                raise BadInput(f"{type(self).__name__} has no parameter {name!r}; {self._like(name)}")
            setattr(self, name, converted(type(self).__name__, name, self._parameters[name], value))

    def _like(self, name: str) -> str:
        close = difflib.get_close_matches(name, self._parameters, n=1)
        return f"did you mean '{close[0]}'?" if close else f"it has: {', '.join(self._parameters)}"

    def settle(self) -> None:
        """Hold every parameter against its range once more, for those set as plain attributes. Raises BadInput."""
        self._set({name: getattr(self, name) for name in self._parameters})

    # --- looking ahead

    @abstractmethod
    def foresee(self, wiring: Wiring) -> Foreseen:
        """Return what this plan will do; raises BadInput for parameters that contradict each other."""

    def outlook(self, limits: Limits, wiring: Wiring) -> Foreseen:
        """Return what this plan will do. Raises LimitExceeded or BadInput where the bench does not allow it."""
        self.settle()
        ahead = self.foresee(wiring)
        ahead.check(limits)
        return ahead

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput where this plan does not fit the opened `lab`, before anything is stored, moved or biased."""

    def get_estimates(self) -> list[tuple[str, str]]:
        """Return PyMeasure's estimates: time, ranges, charge, as (label, value with unit)."""
        return self.foresee(self.lab.wiring if self.lab is not None else Wiring()).rows()

    def recall(self, run: "Run") -> None:
        """Take from the stored run what a resumed procedure goes on from; called before `check_on`."""

    # --- running

    def tip_record(self, lab: Bench) -> dict[str, Any]:
        """Return the record of the tip as it is before this run, for the run's header; nothing without a tip."""
        return {}

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
        self.get_ready()

    def get_ready(self) -> None:
        """Refuse, on the opened bench, what must not be begun."""

    def execute(self) -> None:
        """Perform, then leave things as a run that ended well does."""
        try:
            self.perform()
            self.rest()
            self._ended_well = True
        except Aborted:
            # PyMeasure's worker would call any exception a failure; it sees by itself that it was told to stop.
            if not self._owns_lab:
                raise

    @abstractmethod
    def perform(self) -> None:
        """Do the experiment."""

    def rest(self) -> None:
        """Leave the bench at rest after `perform` has ended well."""

    def shutdown(self) -> None:
        """Outputs off before anything else, the safe state unless all went well, then give back what was opened.

        Never raises: under PyMeasure's worker an exception here would leave its recorder running for ever. The
        engine, which handed in the bench, makes it safe and tells the operator by itself.
        """
        if self.lab is not None:
            self._quietly("output off", self.lab.switch_off)
            if self._owns_lab and not self._ended_well:
                self._quietly("safe state", lambda: self.lab.safe_state(f"{type(self).__name__} did not end well"))
            self._quietly("taking back what was set", self.take_back)
        self._quietly("keeping records", self.keep)
        if self._owns_lab:
            self._quietly("closing the bench", self._stack.close)
            self.lab, self._owns_lab = None, False

    def take_back(self) -> None:
        """Switch off what this run has set besides the outputs and must not outlast it; outputs are off, all is safe by then."""

    def keep(self) -> None:
        """Keep what is remembered beyond the run."""

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

    def watch(self) -> None:
        """Raise Aborted when the operator asked for the end; called between short waits everywhere."""
        if self.should_stop():
            raise Aborted("stopped by the operator")

    def between(self) -> None:
        """Between two points or images: hold while paused, end when asked to."""
        self.watch()
        self.wait_while_paused()
        self.watch()

    def progress(self, done: float, of: float) -> None:
        """Report progress, 0 to 100."""
        self.emit("progress", 100.0 * done / of if of else 100.0)

    def note(self, remark: str) -> None:
        """Put a remark into the run's log."""
        self.emit("note", Note(remark))
