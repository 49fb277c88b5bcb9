"""What a plan will do before it does anything: path, time, bias, current and charge, held against a bench's limits."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from nanoprobe.limits import Limits
from nanoprobe.roles import Array
from nanoprobe.units import duration, si


class Foreseen(Protocol):
    """What every kind of outlook has."""

    @property
    def duration(self) -> float:
        """Time the plan takes at most (s)."""

    @property
    def points(self) -> Array:
        """Places the tip visits (m, shape (n, 2)), in order."""

    @property
    def places(self) -> Array:
        """Further corners the tip goes to (m, shape (k, 2))."""

    def check(self, limits: Limits) -> None:
        """Raise LimitExceeded, naming value, unit and limit, when any part of the plan is beyond `limits`."""

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person wants to know first, as (label, value with unit)."""


def no_places() -> Array:
    """Return an empty list of places (m, shape (0, 2))."""
    return np.empty((0, 2))


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A plan's reach; every number is an upper bound, since a ramp may trip early.

    `points` (m, shape (n, 2)) in the order of the visit; `places` (m, shape (k, 2)) are the further corners the tip
    goes to (images, checks). `duration` s; `bias_min`, `bias_max`, V; `slew_rate` V/s; `current` A is the largest
    compliance and `trip_current` A the trip level (NaN without ramps); `charge` C per point; `force` N; `ramps` and
    `frames` are counts, `samples` the longest ramp's; `scan_length` m is what the tip is dragged while imaging;
    `series_resistance` ohm stands between source and electrode.
    """

    points: Array = field(default_factory=no_places, repr=False)
    places: Array = field(default_factory=no_places, repr=False)
    duration: float
    bias_min: float = 0.0
    bias_max: float = 0.0
    slew_rate: float = 0.0
    current: float
    trip_current: float = math.nan
    charge: float
    force: float
    ramps: int = 0
    samples: int = 0
    frames: int = 0
    scan_length: float = 0.0
    series_resistance: float

    @property
    def reach(self) -> Array:
        """Every place the tip goes to (m, shape (n + k, 2))."""
        return np.concatenate([self.points, self.places])

    @property
    def scan_extent(self) -> float:
        """Largest |x| or |y| the tip goes to (m)."""
        return float(np.abs(self.reach).max(initial=0.0))

    @property
    def path_length(self) -> float:
        """Length of the way from point to point (m), straight lines."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum()) if len(self.points) > 1 else 0.0

    def check(self, limits: Limits) -> None:
        """Raise LimitExceeded, naming value, unit and limit, when any part of the plan is beyond `limits`."""
        for bias in (self.bias_min, self.bias_max):
            limits.check_bias(bias, "the plan's bias")
        limits.check_slew(self.slew_rate, "the plan's ramp rate")
        limits.check_current(self.current, "the plan's compliance")
        limits.check_charge(self.charge, "the plan's charge per point (upper bound)")
        limits.check_force(self.force, "the plan's force")
        for x, y in self.reach:
            limits.check_place(float(x), float(y), "the plan's path")

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person wants to know first, as (label, value with unit)."""
        rows = [("time, at most", duration(self.duration))]
        if self.ramps:
            rows += [
                ("ramps", f"{self.ramps} of up to {self.samples} samples"),
                ("path", f"{si(self.path_length, 'm')} from point to point"),
                ("trip level", si(self.trip_current, "A")),
                ("charge per point, at most", si(self.charge, "C")),
            ]
        if self.frames:
            rows.append(("images", f"{self.frames}, {si(self.scan_length, 'm')} of scanning"))
        return [
            *rows,
            ("bias", f"{si(self.bias_min, 'V')} to {si(self.bias_max, 'V')}"),
            ("current limit", si(self.current, "A")),
            ("series resistor", si(self.series_resistance, "ohm")),
            ("force", si(self.force, "N")),
            ("farthest from the centre", si(self.scan_extent, "m")),
        ]
