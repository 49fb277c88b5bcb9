"""The bench for its panel: what each instrument says, live numbers, and what may be asked by hand. Knows no Qt."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from psygnal import Signal

from gui.bench_reading import BenchReading, after_record, after_safe, held_bias, read_bench
from gui.session import Session
from gui.session_state import Phase, SessionState
from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput, NanoprobeError
from nanoprobe.events import Event, MadeSafe, Recorded, RunEnded
from nanoprobe.limits import Limits
from nanoprobe.units import quantity, si

_TITLES = {"source_meter": "Source-meter", "probe": "AFM controller", "potentiostat": "Potentiostat"}


@dataclass(frozen=True, slots=True)
class InstrumentRow:
    """One instrument: `role` for people, `identity` in its own words, `resource` where it is, `link` how that is."""

    role: str
    identity: str
    resource: str
    link: str


@dataclass(frozen=True, slots=True)
class Command:
    """What the operator may set by hand: `unit` of the value, `limit` its largest magnitude on this bench."""

    label: str
    unit: str
    limit: float

    def read(self, text: str, limits_name: str = "the bench's limit") -> float:
        """Return the value of `text`. Raises BadInput naming value, unit and limit; nothing is clipped."""
        value = quantity(text.strip(), self.unit)
        if not math.isfinite(value) or abs(value) > self.limit * (1 + 1e-9):
            raise BadInput(
                f"{self.label}: {si(value, self.unit)} is beyond {limits_name} of {si(self.limit, self.unit)}"
            )
        return value


class BenchModel:
    """What the bench panel shows and asks for. `changed`: state or rows; `read`: a new `reading`; `refused`: why not."""

    changed = Signal()
    read = Signal(BenchReading)
    refused = Signal(str)

    def __init__(self, session: Session) -> None:
        self.reading = BenchReading()
        self.output_on = False
        self._problem = ""
        self._session = session
        session.state_changed.connect(self._follow)
        session.events.event.connect(self._take)

    # --- what there is

    @property
    def state(self) -> SessionState:
        """The session's state."""
        return self._session.state

    @property
    def limits(self) -> Limits | None:
        """The hard limits of the open bench."""
        bench = self._session.bench
        return None if bench is None else bench.limits

    @property
    def instruments(self) -> tuple[InstrumentRow, ...]:
        """A row for each instrument of the open bench."""
        bench = self._session.bench
        if bench is None or self.state.phase is not Phase.OPEN:
            return ()
        tables = bench.description.instruments
        return tuple(
            InstrumentRow(_TITLES.get(role, role), self.state.identities.get(role, ""), table.resource, self._link())
            for role, table in tables.items()
        )

    def _link(self) -> str:
        if self._problem:
            return f"problem: {self._problem}"
        if self.state.run is not None:
            return "in use by the run"
        taken = self.reading.seconds
        return "connected" if math.isnan(taken) else f"connected, all answered in {si(taken, 's', 2)}"

    @property
    def command_limits(self) -> dict[str, Command]:
        """What may be set by hand, by name, with its limit; empty without a bench."""
        limits = self.limits
        if limits is None:
            return {}
        return {
            "force": Command("Force", "N", limits.force),
            "bias": Command("Bias", "V", limits.bias),
            "compliance": Command("Current limit", "A", limits.current),
            "x": Command("x", "m", limits.scan_range),
            "y": Command("y", "m", limits.scan_range),
        }

    # --- what is heard

    def poll(self) -> None:
        """Ask the bench for its numbers, unless a run or anything else is under way; called again and again."""
        output_on = self.output_on and not self.state.interlock
        self._session.ask(lambda bench: read_bench(bench, output_on), self._polled, self._not_polled, only_if_idle=True)

    def _polled(self, reading: BenchReading) -> None:
        cured, self._problem = bool(self._problem), ""
        self._show(reading)
        if cured:
            self.changed.emit()

    def _not_polled(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._session.tell(f"the bench does not answer: {problem}", "error")
            self.changed.emit()

    def _follow(self, state: SessionState) -> None:
        if state.phase is not Phase.OPEN:
            self._problem, self.output_on = "", False
            self._show(BenchReading())
        if state.run is not None or state.interlock:
            self.output_on = False
        self.changed.emit()

    def _take(self, event: Event) -> None:
        if (
            isinstance(event, Recorded) and not self.state.interlock
        ):  # after STOP a run may still store what came before
            self._show(after_record(self.reading, event.record, held_bias(self._session.bench)))
        elif isinstance(event, (MadeSafe, RunEnded)):
            self.output_on = False
            if isinstance(event, MadeSafe) and event.report.safe:
                self._show(after_safe(self.reading))
            self.changed.emit()

    def _show(self, reading: BenchReading) -> None:
        if reading is not self.reading:
            self.reading = reading
            self.read.emit(reading)

    # --- what is asked by hand

    def approach(self, force: str) -> None:
        """Bring the tip to the surface without bias and hold it there at `force` (text with unit)."""
        newtons = self._value("force", force)
        if newtons is None:
            return

        def do(bench: Bench) -> None:
            bench.source.off()
            bench.probe.check_feedback()
            bench.probe.approach(newtons)

        self._ask(do, f"approaching to {si(newtons, 'N')}", output_on=False)

    def withdraw(self) -> None:
        """Take the bias away, then the tip."""

        def do(bench: Bench) -> None:
            bench.source.off()
            bench.probe.withdraw()

        self._ask(do, "withdrawing", output_on=False)

    def set_bias(self, bias: str, compliance: str) -> None:
        """Put a bias on the electrode, the current limited; it stays until output off, a run or STOP."""
        volts, amperes = self._value("bias", bias), self._value("compliance", compliance)
        if volts is None or amperes is None:
            return
        if amperes <= 0:
            self._refuse("Current limit: it has to be larger than 0 A")
            return
        self._ask(lambda bench: bench.source.hold(volts, amperes), f"setting {si(volts, 'V')}", output_on=True)

    def output_off(self) -> None:
        """Take the bias away."""
        self._ask(lambda bench: bench.source.off(), "switching the output off", output_on=False)

    def move(self, x: str, y: str, force: str) -> None:
        """Lift without bias, move to x, y and, when the tip was in contact, land at `force`."""
        to_x, to_y, newtons = self._value("x", x), self._value("y", y), self._value("force", force)
        if to_x is None or to_y is None or newtons is None:
            return
        what = f"moving to {si(to_x, 'm')}, {si(to_y, 'm')}"
        self._ask(lambda bench: _move(bench, to_x, to_y, newtons), what, output_on=False)

    def reset_interlock(self) -> None:
        """Clear the latch: the operator has looked at sample and tip."""
        self._session.reset_interlock()

    def open(self, where: str, pace: float) -> None:
        """Open a bench; `pace` matters for the demo alone."""
        self._session.open(where, pace)

    def close(self) -> None:
        """Make the bench safe and close it."""
        self._session.close()

    def check(self, name: str, text: str) -> str:
        """Say what is wrong with a value to be set by hand, empty when nothing is or no bench is open."""
        command = self.command_limits.get(name)
        if command is None:
            return ""
        try:
            command.read(text)
        except BadInput as error:
            return str(error)
        return ""

    def _value(self, name: str, text: str) -> float | None:
        command = self.command_limits.get(name)
        if command is None:
            self._refuse("no bench is open: open one first")
            return None
        try:
            return command.read(text)
        except NanoprobeError as error:
            self._refuse(str(error))
            return None

    def _ask(self, do: Callable[[Bench], None], what: str, *, output_on: bool) -> None:
        def done(_: None) -> None:
            self.output_on = output_on
            self.changed.emit()

        if not self._session.ask(do, done, self._refuse, what=what):
            self._refuse(f"{what}: not while a run goes on or without an open bench")

    def _refuse(self, text: str) -> None:
        self._session.tell(text, "error")
        self.refused.emit(text)


LIFT = 500e-9
"""Height (m) at which the tip is moved by hand: above any deposit."""


def _move(bench: Bench, x: float, y: float, force: float) -> None:
    bench.source.off()
    probe = bench.probe
    engaged = probe.engaged()
    if engaged:
        probe.lift(LIFT)
    probe.move_to(x, y)
    if engaged:
        probe.land(force)
