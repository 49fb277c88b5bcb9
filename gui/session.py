"""The app's session with one bench: opened, asked and run in a thread of its own. Knows no Qt.

What a panel needs (everything here is called, and answers, in the window's thread unless it says otherwise):

    session.state                      a frozen SessionState; session.state_changed(SessionState) after every change
    session.events.event               the run's events (nanoprobe.events), delivered in the window's thread
    session.open("demo", pace=20.0)    session.close()      session.set_pace(100.0)
    session.ask(do, then, failed)      do(bench) in the bench's thread; then(result) or failed(text) in the window's
    session.read(do, then, failed)     the same for work on disk or in the processor, without a bench
    session.work(do, then, failed)     the same for what takes long: exports, figures; .wait(...) for another process
    session.tell(text, "error")        a line for the log and the status bar; session.told(Message)
    session.run_queue()                start the queue's next plan; also done by itself whenever the queue changes
    session.pause() .resume() .abort() the run that goes on
    session.resume_run(path)           go on with an interrupted run on the open bench
    session.stop()                     STOP; from any thread

A queue is whatever fulfils `gui.plan_queue.PlanQueue`."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from gui.bench_keeper import BenchKeeper
from gui.mailbox import Mailbox
from gui.plan_queue import PlanQueue, QueueItem
from gui.session_core import SessionCore, nothing, threads
from gui.session_state import Phase, RunState
from gui.stop import STOPPED, Stopper, reason_of
from nanoprobe import engine
from nanoprobe.bench import Bench
from nanoprobe.control import RunControl
from nanoprobe.events import Event, Events, Held, MadeSafe, Progress, RunEnded, RunStarted
from nanoprobe.outcome import Outcome
from nanoprobe.outlook import Outlook
from nanoprobe.plan import Plan

__all__ = ["DEMO", "DEMO_PACE", "STOPPED", "PlanQueue", "QueueItem", "Session", "threads"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

DEMO = "demo"
DEMO_PACE = 20.0
"""Simulated seconds per second of the wall clock, unless changed."""


class Session(SessionCore):
    """See the module's text."""

    def __init__(self, queue: PlanQueue, mailbox: Mailbox | None = None) -> None:
        super().__init__(mailbox or Mailbox())
        self.queue = queue
        self._keeper = BenchKeeper()
        self._stopper = Stopper(self._make_safe)
        self._control: RunControl | None = None
        self._starting = False
        queue.changed.connect(self.run_queue)

    # --- the bench

    @property
    def bench(self) -> Bench | None:
        """The open bench. Its limits, wiring and identities may be looked at; talk to it with `ask` alone."""
        return self._keeper.bench

    def open(self, where: str = DEMO, pace: float = DEMO_PACE) -> None:
        """Open a bench file or a named bench, the present one made safe and closed first; the demo at `pace`."""
        if self.state.run is not None:
            self.tell("a run goes on: stop it before another bench is opened", "error")
            return
        demo_pace = pace if where == DEMO else None
        self._set(phase=Phase.OPENING, where=where, pace=demo_pace, error="", name="", identities={})
        self._submit(lambda: self._keeper.open(where, demo_pace), self._opened, self._not_opened)

    def set_pace(self, pace: float) -> None:
        """Open the demo lab anew at `pace` times the wall clock (0: as fast as it can)."""
        self.open(DEMO, pace)

    def close(self) -> None:
        """Make the bench safe and close it."""
        if self.state.run is not None:
            self.tell("a run goes on: stop it before the bench is closed", "error")
            return
        self._set(phase=Phase.CLOSING)
        self._submit(self._keeper.close, lambda _: self._closed(), self._not_closed)

    def _opened(self, bench: Bench) -> None:
        self._set(
            phase=Phase.OPEN,
            name=bench.name,
            simulated=bench.simulated,
            identities=dict(bench.identities),
        )
        self.tell(f"bench '{bench.name}' is open{' (simulated)' if bench.simulated else ''}")
        self.run_queue()

    def _not_opened(self, text: str) -> None:
        self._set(phase=Phase.FAILED, error=text)
        self.tell(f"the bench could not be opened: {text}", "error")

    def _closed(self) -> None:
        self._set(phase=Phase.CLOSED, name="", simulated=False, identities={}, pace=None)

    def _not_closed(self, text: str) -> None:
        self._closed()
        self.tell(f"closing the bench: {text}", "error")

    # --- asking it

    def ask(
        self,
        do: Callable[[Bench], T],
        then: Callable[[T], None] = nothing,
        failed: Callable[[str], None] | None = None,
        *,
        what: str = "",
        only_if_idle: bool = False,
    ) -> bool:
        """Have `do(bench)` done in the bench's thread; False, and nothing done, without a bench or while a run goes on.

        `what` is shown as what the bench is busy with. `only_if_idle`: also refuse while anything else is under way
        (for polling). Without `failed` an error goes to the log.
        """
        if self.state.phase is not Phase.OPEN or self.state.run is not None:
            return False
        if only_if_idle and not self._worker.idle:
            return False
        if what:
            self._set(busy=what)
        self._submit(
            lambda: do(self._keeper.opened()),
            lambda result: self._answered(what, then, result),
            lambda text: self._answered(what, failed or (lambda problem: self.tell(problem, "error")), text),
        )
        return True

    def _answered(self, what: str, take: Callable[[Any], None], result: Any) -> None:
        if what and self.state.busy == what:
            self._set(busy="")
        self._look_at_interlock()
        take(result)

    def look_ahead(self, plan: Plan, then: Callable[[Outlook], None], failed: Callable[[str], None]) -> None:
        """Find out what `plan` would do on the open bench; nothing is touched."""
        bench = self.bench
        if bench is None:
            failed("open a bench first: its limits and wiring decide what a plan may do")
            return
        limits, wiring = bench.limits, bench.wiring
        self.read(lambda: plan.build().outlook(limits, wiring), then, failed)

    # --- runs

    def run_queue(self) -> None:
        """Start the queue's next plan when the bench is open and nothing runs; else do nothing."""
        if self._starting or self.state.phase is not Phase.OPEN or self.state.run is not None:
            return
        self._starting = True
        try:
            item = self.queue.next()
            if item is not None:
                self._start(item)
        finally:
            self._starting = False

    def _start(self, item: QueueItem) -> None:
        plan, out = item.plan, item.out
        self._run(
            RunState(path=out, procedure=plan.procedure),
            lambda events, control: engine.execute_on(plan, self._keeper.opened(), out, events, control),
            lambda outcome: self.queue.done(item, outcome),
        )

    def resume_run(self, path: Path) -> None:
        """Go on with an interrupted run on the open bench, at its next point."""
        if self.state.phase is not Phase.OPEN or self.state.run is not None:
            self.tell(f"{path.name} cannot be resumed now: it needs an open bench on which nothing runs", "error")
            return
        self._run(
            RunState(path=path, procedure=""),
            lambda events, control: engine.resume_on(path, self._keeper.opened(), events, control),
            nothing,
        )

    def _run(
        self,
        state: RunState,
        execute: Callable[[Events, RunControl], Outcome],
        done: Callable[[Outcome], None],
    ) -> None:
        control, events = RunControl(attended=True), Events()
        events.event.connect(self.mailbox.post)
        self._control = control
        self._set(run=state, last_error="")
        self._worker.submit(
            lambda: execute(events, control),
            self._later(lambda outcome: self._ended(outcome, done)),
            self._later(lambda text: self._refused(state.path, text, done)),
        )

    def _refused(self, path: Path, text: str, done: Callable[[Outcome], None]) -> None:
        """The engine said no before anything was touched."""
        self._ended(Outcome(path, "refused", RuntimeError(text)), done)

    def _ended(self, outcome: Outcome, done: Callable[[Outcome], None]) -> None:
        self._control = None
        error = reason_of(outcome)
        self._set(run=None, last_run=outcome.path, last_status=outcome.status, last_error=error)
        text = f"{outcome.path.name}: {outcome.status}{': ' + error if error else ''}"
        self.tell(text, "info" if outcome.status == "finished" else "error")
        self._look_at_interlock()
        self._starting = True  # the queue changes with `done`; what comes next starts after it
        try:
            done(outcome)
        finally:
            self._starting = False
        self.run_queue()

    def pause(self) -> None:
        """Hold the run before its next point or image."""
        if self._control is not None and self.state.run is not None:
            self._control.pause()
            self._set(run=replace(self.state.run, paused=True))

    def resume(self) -> None:
        """Let the run go on."""
        if self._control is not None and self.state.run is not None:
            self._control.resume()
            self._set(run=replace(self.state.run, paused=False))

    def abort(self) -> None:
        """End the run and make the bench safe."""
        if self._control is not None and self.state.run is not None:
            self._control.abort()
            self._set(run=replace(self.state.run, stopping=True))

    # --- STOP

    def stop(self, reason: str = STOPPED) -> None:
        """Make the bench safe at once, whatever goes on; from any thread, returns at once."""
        self._stopper.press(reason)

    def _make_safe(self, reason: str) -> None:
        """In the thread of STOP: nothing here may wait for the window, the bench's thread or the run."""
        bench, control = self._keeper.bench, self._control
        if bench is None:
            self.mailbox.call(lambda: self.tell("STOP: no bench is open, nothing to make safe"))
            return
        bench.interlock.latch(reason)
        if control is not None:
            control.abort(reason)
        report = bench.safe_state(reason)
        self.mailbox.post(MadeSafe(report))
        self.mailbox.call(lambda: self._stopped(bench, reason))

    def _stopped(self, bench: Bench, reason: str) -> None:
        """Once whatever the bench was doing has come to its end, what STOP latched is released again."""
        if self.state.run is not None:
            self._set(run=replace(self.state.run, stopping=True))
        self._look_at_interlock()

        def release() -> None:
            cause = bench.interlock.cause
            if cause is not None and cause.text == reason:
                bench.interlock.reset("the app, after STOP")

        self._submit(release, lambda _: self._look_at_interlock(), lambda text: self.tell(text, "error"))

    def reset_interlock(self) -> None:
        """Clear a latched interlock; the operator has looked at sample and tip."""
        self.ask(lambda bench: bench.interlock.reset("the operator"), what="resetting the interlock")

    def _follow(self, event: Event) -> None:
        run = self.state.run
        if isinstance(event, RunStarted) and run is not None:
            self._set(run=replace(run, path=event.path, procedure=run.procedure or event.procedure))
        elif isinstance(event, Progress) and run is not None:
            self._set(run=replace(run, fraction=event.fraction, elapsed=event.elapsed, remaining=event.remaining))
        elif isinstance(event, Held) and run is not None:
            self._set(run=replace(run, paused=True))
            self.tell(f"The run holds: {event.problem}. Go on, or stop it", "warning")
        elif isinstance(event, MadeSafe):
            self.tell(str(event.report), "warning" if event.report.safe else "error")
        elif isinstance(event, RunEnded):
            _log.info("%s ended: %s %s", event.path, event.status, event.reason)

    def _look_at_interlock(self) -> None:
        cause = None if self.bench is None else self.bench.interlock.cause
        self._set(interlock="" if cause is None else cause.text)

    def shut(self) -> None:
        """Abort what runs, make the bench safe, close it and end every thread; blocks until done (some seconds)."""
        self.queue.changed.disconnect(self.run_queue, missing_ok=True)
        control = self._control
        if control is not None:
            self._stopper.press("leaving the app")
        self._worker.submit(self._keeper.close, nothing, lambda text: _log.error("leaving: %s", text))
        self.end_threads()
        self._stopper.end()
        self._control = None
