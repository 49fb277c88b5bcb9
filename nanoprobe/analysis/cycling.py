"""Capacity over cycles: where it begins, how fast it fades, and how much of each charge comes back."""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.analysis.findings import Findings, Plot, Table
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.units import si

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nanoprobe.storage import Run

METHOD = "straight line through the logarithm of the capacity; Student's t"
FEWEST = 5
"""Cycles that a rate of fading needs."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """Whole cycles behind the formation: `number`, `capacity` C (discharge), `efficiency` 1, `polarisation` V; (n,) each."""

    number: Array
    capacity: Array
    efficiency: Array
    polarisation: Array


def cycles_of(run: "Run") -> Cycles:
    """Return the cycles of a run at one current; those of the formation left out. Raises BadInput."""
    table = run.tables.get("cycles")
    if table is None or not table.sizes["cycle"]:
        raise BadInput("the run holds no whole cycle")
    current = np.asarray(table["current"].values)
    same = np.isclose(current, current[-1])
    names = ("number", "discharge_capacity", "coulombic_efficiency", "polarisation")
    return Cycles(*(np.asarray(table[name].values, dtype=np.float64)[same] for name in names))


def capacity_fade(number: Array, capacity: Array) -> Estimate:
    """Return the share of the capacity lost a cycle (1), a constant rate assumed.

    >>> n = np.arange(100.0)
    >>> round(capacity_fade(n, 0.9 * (1 - 0.003) ** n).value, 6)
    0.003
    """
    good = np.isfinite(capacity) & (capacity > 0)
    x, y = number[good], np.log(capacity[good])
    if len(x) < FEWEST:
        return unknown("1", METHOD, f"{len(x)} cycles; a rate needs {FEWEST}")
    away = x - x.mean()
    slope = float((away * y).sum() / (away**2).sum())
    rest = y - y.mean() - slope * away
    error = math.sqrt(float((rest**2).sum()) / (len(x) - 2) / float((away**2).sum()))
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(x) - 2)) * error
    return Estimate(
        value=-math.expm1(slope),
        low=-math.expm1(slope + reach),
        high=-math.expm1(slope - reach),
        unit="1",
        method=METHOD,
    )


def mean_efficiency(efficiency: Array) -> Estimate:
    """Return the mean coulombic efficiency (1)."""
    good = efficiency[np.isfinite(efficiency)]
    if len(good) < 2:
        return unknown("1", "Student's t", f"{len(good)} cycles")
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(good) - 1)) * float(good.std(ddof=1)) / math.sqrt(len(good))
    mean = float(good.mean())
    return Estimate(value=mean, low=mean - reach, high=mean + reach, unit="1", method="Student's t")


def analyse(run: "Run", choices: Choices, seed: int) -> Findings:
    """Return what the cycles of a run show."""
    cycles = cycles_of(run)
    fade, efficiency = capacity_fade(cycles.number, cycles.capacity), mean_efficiency(cycles.efficiency)
    left = cycles.capacity[-1] / cycles.capacity[0]
    return Findings(
        numbers={"capacity_fade": fade, "coulombic_efficiency": efficiency},
        concluded=(_sentence(cycles, fade, left),),
        parts=(
            _table(cycles, left),
            Plot(title="Capacity", caption="Capacity, efficiency.", draw=partial(_draw, cycles)),
        ),
        methods={
            "capacity_fade": "Share of the discharge capacity lost a cycle, from a straight line through its logarithm over all "
            "cycles behind the formation; the interval holds for independent scatter of the single capacities.",
            "coulombic_efficiency": "Mean of discharge over charge capacity of those cycles.",
        },
        details=cycles,
    )


def _sentence(cycles: Cycles, fade: Estimate, left: float) -> str:
    if math.isnan(fade.value):
        return f"{len(cycles.number)} cycles: too few for a rate of fading."
    verdict = "no fading can be told" if not fade.excludes(0.0) else f"{100 * fade.value:.2g} % are lost a cycle"
    return f"After {len(cycles.number)} cycles {100 * left:.1f} % of the capacity are left; {verdict}."


def _table(cycles: Cycles, left: float) -> Table:
    rows = (
        ("cycles", f"{len(cycles.number)}"),
        ("first capacity", si(float(cycles.capacity[0]), "C")),
        ("last capacity", si(float(cycles.capacity[-1]), "C")),
        ("left", f"{100 * left:.2f} %"),
        ("polarisation, last", si(float(cycles.polarisation[-1]), "V")),
    )
    return Table(title="Cycles", headings=("what", "value"), rows=rows, brief=(0, 1))


def _draw(cycles: Cycles) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(cycles.number, cycles.capacity, "o", ms=3, color="#1F5FA8")
    axes.set(xlabel="cycle", ylabel="discharge capacity (C)", ylim=(0, 1.1 * float(np.nanmax(cycles.capacity))))
    right = axes.twinx()
    right.plot(cycles.number, 100 * cycles.efficiency, ".", ms=3, color="#C4571B")
    right.set_ylabel("coulombic efficiency (%)", color="#C4571B")
    right.set_ylim(90, 101)
    return figure


KIND = Kind(title="cycling", analyse=analyse, choices=Choices)
