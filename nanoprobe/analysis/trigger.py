"""When a dendrite shot in: the verdict on the recorded samples of a ramp, reported as a bracket of the bias.

A *trip* is the instrument's absolute comparison and ends a ramp; a *trigger* is a trip that was also steep: a smooth
background that happens to pass the level is none, and leaves the point censored at its largest bias.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanoprobe.analysis.baseline import exponential_ratio, net_current
from nanoprobe.analysis.crossing import first_that
from nanoprobe.analysis.ramps import Index, Mask, Net, Ramps
from nanoprobe.analysis.surge import SurgeTest, find_surges
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array

NO_INDEX = -1
"""Index of the trigger sample where there is none."""


class Criterion(StrEnum):
    """What a sample above the level must be to count: any; the foot of a steep rise; far above the background's exponential."""

    LEVEL = "level"
    SLOPE = "slope"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings:
    """What counts as a trigger.

    `criterion`: see `Criterion`. `level` (A, > 0): |current| must pass it. `ratio`: for that criterion, |current| over
    the exponential of the preceding `fit_span`. `slope_sigmas` (k) and `slope_samples` (n): d|I|/dt, taken over
    `rise_time` (s), must stand k standard deviations above the slopes of the preceding `fit_span` (V) and stay risen
    for n samples, or as many as the record still has. `quiet_bias` (V): below it nothing is plated, so that what
    flows there besides an ohmic leak is offset and displacement. `capacitance` (F): stray capacitance if known; 0
    leaves the displacement of a ramp at constant rate in the fitted offset (right for the way out, not for a return
    leg at another rate). `series_resistance` (ohm): the drop over it when the surge has come is added back to the
    bracket's upper end, since the bias stood there an instant before.
    """

    criterion: Criterion = Criterion.SLOPE
    level: float = 1e-9
    ratio: float = 10.0
    slope_sigmas: float = 5.0
    slope_samples: int = 2
    rise_time: float = 0.1
    fit_span: float = 0.5
    quiet_bias: float = 0.4
    capacitance: float = 0.0
    series_resistance: float = 0.0

    def __post_init__(self) -> None:
        for name in ("level", "ratio", "slope_sigmas", "slope_samples", "rise_time", "fit_span"):
            if not getattr(self, name) > 0:
                raise BadInput(f"trigger settings: {name} = {getattr(self, name)} must be above 0")
        for name in ("quiet_bias", "capacitance", "series_resistance"):
            if not getattr(self, name) >= 0:
                raise BadInput(f"trigger settings: {name} = {getattr(self, name)} must not be negative")

    @property
    def surge_test(self) -> SurgeTest:
        """The part of the settings that judges a rise."""
        return SurgeTest(self.level, self.slope_sigmas, self.slope_samples, self.rise_time, self.fit_span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The verdict on one ramp; SI, stored signs (plating bias and cathodic current negative).

    `last_below`, `first_above` (V): the bracket, NaN when censored. `index`: the first sample of the trigger, None
    when censored. `censored_at` (V): largest bias reached without a trigger, NaN when triggered. `charge` (C): integral
    of the current, offset and displacement removed; `charge_after_trigger` (C): its part from the last sample below
    on, NaN when censored. `peak_current` (A): largest |current| as read; `overshoot` (A): how far that lies beyond the
    level, 0 when below. `baseline_ratio`: |current| at the trigger (else at the last sample) over the exponential fit
    of the preceding 0.5 V. `offset` (A): what was removed as offset.
    """

    triggered: bool
    last_below: float
    first_above: float
    index: int | None
    charge: float
    charge_after_trigger: float
    peak_current: float
    overshoot: float
    censored_at: float
    baseline_ratio: float
    offset: float

    def values(self) -> dict[str, float]:
        """Return what a run keeps of a point, by its stored name (see `nanoprobe.records.POINT_VALUES`)."""
        return {
            "triggered": float(self.triggered),
            "trigger_last_below": self.last_below,
            "trigger_first_above": self.first_above,
            "censored_at": self.censored_at,
            "charge": self.charge,
            "charge_after_trigger": self.charge_after_trigger,
            "peak_current": self.peak_current,
            "overshoot": self.overshoot,
            "baseline_ratio": self.baseline_ratio,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """The verdicts on many ramps: the fields of `Trigger` as arrays of shape (points,); `index` is -1 for none."""

    triggered: NDArray[np.bool_] = field(repr=False)
    last_below: Array = field(repr=False)
    first_above: Array = field(repr=False)
    index: NDArray[np.intp] = field(repr=False)
    charge: Array = field(repr=False)
    charge_after_trigger: Array = field(repr=False)
    peak_current: Array = field(repr=False)
    overshoot: Array = field(repr=False)
    censored_at: Array = field(repr=False)
    baseline_ratio: Array = field(repr=False)
    offset: Array = field(repr=False)

    def __len__(self) -> int:
        return len(self.triggered)

    def __getitem__(self, point: int) -> Trigger:
        index = int(self.index[point])
        numbers = {
            f.name: float(getattr(self, f.name)[point]) for f in fields(self) if f.name not in ("triggered", "index")
        }
        return Trigger(triggered=index != NO_INDEX, index=None if index == NO_INDEX else index, **numbers)


def detect(time: ArrayLike, bias: ArrayLike, current: ArrayLike, settings: TriggerSettings | None = None) -> Trigger:
    """Judge one ramp: `time` (s), `bias` (V), `current` (A), shape (n,) each, n >= 0.

    Raises BadInput when the shapes differ. The source of the two-fold test is domain.md §4.

    >>> time = np.arange(300) * 0.02
    >>> bias = -0.5 * time
    >>> current = np.where(bias < -2.0, -5e-9, -1e-13)
    >>> verdict = detect(time, bias, current)
    >>> verdict.triggered, round(verdict.last_below, 2), round(verdict.first_above, 2)
    (True, -2.0, -2.01)
    """
    t, v, i = (np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (time, bias, current))
    return detect_map(t, v, i, np.array([i.shape[1]]), settings)[0]


def find_triggers(
    time: ArrayLike, bias: ArrayLike, current: ArrayLike, n_samples: ArrayLike, settings: TriggerSettings | None = None
) -> Index:
    """Return the first sample of each ramp's trigger (shape (points,), -1 for none), and nothing else: the fast way.

    Takes and raises what `detect_map` does.
    """
    settings = settings or TriggerSettings()
    parts = [_surges(ramps, _net(ramps, settings), settings) for ramps in _split(time, bias, current, n_samples)]
    return np.concatenate([np.empty(0, dtype=np.intp), *parts])


def detect_map(
    time: ArrayLike,
    bias: ArrayLike,
    current: ArrayLike,
    n_samples: ArrayLike,
    settings: TriggerSettings | None = None,
    block: int = 256,
) -> Triggers:
    """Judge many ramps: `time`, `bias`, `current` of shape (points, samples), NaN past the end; `n_samples` (points,).

    Works on `block` ramps at a time, so that memory stays bounded. Answers are those of `detect` on each ramp alone.
    Raises BadInput when the shapes differ or a length exceeds the record.
    """
    settings = settings or TriggerSettings()
    parts = [_judge(ramps, settings) for ramps in _split(time, bias, current, n_samples, block)]
    return _join(parts or [_judge(Ramps.empty(), settings)])


def _split(
    time: ArrayLike, bias: ArrayLike, current: ArrayLike, n_samples: ArrayLike, block: int = 256
) -> Iterator[Ramps]:
    """Return the ramps in blocks. Raises BadInput."""
    arrays = [np.asarray(a, dtype=np.float64) for a in (time, bias, current)]
    lengths = np.asarray(n_samples, dtype=np.intp)
    _check_shapes(arrays, lengths)
    t, v, i = arrays
    blocks = (slice(start, start + block) for start in range(0, len(lengths), block))
    return (Ramps(t[rows], v[rows], i[rows], lengths[rows]) for rows in blocks)


def _check_shapes(arrays: list[Array], lengths: NDArray[np.intp]) -> None:
    shapes = {a.shape for a in arrays}
    if len(shapes) != 1 or arrays[0].ndim != 2:
        raise BadInput(f"time, bias and current of a ramp must have one shape, not {[a.shape for a in arrays]}")
    if lengths.shape != arrays[0].shape[:1]:
        raise BadInput(f"{arrays[0].shape[0]} ramps need as many lengths, not an array of shape {lengths.shape}")
    if lengths.size and not 0 <= lengths.min() <= lengths.max() <= arrays[0].shape[1]:
        raise BadInput(f"ramp lengths {lengths.min()}..{lengths.max()} lie outside 0..{arrays[0].shape[1]} samples")


def _join(parts: list[Triggers]) -> Triggers:
    return Triggers(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Triggers)})


def _net(ramps: Ramps, settings: TriggerSettings) -> Net:
    if settings.criterion is Criterion.LEVEL and not settings.capacitance:
        return Net(ramps.current, np.zeros(len(ramps.length)))
    return net_current(ramps, settings.quiet_bias, settings.level, settings.capacitance)


def _surges(ramps: Ramps, net: Net, settings: TriggerSettings) -> Index:
    def is_far_above(rows: Index, index: Index) -> Mask:
        ratio = exponential_ratio(ramps, net, rows, index, settings.rise_time, settings.fit_span)
        return np.asarray(ratio >= settings.ratio)

    def is_any(rows: Index, index: Index) -> Mask:
        return np.ones(len(rows), dtype=np.bool_)

    if settings.criterion is Criterion.SLOPE:
        return find_surges(ramps, net, settings.surge_test)
    return first_that(is_any if settings.criterion is Criterion.LEVEL else is_far_above, ramps, net, settings.level)


def _judge(ramps: Ramps, settings: TriggerSettings) -> Triggers:
    net = net_current(ramps, settings.quiet_bias, settings.level, settings.capacitance)
    surge = _surges(ramps, _net(ramps, settings), settings)
    found = surge >= 0
    peak, farthest = ramps.largest(np.abs(ramps.current)), ramps.farthest()
    charge, charge_after = _charges(ramps, net, surge - 1)
    judged_at, everyone = np.where(found, surge, ramps.length - 1), np.arange(len(surge))
    return Triggers(
        triggered=found,
        last_below=np.where(found, ramps.at(ramps.bias, surge - 1), np.nan),
        first_above=np.where(found, _upper_end(ramps, surge, farthest, settings.series_resistance), np.nan),
        index=surge,
        charge=charge,
        charge_after_trigger=np.where(found, charge_after, np.nan),
        peak_current=peak,
        overshoot=np.maximum(peak - settings.level, 0.0),
        censored_at=np.where(found, np.nan, ramps.at(ramps.bias, farthest)),
        baseline_ratio=exponential_ratio(ramps, net, everyone, judged_at, settings.rise_time, settings.fit_span),
        offset=net.offset,
    )


def _upper_end(ramps: Ramps, surge: Index, farthest: Index, resistance: float) -> Array:
    """Return the largest bias (V) at which the surge can have begun.

    The sample above the level was read with the surge's current dropping over the series resistor, or with the source
    held by its compliance: its bias may lie *before* the last sample below. What counts is the bias that stood there
    with no current, and at the least one more step of the ramp.
    """
    free = ramps.bias + resistance * ramps.current
    here, before = ramps.at(free, surge), ramps.at(free, surge - 1)
    next_step = 2 * before - ramps.at(free, surge - 2)
    towards = np.sign(ramps.at(ramps.bias, farthest))
    return np.asarray(towards * np.fmax(np.fmax(here * towards, before * towards), next_step * towards))


def _charges(ramps: Ramps, net: Net, first: Index) -> tuple[Array, Array]:
    """Return the integral (C, shape (points,)) of the net current over each ramp, and from sample `first` on; by trapezia."""
    real = net.values
    real[:, 1:] += real[:, :-1].copy()
    steps = np.diff(ramps.time, axis=1)
    steps *= real[:, 1:]
    steps /= 2
    number = np.arange(steps.shape[1])
    steps[number >= ramps.length[:, None] - 1] = 0.0
    after = np.where(number >= first[:, None], steps, 0.0)
    return steps.sum(axis=1), after.sum(axis=1)
