"""What the records of a journal amount to: points, ramps, frames, checks, events, status. Pure bookkeeping, no disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.errors import BadInput
from nanoprobe.records import (
    CHECK_VALUES,
    POINT_VALUES,
    CheckDone,
    FrameBegin,
    FrameLine,
    Note,
    PointBegin,
    PointLayout,
    PointState,
    RampDone,
    Samples,
    TableBegin,
    TableRows,
)
from nanoprobe.storage.header import STATUSES, Finished, Resumed, RunHeader
from nanoprobe.storage.kinds import SERIES, Record
from nanoprobe.storage.layout import WAYS, points_group
from nanoprobe.storage.table_entry import TableEntry, check_begin, check_rows, count

LARGEST_FRAME = 1 << 28
"""Most pixels an image may have: what is beyond it is a damaged or hostile record."""


@dataclass(slots=True)
class FrameEntry:
    """One image: how it was begun, how often, and where in the journal each line stands (`lines`: offset, scan)."""

    begin: FrameBegin
    scans: int = 1
    lines: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether every line was measured."""
        return len(self.lines) == self.begin.plan.lines


class Ledger:
    """Takes records in order. Memory: some 300 bytes a point and 200 a line; samples stay in the journal.

    `table`: the columns of group `points`; `ramps[point]`: offsets of the records that hold its samples;
    `lengths[point]`: number of its samples; `superseded`: points whose earlier samples were measured anew.
    """

    def __init__(self) -> None:
        self.header: RunHeader | None = None
        self.started_at = 0.0
        self.layout: PointLayout | None = None
        self.table: dict[str, NDArray[Any]] = points_group(None).blank()
        self.lengths: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.ramps: dict[int, list[int]] = {}
        self.superseded: set[int] = set()
        self.frames: list[FrameEntry] = []
        self.tables: dict[str, TableEntry] = {}
        self.checks: list[tuple[float, CheckDone]] = []
        self.events: list[tuple[float, str]] = []
        self.finished: Finished | None = None
        self.finished_at = 0.0

    def check(self, record: Record) -> None:
        """Raise BadInput when `record` cannot belong to this run; nothing is changed."""
        check = _CHECKS.get(type(record))
        if check is not None:
            check(self, record)

    def apply(self, offset: int, at: float, record: Record) -> None:
        """Take in a record written at `at` (s since 1970) that stands at `offset` of the journal."""
        _APPLY[type(record)](self, offset, at, record)

    def settle(self) -> None:
        """Call points that were begun and never done interrupted: their writer is gone."""
        state = self.table["state"]
        state[state == PointState.BEGUN] = PointState.INTERRUPTED

    def points_in(self, *states: PointState) -> frozenset[int]:
        """Return the indices of the points in any of `states`."""
        return frozenset(np.flatnonzero(np.isin(self.table["state"], states)).tolist())

    def is_known(self, record: Record) -> bool:
        """Say whether a layout or table was given before in the same words (a resumed procedure says it again)."""
        if isinstance(record, TableBegin):
            return record.name in self.tables
        return isinstance(record, PointLayout) and self.layout is not None

    @property
    def longest(self) -> int:
        """Number of samples of the longest ramp so far."""
        return int(self.lengths.max(initial=0))


def _check_layout(ledger: Ledger, record: PointLayout) -> None:
    if record.x.ndim != 1 or record.x.shape != record.y.shape:
        raise BadInput(f"a layout needs as many x as y, one axis each; got {record.x.shape} and {record.y.shape}")
    known = ledger.layout
    if known is not None and not (np.array_equal(known.x, record.x) and np.array_equal(known.y, record.y)):
        raise BadInput("the points differ from those this run was begun with: start a new run for new points")


def _check_point(ledger: Ledger, record: PointBegin | Samples | RampDone) -> None:
    index = record.index if isinstance(record, PointBegin) else record.point
    count = len(ledger.lengths)
    if not 0 <= index < count:
        raise BadInput(f"point {index} is not in this run: it has {count} points, counted from 0")


def _check_series(ledger: Ledger, record: Samples | RampDone) -> None:
    _check_point(ledger, record)
    shapes = {name: np.shape(getattr(record, name)) for name in SERIES}
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 1:
        raise BadInput(f"the samples of point {record.point} need one axis of one length; got {shapes}")


def _check_ramp(ledger: Ledger, record: RampDone) -> None:
    _check_series(ledger, record)
    _check_names("point values", record.values, POINT_VALUES)
    if record.way not in WAYS and record.way:
        raise BadInput(f"unknown way of tripping {record.way!r}; known are {', '.join(WAYS)}")


def _check_check(ledger: Ledger, record: CheckDone) -> None:
    _check_names("check values", record.values, CHECK_VALUES)


def _check_names(what: str, values: Mapping[str, float], known: Mapping[str, Any]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadInput(f"unknown {what}: {', '.join(unknown)}; known are {', '.join(known)}")


def _check_frame(ledger: Ledger, record: FrameBegin) -> None:
    if not 0 <= record.index <= len(ledger.frames):
        raise BadInput(f"frame {record.index} cannot begin: the next one of this run is {len(ledger.frames)}")
    if min(record.plan.pixels, record.plan.lines) < 1 or not record.plan.channels:
        raise BadInput(f"frame {record.index} needs at least one pixel, one line and one channel")
    if record.plan.pixels * record.plan.lines > LARGEST_FRAME:
        raise BadInput(
            f"frame {record.index} of {record.plan.pixels} x {record.plan.lines} pixels is larger than any image"
        )
    if record.index < len(ledger.frames) and ledger.frames[record.index].begin != record:
        raise BadInput(f"frame {record.index} was begun with another plan: use the next index, {len(ledger.frames)}")


def _check_line(ledger: Ledger, record: FrameLine) -> None:
    if not 0 <= record.frame < len(ledger.frames):
        raise BadInput(f"a line of frame {record.frame} came before the frame was begun")
    plan = ledger.frames[record.frame].begin.plan
    if not 0 <= record.line.index < plan.lines:
        raise BadInput(f"line {record.line.index} is not in frame {record.frame}: it has {plan.lines} lines")
    got = {name: np.shape(values) for name, values in record.line.values.items()}
    if got != dict.fromkeys(plan.channels, (2, plan.pixels)):
        raise BadInput(f"a line of frame {record.frame} needs (2, {plan.pixels}) of {plan.channels}; got {got}")


def _check_table(ledger: Ledger, record: TableBegin) -> None:
    check_begin(record, ledger.tables)


def _check_table_rows(ledger: Ledger, record: TableRows) -> None:
    check_rows(record, ledger.tables)


def _check_finished(ledger: Ledger, record: Finished) -> None:
    if record.status not in STATUSES:
        raise BadInput(f"a run cannot end {record.status!r}; it can end {', '.join(STATUSES)}")


def _apply_header(ledger: Ledger, offset: int, at: float, record: RunHeader) -> None:
    ledger.header, ledger.started_at = record, at


def _apply_layout(ledger: Ledger, offset: int, at: float, record: PointLayout) -> None:
    ledger.layout = record
    ledger.table = points_group(record).blank()
    ledger.lengths = np.zeros(len(record.x), dtype=np.int32)
    for name, values in (("x", record.x), ("y", record.y)):
        ledger.table[name][:] = values
        ledger.table[f"{name}_planned"][:] = values


def _apply_point(ledger: Ledger, offset: int, at: float, record: PointBegin) -> None:
    _clear_ramp(ledger, record.index)
    table = ledger.table
    table["state"][record.index] = PointState.BEGUN
    table["way"][record.index] = 0
    table["reason"][record.index] = ""
    for name in POINT_VALUES:
        table[name][record.index] = np.nan
    for name in ("x", "y", "attempt", "drift_x", "drift_y", "drift_confidence"):
        table[name][record.index] = getattr(record, name)


def _clear_ramp(ledger: Ledger, point: int) -> None:
    if ledger.lengths[point]:
        ledger.superseded.add(point)
    ledger.ramps[point] = []
    ledger.lengths[point] = 0


def _apply_samples(ledger: Ledger, offset: int, at: float, record: Samples) -> None:
    ledger.ramps.setdefault(record.point, []).append(offset)
    ledger.lengths[record.point] += len(record.time)


def _apply_ramp(ledger: Ledger, offset: int, at: float, record: RampDone) -> None:
    point, table = record.point, ledger.table
    if table["state"][point] == PointState.DONE:
        ledger.superseded.add(point)
    ledger.ramps[point] = [offset]
    ledger.lengths[point] = len(record.time)
    table["state"][point] = record.state
    table["way"][point] = WAYS.index(record.way or "none")
    table["reason"][point] = record.reason
    for name, value in record.values.items():
        table[name][point] = value


def _apply_frame(ledger: Ledger, offset: int, at: float, record: FrameBegin) -> None:
    if record.index < len(ledger.frames):
        ledger.frames[record.index].scans = min(255, ledger.frames[record.index].scans + 1)
    else:
        ledger.frames.append(FrameEntry(record))


def _apply_line(ledger: Ledger, offset: int, at: float, record: FrameLine) -> None:
    entry = ledger.frames[record.frame]
    entry.lines[record.line.index] = (offset, entry.scans)


def _apply_check(ledger: Ledger, offset: int, at: float, record: CheckDone) -> None:
    ledger.checks.append((at, record))


def _apply_table(ledger: Ledger, offset: int, at: float, record: TableBegin) -> None:
    ledger.tables.setdefault(record.name, TableEntry(record))


def _apply_table_rows(ledger: Ledger, offset: int, at: float, record: TableRows) -> None:
    if count(record):
        ledger.tables[record.table].add(offset, record)


def _apply_note(ledger: Ledger, offset: int, at: float, record: Note) -> None:
    ledger.events.append((at, record.text))


def _apply_resumed(ledger: Ledger, offset: int, at: float, record: Resumed) -> None:
    ledger.settle()
    ledger.finished = None
    ledger.events.append((at, "resumed"))


def _apply_finished(ledger: Ledger, offset: int, at: float, record: Finished) -> None:
    ledger.settle()
    ledger.finished, ledger.finished_at = record, at
    ledger.events.append((at, f"{record.status}: {record.reason}" if record.reason else record.status))


_CHECKS: Mapping[type[Any], Callable[[Ledger, Any], None]] = {
    PointLayout: _check_layout,
    PointBegin: _check_point,
    Samples: _check_series,
    RampDone: _check_ramp,
    CheckDone: _check_check,
    FrameBegin: _check_frame,
    FrameLine: _check_line,
    TableBegin: _check_table,
    TableRows: _check_table_rows,
    Finished: _check_finished,
}
_APPLY: Mapping[type[Any], Callable[[Ledger, int, float, Any], None]] = {
    RunHeader: _apply_header,
    PointLayout: _apply_layout,
    PointBegin: _apply_point,
    Samples: _apply_samples,
    RampDone: _apply_ramp,
    CheckDone: _apply_check,
    TableBegin: _apply_table,
    TableRows: _apply_table_rows,
    FrameBegin: _apply_frame,
    FrameLine: _apply_line,
    Note: _apply_note,
    Resumed: _apply_resumed,
    Finished: _apply_finished,
}
