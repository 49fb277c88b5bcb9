"""What cycles and loops say of a filament: resistances, on/off ratio, switching voltages, failures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from nanoprobe.analysis.censored import median, share
from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind, choice
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.storage import Run

METHODS = {
    "r_on, r_off": "Median over the cycles, interval of its order statistics; currents below the read floor count as bounds.",
    "on/off ratio": "Median of R_off/R_on of each cycle; where R_off is a bound, so is the ratio.",
    "failed cycles": "Cycles without a window, or without a current in the on state; interval Clopper and Pearson (1934).",
    "set and reset voltage": "Median of the middles of the brackets, as applied (the series resistor included).",
}


class MemristorChoices(Choices):
    """What may be chosen for the analysis of a memristor."""

    window: float = choice(10.0, "1", "least R_off/R_on of a cycle that works", above=1)


@dataclass(frozen=True, slots=True)
class Cycles:
    """Resistances of each cycle (ohm, shape (n,)); `on_below`, `off_below`: they are lower bounds."""

    on: Array
    off: Array
    on_below: NDArray[np.bool_]
    off_below: NDArray[np.bool_]

    @property
    def ratio(self) -> Array:
        """R_off/R_on of each cycle; a lower bound where R_off is, NaN where the on state was not seen."""
        return np.asarray(np.where(self.on_below, np.nan, self.off / self.on))

    def failed(self, window: float) -> NDArray[np.bool_]:
        """Say which cycles show no window: stuck, or no current at all."""
        return np.asarray(self.on_below | ~(self.off >= window * self.on))

    @classmethod
    def of(cls, table: xr.Dataset) -> "Cycles":
        """Return the resistances of a table of cycles or loops."""
        on, off = (np.asarray(table[name].values, dtype=np.float64) for name in ("r_on", "r_off"))
        return cls(on, off, table["on_below"].values == 1, table["off_below"].values == 1)


def summary(cycles: Cycles, window: float) -> dict[str, Estimate]:
    """Return the headline numbers of resistances over cycles."""
    failed = cycles.failed(window)
    return {
        "r_on": median(cycles.on, "ohm", cycles.on_below),
        "r_off": median(cycles.off, "ohm", cycles.off_below),
        "on_off_ratio": median(cycles.ratio, "1", cycles.off_below),
        "failed_cycles": share(int(failed.sum()), len(failed)),
    }


def analyse(run: Run, choices: MemristorChoices, seed: int) -> Findings:
    """Return the numbers of an endurance run, or of hysteresis loops."""
    table = run.tables.get("cycles", run.tables.get("loops"))
    if table is None or table.sizes[str(table.attrs["dim"])] == 0:
        raise BadInput(f"{run.path} has no cycle")
    cycles = Cycles.of(table)
    numbers = summary(cycles, choices.window)
    parts = [
        Plot(title="Cycles", caption="Resistance of each cycle; open: lower bound.", draw=partial(draw_cycles, cycles))
    ]
    if "set_first_above" in table:
        numbers |= _switching(table)
        loops = {name: table[name].values for name in ("bias", "current")}
        parts.append(Plot(title="Loops", caption="Each loop, the first ones lighter.", draw=partial(draw_loops, loops)))
    return Findings(
        numbers=numbers, concluded=tuple(_said(numbers, len(cycles.on))), parts=tuple(parts), methods=METHODS
    )


def _switching(table: xr.Dataset) -> dict[str, Estimate]:
    middles = {
        "set_voltage": (table["set_last_below"] + table["set_first_above"]).values / 2,
        "reset_voltage": (table["reset_last_before"] + table["reset_first_after"]).values / 2,
    }
    return {name: median(np.asarray(values), "V") for name, values in middles.items()}


def _said(numbers: Mapping[str, Estimate], count: int) -> list[str]:
    ratio, failed = numbers["on_off_ratio"], numbers["failed_cycles"]
    return [
        f"Over {count} cycles the on/off ratio is {ratio.text}.",
        f"Share of cycles without a window: {failed.text}.",
    ]


def draw_cycles(cycles: Cycles) -> Figure:
    """Return both resistances over the cycles."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    number = np.arange(len(cycles.on))
    for values, below, colour, name in (
        (cycles.on, cycles.on_below, "#0072B2", "on"),
        (cycles.off, cycles.off_below, "#D55E00", "off"),
    ):
        axes.plot(number[~below], values[~below], "o", markersize=3, color=colour, label=name)
        axes.plot(number[below], values[below], "^", markersize=4, markerfacecolor="none", color=colour)
    axes.set(xlabel="cycle", ylabel="resistance", yscale="log")
    axes.yaxis.set_major_formatter(EngFormatter("ohm"))
    axes.legend()
    axes.grid(alpha=0.3)
    return figure


def draw_loops(loops: Mapping[str, Array]) -> Figure:
    """Return |current| over bias for every loop (shape (loops, samples) each)."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    count = len(loops["bias"])
    for index in range(count):
        alpha = 0.3 + 0.7 * (index + 1) / count
        axes.plot(loops["bias"][index], np.abs(loops["current"][index]), color="#0072B2", alpha=alpha, linewidth=0.8)
    axes.set(xlabel="bias behind the series resistor", ylabel="|current|", yscale="log", ylim=(1e-13, None))
    axes.xaxis.set_major_formatter(EngFormatter("V"))
    axes.yaxis.set_major_formatter(EngFormatter("A"))
    axes.grid(alpha=0.3)
    return figure


KIND = Kind(title="memristor", analyse=analyse, choices=MemristorChoices)
