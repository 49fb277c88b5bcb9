"""What came back of the lithium: coulombic efficiency and the resistances before and after a heal."""

import math
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.storage import Run

SIGMAS = 2.0
METHODS = {
    "coulombic efficiency": (
        "Charge stripped over charge plated; what leaks through the healed spot is taken off. Interval: twice the standard "
        "uncertainty."
    )
}


def analyse(run: Run, choices: Choices, seed: int) -> Findings:
    """Return the coulombic efficiency of a heal, and the resistances before and after it."""
    table = run.tables.get("heal")
    if table is None or table.sizes["spot"] == 0:
        raise BadInput(f"{run.path} has no finished heal")
    value = {name: float(column[-1]) for name, column in table.items()}
    numbers = {
        "coulombic_efficiency": _known(value["efficiency"], value["efficiency_error"], "1"),
        "charge_stripped": _known(value["stripped"], value["stripped_error"], "C"),
        "resistance_before": _resistance(value["r_before"], value["before_below"]),
        "resistance_after": _resistance(value["r_after"], value["after_below"]),
    }
    series = run.tables["series"]
    plot = Plot(
        title="Healing",
        caption="Current while it heals.",
        draw=partial(draw, series["time"].values, series["current"].values),
    )
    said = tuple(f"{name.replace('_', ' ').capitalize()}: {one.text}." for name, one in numbers.items())
    return Findings(numbers=numbers, concluded=said, parts=(plot,), methods=METHODS)


def _known(value: float, error: float, unit: str) -> Estimate:
    return Estimate(value=value, low=value - SIGMAS * error, high=value + SIGMAS * error, unit=unit, method="2 sigma")


def _resistance(ohm: float, below: float) -> Estimate:
    if below:
        return Estimate(
            value=math.nan, low=ohm, high=math.inf, unit="ohm", method="read floor", note="below the read floor"
        )
    return Estimate(
        value=ohm,
        low=0.8 * ohm,
        high=1.25 * ohm,
        unit="ohm",
        method="one reading, 3 % contact noise",
    )


def draw(time: Array, current: Array) -> Figure:
    """Return |current| over time."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(time, np.abs(current), color="#0072B2")
    axes.set(xlabel="time", ylabel="|current|", yscale="log")
    axes.xaxis.set_major_formatter(EngFormatter("s"))
    axes.yaxis.set_major_formatter(EngFormatter("A"))
    axes.grid(alpha=0.3)
    return figure


KIND = Kind(title="heal", analyse=analyse, choices=Choices)
