"""The run engine: checks a plan, opens the bench, executes the procedure in a thread, stores what it reports, ends it safely."""

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nanoprobe.bench import Bench, bench_file, open_description
from nanoprobe.benchfile import BenchFile, read_bench_file
from nanoprobe.control import RunControl
from nanoprobe.errors import Aborted, BadInput, Interlocked, NanoprobeError, StorageError
from nanoprobe.events import Events, Held, MadeSafe, Progress, Recorded, RunEnded, RunStarted
from nanoprobe.guard import COMPUTING
from nanoprobe.live_runs import noted
from nanoprobe.outlook import Outlook
from nanoprobe.plan import Plan
from nanoprobe.recording.items import ABORTED
from nanoprobe.recording.secrets import without_secrets
from nanoprobe.records import CheckDone, FrameLine, Note, RampDone, Samples, TableRows
from nanoprobe.storage import RunHeader, RunWriter, open_run, rescue
from nanoprobe.storage.disk import check_place

_log = logging.getLogger(__name__)

SIGN_CONVENTION = "bias = V_tip - V_counter behind the series resistor, plating negative; cathodic current negative"
_RESULTS = (RampDone, CheckDone, FrameLine, TableRows)
"""Records that are committed after the traffic that led to them."""
_RECORDED_VERSIONS = ("nanoprobe", "numpy", "zarr", "pymeasure", "pyvisa", "pyvisa-py")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: where it is, its status as stored, and the error behind it, if any."""

    path: Path
    status: str
    error: BaseException | None

    @property
    def exit_status(self) -> int:
        """The process's exit status for this outcome."""
        if self.status == "finished" and self.error is None:
            return 0
        if self.status == "aborted":
            return 3
        return self.error.exit_status if isinstance(self.error, NanoprobeError) else 1


Ended = TypeVar("Ended", bound=Outcome)


def look_ahead(plan: Plan) -> Outlook:
    """Check a plan against its bench's limits and return what it would do. Nothing is touched; raises BadInput."""
    procedure = plan.build()
    with bench_file(plan.bench) as path:
        description = read_bench_file(path)
    outlook: Outlook = procedure.outlook(description.limits, description.wiring)
    return outlook


def execute(plan: Plan, out: Path | str, events: Events | None = None, control: RunControl | None = None) -> Outcome:
    """Run `plan` into a new run at `out`; blocks until it has ended.

    Raises BadInput before anything is touched, Unreachable before anything is created; later errors are in the outcome.
    """
    procedure, out = plan.build(), Path(out)
    check_place(out)
    with bench_file(plan.bench) as path:
        description = read_bench_file(path)
        procedure.outlook(description.limits, description.wiring)
        return on_opened(description, lambda bench: _start(plan, procedure, bench, out, events, control))


def on_opened(description: BenchFile, run: Callable[[Bench], Ended]) -> Ended:
    """Open a bench, run on it, and return the outcome also where the bench could not be left as it should be."""
    outcome: Ended | None = None
    refusal: BadInput | None = None
    try:
        with open_description(description) as bench:
            try:
                outcome = run(bench)
            except BadInput as error:  # nothing was begun: the bench is left as it was found, the tip where it is
                refusal = error
    except NanoprobeError as error:
        if outcome is None:
            raise
        _log.critical("the run has ended, but the bench was not left switched off: %s", error)
        outcome = replace(outcome, error=outcome.error or error)
    if refusal is not None:
        raise refusal
    assert outcome is not None
    return outcome


def execute_on(
    plan: Plan, bench: Bench, out: Path | str, events: Events | None = None, control: RunControl | None = None
) -> Outcome:
    """Like `execute`, on a bench that is open already."""
    procedure, out = plan.build(), Path(out)
    check_place(out)
    procedure.outlook(bench.limits, bench.wiring)
    bench.interlock.check()
    return _start(plan, procedure, bench, out, events, control)


def _start(
    plan: Plan,
    procedure: Any,
    bench: Bench,
    out: Path,
    events: Events | None,
    control: RunControl | None,
) -> Outcome:
    _prepare(bench)
    procedure.check_on(bench)
    writer = RunWriter.create(out, header(plan, bench, procedure))
    return Execution(procedure, bench, writer, events or Events(), control or RunControl()).run()


def _prepare(bench: Bench) -> None:
    """Make the bench as it was when it was opened, and let its recorder listen: all that a run says is its own."""
    if bench.recorder is not None:
        bench.recorder.prepare(bench.used)
    bench.prepare_run()


def resume(
    path: Path, events: Events | None = None, control: RunControl | None = None, bench: str | None = None
) -> Outcome:
    """Go on with an interrupted run at its next point; points committed or begun are not ramped again."""
    procedure, plan = _procedure_of(path)
    with bench_file(bench or plan.bench) as place:
        description = read_bench_file(place)
        procedure.outlook(description.limits, description.wiring)
        return on_opened(description, lambda opened: resume_on(path, opened, events, control))


def resume_on(path: Path, bench: Bench, events: Events | None = None, control: RunControl | None = None) -> Outcome:
    """Like `resume`, on a bench that is open already."""
    procedure, _ = _procedure_of(path)
    procedure.outlook(bench.limits, bench.wiring)
    bench.interlock.check()
    _prepare(bench)
    procedure.check_on(bench)
    with RunWriter.reopen(path) as writer:
        procedure.done_points, procedure.next_frame = writer.completed, writer.next_frame
        procedure.done_rows = writer.rows
        return Execution(procedure, bench, writer, events or Events(), control or RunControl()).run()


def _procedure_of(path: Path) -> tuple[Any, Plan]:
    """Return the procedure of a stored run, with the points it had laid out, and its plan."""
    with open_run(path) as found:
        plan, digest = Plan.model_validate(found.header.plan), found.header.plan_sha256
        points = found.points
        if plan.digest() != digest:
            raise BadInput(f"{path}: its plan does not match its hash; it was changed since the run was started")
        procedure = plan.build()
        if points.sizes["point"]:
            procedure.laid_points = np.column_stack([points["x_planned"].values, points["y_planned"].values])
        procedure.recall(found)
    return procedure, plan


def header(plan: Plan, bench: Bench, procedure: Any) -> RunHeader:
    """Return what a run says about itself from the start."""
    parameters = plan.resolved()
    return RunHeader(
        procedure=plan.procedure,
        parameters=parameters,
        plan=plan.model_dump(mode="json"),
        plan_sha256=plan.digest(),
        bench=_without_secrets(bench.description.model_dump(mode="json")),
        simulated=bench.simulated,
        identities=bench.identities,
        versions=versions(),
        sample=plan.sample,
        operator=plan.operator,
        tip={**bench.description.tip.model_dump(mode="json"), **procedure.tip_record(bench)},
        sign_convention=SIGN_CONVENTION,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _without_secrets(value: Any) -> Any:
    """Return plain data with the passwords in its resource strings left out."""
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    return without_secrets(value) if isinstance(value, str) else value


def versions() -> dict[str, str]:
    """Return the versions of this app and of what it rests on."""
    found = {"python": platform.python_version()}
    for name in _RECORDED_VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


class Execution:
    """One run of one procedure on an opened bench."""

    def __init__(self, procedure: Any, bench: Bench, writer: RunWriter, events: Events, control: RunControl) -> None:
        self._procedure = procedure
        self._bench = bench
        self._recorder = bench.recorder
        self._writer = writer
        self._events = events
        self._control = control
        self._error: BaseException | None = None
        self._unstored: list[Samples | RampDone | TableRows] = []
        self._begun = time.monotonic()

    def run(self) -> Outcome:
        """Execute to the end and return how it ended."""
        self._procedure.lab = self._bench
        self._procedure.emit = self._emit
        self._procedure.should_stop = self._should_stop
        self._procedure.wait_while_paused = lambda: self._control.wait_while_paused(self._bench.lease)
        if self._control.attended:
            self._procedure.ask_operator = self._hold
        with noted(self._writer.path, self._bench.description), self._guarded():
            if self._recorder is not None:
                self._recorder.begin(self._writer.path)
            return self._run()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._bench.guard is not None:
            self._bench.guard.begin(self._writer.path)
        yield
        if self._bench.guard is not None:
            self._bench.guard.end()

    def _hold(self, problem: str) -> None:
        """Hold the run for somebody to look at `problem`. Raises Aborted when it is ended instead."""
        self._bench.source.off()
        self._emit("note", Note(f"held: {problem}"))
        self._control.pause()
        self._events.event.emit(Held(problem))
        self._control.wait_while_paused(self._bench.lease)
        if self._control.aborted:
            raise Aborted(self._control.reason)
        self._emit("note", Note("went on: somebody has looked"))

    def _should_stop(self) -> bool:
        self._bench.lease()
        return self._control.aborted

    def _run(self) -> Outcome:
        self._events.event.emit(RunStarted(self._writer.path, type(self._procedure).__name__))
        worker = threading.Thread(target=self._perform, name="nanoprobe-run", daemon=True)
        worker.start()
        self._control.watch(worker, self._on_abort)
        return self._finish()

    def _perform(self) -> None:
        try:
            self._procedure.startup()
            self._procedure.execute()
            if self._control.aborted:
                raise Aborted(self._control.reason)
        except BaseException as error:
            self._error = error
        self._shut_down()

    def _shut_down(self) -> None:
        if self._error is not None:
            self._make_safe(f"the run ended by {type(self._error).__name__}")
        self._rescue()
        try:
            self._procedure.shutdown()
        except Exception as error:
            _log.exception("shutdown of the procedure failed")
            self._error = self._error or error

    def _on_abort(self) -> None:
        """Make safe at once from this thread, over the abort session, while the run thread may still be in a command."""
        if self._recorder is not None:
            self._recorder.mark(f"{ABORTED}{self._control.reason}")
        self._bench.interlock.latch(self._control.reason)
        self._make_safe(self._control.reason)

    def _make_safe(self, reason: str) -> None:
        report = self._bench.safe_state(reason)
        self._events.event.emit(MadeSafe(report))
        if not report.safe:
            self._error = self._error or NanoprobeError(str(report))
            self._try_note(str(report))

    def _try_note(self, text: str) -> None:
        try:
            self._writer.record(Note(text))
        except NanoprobeError:
            _log.exception("a note could not be stored")

    def _emit(self, topic: str, record: Any) -> None:
        if topic == "progress":
            self._events.event.emit(self._progress(float(record)))
            return
        if topic not in ("results", "batch results", "status"):
            self._store(record)
        self._events.event.emit(Recorded(topic, record))

    def _store(self, record: Any) -> None:
        if self._recorder is not None and isinstance(record, _RESULTS):
            self._recorder.commit()
        try:
            self._writer.record(record)
        except StorageError:
            if isinstance(record, Samples | RampDone | TableRows):
                self._unstored.append(record)
            raise

    def _rescue(self) -> None:
        """Keep samples the run could not take, once the bench is safe, and say where they are."""
        if not self._unstored:
            return
        try:
            place = rescue(self._writer.path, self._unstored)
            self._error = StorageError(f"{self._error}. The samples in memory were kept in {place}")
        except StorageError as error:
            _log.critical("%s", error)

    def _progress(self, percent: float) -> Progress:
        elapsed = time.monotonic() - self._begun
        remaining = elapsed * (100 - percent) / percent if percent > 0 else float("nan")
        return Progress(percent / 100, elapsed, remaining)

    def _end_recording(self) -> None:
        if self._recorder is not None and (missing := self._recorder.end()):
            self._try_note(f"the recording of the wire traffic is not whole: {missing}")

    def _finish(self) -> Outcome:
        self._end_recording()
        self._lease_to_seal()
        status, reason = self._verdict()
        try:
            self._writer.finish(status, reason)
        except NanoprobeError as error:
            self._error = self._error or error
            status, reason = "failed", str(self._error)
        cause = self._bench.interlock.cause
        if self._control.aborted and cause is not None and cause.text == self._control.reason:
            self._bench.interlock.reset("the run engine, after the operator's abort")
        self._events.event.emit(RunEnded(self._writer.path, status, reason))
        return Outcome(self._writer.path, status, self._error)

    def _lease_to_seal(self) -> None:
        """Take time for sealing: the output is off, and a long run on a slow disk must not look like a hang."""
        try:
            self._bench.lease(COMPUTING)
        except NanoprobeError as error:
            self._error = self._error or error

    def _verdict(self) -> tuple[str, str]:
        error = self._error
        if error is None:
            return "finished", ""
        if self._control.aborted or isinstance(error, (Aborted, Interlocked)):
            return "aborted", self._control.reason or str(error)
        if not isinstance(error, NanoprobeError):
            _log.error("the run failed", exc_info=error)
        return "failed", f"{type(error).__name__}: {error}"
