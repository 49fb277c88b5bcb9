"""What came back of the lithium: coulombic efficiency and the resistances before and after a heal."""

import math
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.errors import BadInput
from nanoprobe.storage import Run

SIGMAS = 2.0
METHODS = {
    "coulombic efficiency": (
        "Charge stripped over charge plated. What electrons carry is taken off: through the neck, whose resistance the check "
        "ramp before has shown, until the current drops by what it carried; then through the healed spot. Where the break is "
        "not seen, and beyond the check ramp's bias, anything between none and all of the neck's current is as likely. "
        "Interval: twice the standard uncertainty."
    ),
    "resistance": "Slope of the check ramp by least squares through the origin, each reading weighted by its floor.",
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
    plot = Plot(
        title="Healing",
        caption="Current and bias while it heals; check ramps before and after it (open: below the floor of the reading).",
        draw=partial(draw, run.tables["series"].load(), run.tables["check_ramps"].load()),
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
        method="check ramp, 3 % contact noise",
    )


def draw(series: xr.Dataset, checks: xr.Dataset) -> Figure:
    """Return |current| and bias over time, and the check ramps."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    healing, ramps = figure.subplots(1, 2, width_ratios=(3, 2))
    healing.plot(series["time"], np.abs(series["current"]), color="#0072B2", linewidth=0.9)
    healing.set(xlabel="time", ylabel="|current|", yscale="log")
    healing.xaxis.set_major_formatter(EngFormatter("s"))
    bias = healing.twinx()
    bias.plot(series["time"], series["bias"], color="#999999", linewidth=0.9)
    bias.set(ylabel="bias")
    bias.yaxis.set_major_formatter(EngFormatter("V"))
    _draw_checks(ramps, checks)
    for axes in (healing, ramps):
        axes.yaxis.set_major_formatter(EngFormatter("A"))
        axes.grid(alpha=0.3)
    return figure


def _draw_checks(axes: Axes, checks: xr.Dataset) -> None:
    """Draw the check ramps: what lies below the floor open, at the floor."""
    for after, colour, name in ((0, "#D55E00", "before"), (1, "#0072B2", "after")):
        rows = checks.isel(reading=checks["after"].values == after)
        bias, current, floor = (np.abs(rows[key].values) for key in ("bias", "current", "floor"))
        below = current < floor
        axes.plot(bias[~below], current[~below], "o-", color=colour, label=name)
        axes.plot(bias[below], floor[below], "v", color=colour, markerfacecolor="none")
    axes.set(xlabel="|applied bias|", ylabel="|current|", yscale="log")
    axes.xaxis.set_major_formatter(EngFormatter("V"))
    axes.legend()


KIND = Kind(title="heal", analyse=analyse, choices=Choices)
