"""What the ramp view shows: the ramp that runs, earlier ones behind it, the one that was asked for. No Qt."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from gui.growing import Growing
from nanoprobe.events import Event, Recorded, RunStarted
from nanoprobe.records import POINT_VALUES, PointBegin, PointLayout, PointState, RampDone, Samples
from nanoprobe.roles import Array
from nanoprobe.storage import Run
from nanoprobe.units import si

MOST_KEPT = 256
"""Ramps kept in memory; others are read from the run when asked for."""
MOST_DRAWN = 1600
"""Samples of a ramp drawn while all of it is in view; more than there are pixels."""
BEHIND = 20
"""Ramps drawn faintly behind the one that is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """One ramp. `time` s, `bias` V, `current` A, shape (n,) each; `values` as in POINT_VALUES, empty while it runs."""

    point: int
    time: Array = field(repr=False)
    bias: Array = field(repr=False)
    current: Array = field(repr=False)
    values: Mapping[str, float] = field(default_factory=dict)
    way: str = ""
    state: PointState = PointState.BEGUN

    @property
    def bracket(self) -> tuple[float, float] | None:
        """The trigger lies between these two biases (V); None without a trigger."""
        pair = tuple(self.values.get(name, np.nan) for name in ("trigger_last_below", "trigger_first_above"))
        return (pair[0], pair[1]) if np.isfinite(pair).all() else None

    @property
    def trigger_time(self) -> float:
        """Time of the first sample at or beyond the upper end of the bracket (s); NaN without a trigger."""
        if self.bracket is None or not len(self.time):
            return float("nan")
        return float(self.time[int(np.argmin(np.abs(self.bias - self.bracket[1])))])

    def verdict(self) -> str:
        """Say what came of it, in words and numbers."""
        if self.state is PointState.BEGUN:
            return f"point {self.point}: running, {len(self.time)} samples"
        if self.bracket is not None:
            low, high = (si(value, "V") for value in self.bracket)
            charge = si(self.values.get("charge", float("nan")), "C")
            return f"point {self.point}: triggered between {low} and {high}, charge {charge}"
        reached = si(self.values.get("censored_at", float("nan")), "V")
        return f"point {self.point}: {self.state.name.lower()}, no trigger up to {reached}"


def signed_log(current: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Return decades above `floor` (A) with the sign of `current`: 0 at and below the floor, 1 at ten times the floor.

    >>> signed_log(np.array([-1e-9, 1e-13, 1e-12]), 1e-12).tolist()
    [-3.0, 0.0, 0.0]
    """
    decades = np.log10(np.maximum(np.abs(current) / floor, 1.0))
    return np.asarray(np.sign(current) * decades)


def thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], most: int = MOST_DRAWN
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `x`, `y` (shape (n,)) with least and largest `y` of each of `most`/2 stretches, in their order.

    The curve looks the same where there are more samples than pixels; up to `most` samples nothing is left out.

    >>> [part.tolist() for part in thinned(np.arange(6.0), np.array([0, 5.0, 1, -3, 2, 2]), most=4)]
    [[0.0, 1.0, 3.0, 4.0], [0.0, 5.0, -3.0, 2.0]]
    """
    step = -(-2 * len(y) // most)
    if len(y) <= most:
        return x, y
    whole = len(y) // step * step
    blocks = np.nan_to_num(y[:whole]).reshape(-1, step)
    starts = np.arange(0, whole, step)
    ends = np.column_stack([starts + blocks.argmin(axis=1), starts + blocks.argmax(axis=1)])
    kept = np.append(np.sort(ends, axis=1).ravel(), np.arange(whole, len(y)))
    return x[kept], y[kept]


class RampModel:
    """Ramps by point. `changed`: the one looked at changed; `chosen`: another one is looked at;
    `wanted`: (run, point) has to be read from disk and given to `take_ramp`."""

    changed = Signal()
    chosen = Signal()
    wanted = Signal(Path, int)

    def __init__(self) -> None:
        self.run: Path | None = None
        self.live: int | None = None
        self.looked_at: int | None = None
        self.follow = True
        self.revision = 0
        self._ramps: OrderedDict[int, Ramp] = OrderedDict()
        self._running = _Running()

    # --- from the run

    def take(self, event: Event) -> None:
        """Take an event of the run."""
        if isinstance(event, RunStarted):
            self.clear(event.path)
        elif isinstance(event, Recorded):
            self._record(event.record)

    def _record(self, record: object) -> None:
        if isinstance(record, PointLayout):
            self.clear(self.run)
        elif isinstance(record, PointBegin):
            self._running = _Running()
            self.live = record.index
        elif isinstance(record, Samples):
            self._running.add(record)
            self._keep(self._running.ramp(record.point))
            self._follow(record.point)
        elif isinstance(record, RampDone):
            self._keep(_finished(record))
            self._follow(record.point)
            self.live = None

    def _follow(self, point: int) -> None:
        """Go over to a ramp once it has something to show."""
        if self.follow and self.looked_at != point:
            self.looked_at = point
            self.chosen.emit()

    def clear(self, run: Path | None) -> None:
        """Start over for `run`."""
        self.run, self.live, self.looked_at, self.follow = run, None, None, True
        self._ramps.clear()
        self._touch()
        self.chosen.emit()

    def _keep(self, ramp: Ramp) -> None:
        self._ramps[ramp.point] = ramp
        self._ramps.move_to_end(ramp.point)
        while len(self._ramps) > MOST_KEPT:
            self._ramps.popitem(last=False)
        self._touch()

    def _touch(self) -> None:
        self.revision += 1
        self.changed.emit()

    # --- from the operator

    def look_at(self, point: int) -> None:
        """Look at the ramp of `point`; asks for it where it is not in memory."""
        self.looked_at = point
        self.follow = point == self.live or (self.live is None and point == max(self._ramps, default=point))
        if point not in self._ramps and point != self.live and self.run is not None:
            self.wanted.emit(self.run, point)
        self._touch()
        self.chosen.emit()

    def follow_live(self) -> None:
        """Look at whatever ramp runs."""
        newest = next(reversed(self._ramps), None)
        if newest is not None:
            self.look_at(newest)
        self.follow = True

    def step(self, by: int) -> None:
        """Look at the next or the previous point that is there."""
        points = sorted(self._ramps)
        if not points:
            return
        at = points.index(self.looked_at) if self.looked_at in points else 0
        self.look_at(points[max(0, min(len(points) - 1, at + by))])

    def take_ramp(self, run: Path, ramp: Ramp | None) -> None:
        """Take a ramp read from disk; one of another run comes too late and is left."""
        if run == self.run and ramp is not None:
            self._keep(ramp)

    # --- for the view

    @property
    def shown(self) -> Ramp | None:
        """The ramp that is looked at."""
        return None if self.looked_at is None else self._ramps.get(self.looked_at)

    def behind(self) -> list[Ramp]:
        """Return the ramps to draw faintly: the latest ones but the one looked at."""
        others = [ramp for point, ramp in self._ramps.items() if point != self.looked_at]
        return others[-BEHIND:]


class _Running:
    """The samples of the running ramp: a batch costs the same however long the ramp is."""

    def __init__(self) -> None:
        self._point = -1
        self._samples = Growing(inner=(3,))

    def add(self, samples: Samples) -> None:
        """Take more."""
        if samples.point != self._point:
            self._point, self._samples = samples.point, Growing(inner=(3,))
        self._samples.add(np.column_stack([samples.time, samples.bias, samples.current]))

    def ramp(self, point: int) -> Ramp:
        """Return the ramp so far."""
        time, bias, current = self._samples.rows.T
        return Ramp(point=point, time=time, bias=bias, current=current)


def _finished(record: RampDone) -> Ramp:
    return Ramp(
        point=record.point,
        time=record.time,
        bias=record.bias,
        current=record.current,
        values=record.values,
        way=record.way,
        state=record.state,
    )


def read_ramp(run: Run, point: int) -> Ramp | None:
    """Return a ramp of a stored run; None where that point has none."""
    ramps, points = run.ramps, run.points
    if point >= ramps.sizes.get("point", 0):
        return None
    one, place = ramps.isel(point=point), points.isel(point=point)
    count = int(one["n_samples"])
    names = set(place.variables)
    return Ramp(
        point=point,
        **{name: np.array(one[name].values[:count], dtype=np.float64) for name in ("time", "bias", "current")},
        values={name: float(place[name]) for name in POINT_VALUES if name in names},
        way=str(place["way"].item()) if "way" in names else "",
        state=PointState(int(place["state"])),
    )
