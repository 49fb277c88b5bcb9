"""The run engine: checks a plan, opens the bench, starts or resumes the run, and leaves the bench as it should be."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nanoprobe.bench import Bench, bench_file, open_description
from nanoprobe.benchfile import BenchFile, read_bench_file
from nanoprobe.control import RunControl
from nanoprobe.errors import BadInput, NanoprobeError
from nanoprobe.events import Events
from nanoprobe.execution import Execution
from nanoprobe.outcome import Outcome
from nanoprobe.outlook import Outlook
from nanoprobe.plan import Plan
from nanoprobe.provenance import header
from nanoprobe.storage import RunWriter, open_run
from nanoprobe.storage.disk import check_place

_log = logging.getLogger(__name__)


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
