"""One run of one procedure on an opened bench: executed in a thread, its reports stored, ended safely whatever happens."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nanoprobe.bench import Bench
from nanoprobe.control import RunControl
from nanoprobe.errors import Aborted, Interlocked, NanoprobeError, StorageError
from nanoprobe.events import Events, Held, MadeSafe, Progress, Recorded, RunEnded, RunStarted
from nanoprobe.guard import COMPUTING
from nanoprobe.live_runs import noted
from nanoprobe.outcome import Outcome
from nanoprobe.recording.items import ABORTED
from nanoprobe.records import CheckDone, FrameLine, Note, RampDone, Samples, TableRows
from nanoprobe.storage import RunWriter, rescue

_log = logging.getLogger(__name__)

_RESULTS = (RampDone, CheckDone, FrameLine, TableRows)
"""Records that are committed after the traffic that led to them."""


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
        self._abort_seen, self._abort_marked = threading.Lock(), False

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
        if self._aborted():
            raise Aborted(self._control.reason)
        self._emit("note", Note("went on: somebody has looked"))

    def _should_stop(self) -> bool:
        self._bench.lease()
        return self._aborted()

    def _aborted(self) -> bool:
        """Say whether the end was asked for. Who sees it first writes it down before it acts, or a replay would come late."""
        if not self._control.aborted:
            return False
        with self._abort_seen:
            if self._recorder is not None and not self._abort_marked:
                self._recorder.mark(f"{ABORTED}{self._control.reason}")
            self._abort_marked = True
        return True

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
            if self._aborted():
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
        self._aborted()
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
            ended_well, self._error = self._error is None, self._error or error
            if ended_well:
                self._make_safe("the end of the run could not be stored")
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
