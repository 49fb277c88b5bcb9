"""The table at the end of a trigger map: how many points triggered at which voltage, by kind of site."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.survival import Quantile, quantiles
from nanoprobe.records import PointState
from nanoprobe.roles import Array

HEADINGS = ("site", "points", "triggered", "censored", "failed", "median", "quartiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """One row: counts, and quartiles of |trigger voltage| (V) with points that did not trigger as censored.

    `points` counts those begun: `triggered` + `censored` + `failed` + `unfinished` (interrupted in mid-ramp).
    """

    site: str
    points: int
    triggered: int
    censored: int
    failed: int
    unfinished: int
    lower_quartile: Quantile
    median: Quantile
    upper_quartile: Quantile

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of HEADINGS."""
        failed = f"{self.failed} (+{self.unfinished} unfinished)" if self.unfinished else str(self.failed)
        counts = (self.points, self.triggered, self.censored, failed)
        spread = f"{self.lower_quartile.text('V')} to {self.upper_quartile.text('V')}"
        return (self.site, *map(str, counts), self.median.text("V"), spread if self.triggered else "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class PointVerdicts:
    """The points of a map: `state` (PointState), `triggered` (0/1), bracket and `censored_at` (V), shape (n,) each."""

    state: NDArray[np.int_]
    triggered: Array
    last_below: Array
    first_above: Array
    censored_at: Array

    @property
    def done(self) -> NDArray[np.bool_]:
        """Points whose ramp came to its end."""
        return np.asarray(self.state == PointState.DONE)

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Points that triggered."""
        return np.asarray(self.done & (self.triggered == 1))

    @property
    def voltage(self) -> Array:
        """|trigger voltage| (V): the middle of the bracket, the censoring bias where none came, NaN where not done."""
        middle = np.abs(self.last_below + self.first_above) / 2
        return np.where(self.done, np.where(self.hit, middle, np.abs(self.censored_at)), np.nan)


def summarise(points: PointVerdicts, sites: ArrayLike | None = None) -> tuple[SummaryRow, ...]:
    """Return a row for each kind of site that occurs, and one for all points.

    `sites` holds a `Site` for each point; None when the kinds are not known, which leaves the row of all points.

    >>> three = np.array([1.0, 1.0, 0.0])
    >>> points = PointVerdicts(state=np.array([2, 2, 2]), triggered=three, last_below=np.array([-2.0, -3.0, np.nan]),
    ...     first_above=np.array([-2.1, -3.1, np.nan]), censored_at=np.array([np.nan, np.nan, -6.0]))
    >>> summarise(points)[0].cells()
    ('all', '3', '2', '1', '0', '3.05 V', '2.05 V to >6 V')
    """
    everywhere = np.ones(len(points.state), dtype=np.bool_)
    chosen = [("all", everywhere)]
    if sites is not None:
        kinds = np.asarray(sites)
        chosen = [(kind.label, kinds == kind) for kind in _ORDER if (points.state[kinds == kind] > 0).any()] + chosen
    return tuple(_row(name, points, mask) for name, mask in chosen)


_ORDER: Sequence[Site] = (Site.INTERIOR, Site.BOUNDARY, Site.TRIPLE_JUNCTION, Site.UNKNOWN)


def _row(name: str, points: PointVerdicts, mask: NDArray[np.bool_]) -> SummaryRow:
    known = points.done & mask & np.isfinite(points.voltage)
    low, middle, high = quantiles(points.voltage[known], points.hit[known])
    counts = {state: int((points.state[mask] == state).sum()) for state in PointState}
    hits = int((points.hit & mask).sum())
    return SummaryRow(
        site=name,
        points=int(mask.sum()) - counts[PointState.PLANNED],
        triggered=hits,
        censored=counts[PointState.DONE] - hits,
        failed=counts[PointState.FAILED],
        unfinished=counts[PointState.BEGUN] + counts[PointState.INTERRUPTED],
        lower_quartile=low,
        median=middle,
        upper_quartile=high,
    )
