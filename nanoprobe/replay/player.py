"""Playing a recorded run again: the recorded plan through the real drivers, against servers that answer as recorded."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nanoprobe import engine, plugins
from nanoprobe.bench import bench_file, connected
from nanoprobe.benchfile import BenchFile, parse_bench, read_bench_file
from nanoprobe.control import RunControl
from nanoprobe.errors import BadInput, NanoprobeError
from nanoprobe.parameters import describe
from nanoprobe.plan import Plan
from nanoprobe.recording import recordings_of
from nanoprobe.replay.callers import Caller
from nanoprobe.replay.comparing import differences
from nanoprobe.replay.matching import Difference
from nanoprobe.replay.part import Tape
from nanoprobe.replay.stage import Stage
from nanoprobe.storage import Run, RunHeader, open_run
from nanoprobe.storage.disk import check_new
from nanoprobe.tip_record import TipBook, TipRecord

_log = logging.getLogger(__name__)

COMMON = ("bench", "sample", "operator")


@dataclass
class Replayed:
    """What came of a replay. `same`: the drivers sent what was recorded, and every value is the same.

    `wire`: the first command that differs, `sent_from` where in the code it was sent, outermost call first. `values`: the
    stored values that differ. `remarks`: what of the recording could not be used, and what differs without harm.
    """

    path: Path
    status: str = ""
    wire: Difference | None = None
    sent_from: list[Caller] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    error: BaseException | None = None
    cut_off: bool = False
    """Whether the recording stops before its run did, so that only what was done by then has to agree."""
    partial: bool = False
    """Whether only some of the instruments were replayed, so that the values need not agree."""

    @property
    def same(self) -> bool:
        """Whether the replay is the recorded run again."""
        return self.wire is None and (self.partial or not self.values)


def replay(
    path: Path, out: Path, *, pace: float = 0.0, bench: str | None = None, instruments: tuple[str, ...] = ()
) -> Replayed:
    """Play the run at `path` again into a new run at `out`, and compare.

    `pace` 1 keeps the recorded times, 0 is as fast as it can. With `bench` only the roles in `instruments` are replayed
    and the others are those of that bench. Raises BadInput for a run without a usable recording, Unreachable where an
    instrument of `bench` is not there.
    """
    check_new(out)
    with open_run(path) as run:
        header = run.header
    result = Replayed(out, partial=bench is not None)
    tapes = [Tape(recording) for recording in recordings_of(path)]
    plan = _plan(header, result.remarks)
    with ExitStack() as stack:
        rest = _rest(stack, bench, instruments, header)
        tips = stack.enter_context(_tip_of(header))
        for number, tape in enumerate(tapes):
            result.remarks += tape.recording.troubles
            result.cut_off = bool(tape.recording.troubles)
            stage = stack.enter_context(Stage(tape, plugins.dialect, pace=pace, roles=set(instruments) or None))
            _play(result, plan, _description(header, stage, rest), stage, tips, again=number > 0)
            if result.wire is not None:
                break
    _compare(result, path)
    return result


def _plan(header: RunHeader, remarks: list[str]) -> Plan:
    """Return the plan with every parameter as it was, so that a default that has changed since does not matter."""
    known = {info.name for info in describe(plugins.procedure(header.procedure))}
    gone = sorted(header.parameters.keys() - known)
    if gone:
        remarks.append(f"this version's {header.procedure} has no parameter {', '.join(gone)}: left out")
    parameters = {k: v for k, v in header.parameters.items() if k in known and k not in COMMON}
    common = {name: str(header.plan.get(name, "")) for name in COMMON}
    return Plan(procedure=header.procedure, parameters=parameters, **common)


def _rest(stack: ExitStack, bench: str | None, instruments: tuple[str, ...], header: RunHeader) -> BenchFile | None:
    """Return the bench of the instruments that are not replayed."""
    recorded = header.bench["instruments"]
    for role in instruments:
        if role not in recorded:
            raise BadInput(f"the run has no instrument '{role}'; {plugins.suggest(role, recorded)}")
    if bench is None:
        if instruments and set(instruments) != set(recorded):
            raise BadInput("only some instruments are replayed: name the bench of the others with --bench")
        return None
    if not instruments:
        raise BadInput("say which instruments are replayed while the others are those of the bench: --instrument ROLE")
    return read_bench_file(stack.enter_context(bench_file(bench)))


def _description(header: RunHeader, stage: Stage, rest: BenchFile | None) -> BenchFile:
    """Return the recorded bench with the addresses of the servers, and with the instruments of `rest`."""
    bench: dict[str, Any] = {**header.bench["bench"], "guard": False, "record": False}
    instruments = stage.instruments(header.bench["instruments"])
    if rest is not None:
        bench["simulated"] = bench["simulated"] or rest.bench.simulated
        instruments |= {
            role: table.model_dump(mode="json") for role, table in rest.instruments.items() if role not in instruments
        }
    missing = sorted(header.bench["instruments"].keys() - instruments.keys())
    if missing:
        raise BadInput(f"the recording has no session of {', '.join(missing)}, and no bench was named that has")
    return parse_bench({**header.bench, "bench": bench, "instruments": instruments}, "the recorded bench")


def _play(result: Replayed, plan: Plan, description: BenchFile, stage: Stage, tips: Path, *, again: bool) -> None:
    """Play one recording: the begin of the run, or where it was taken up again."""
    control = RunControl()
    stage.on_abort = control.abort
    try:
        with connected(description, stage) as bench:
            bench.tip_folder = tips
            bench.program_limits()
            bench.used = stage.tape.starts_again
            outcome = (
                engine.resume_on(result.path, bench, control=control)
                if again
                else engine.execute_on(plan, bench, result.path, control=control)
            )
        result.status, result.error = outcome.status, outcome.error
    except NanoprobeError as error:
        result.status, result.error = "refused", error
    found = stage.difference or stage.left()
    if found is not None and not (result.cut_off and found.expected is None):
        result.wire, result.sent_from = found, stage.sent_from
    if any(stage.polls):
        result.remarks.append("{} polls more and {} fewer than recorded".format(*stage.polls))


@contextmanager
def _tip_of(header: RunHeader) -> Iterator[Path]:
    """Give the tip the record it had before the run, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="nanoprobe-replay-") as folder:
        known: Mapping[str, Any] = {name: header.tip[name] for name in TipRecord.model_fields if name in header.tip}
        TipBook(Path(folder), simulated=header.simulated).save(TipRecord.model_validate(known))
        yield Path(folder)


def _compare(result: Replayed, path: Path) -> None:
    if not result.path.exists():
        return
    with open_run(path) as old, open_run(result.path) as new:
        whole = old.status in ("finished", "failed") and not result.cut_off
        result.values = list(differences(old, new, whole=whole))
        _compare_status(result, old, new)


def _compare_status(result: Replayed, old: Run, new: Run) -> None:
    if not result.cut_off and old.status != new.status and old.status in ("finished", "failed"):
        result.values.append(f"the run ended '{old.status}', its replay '{new.status}': {result.error}")
