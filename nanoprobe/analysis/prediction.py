"""The analysis of a prediction: does it trigger first where flux and stress said it would?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from nanoprobe.analysis.correlation import Correlation, correlate
from nanoprobe.analysis.estimate import unknown
from nanoprobe.analysis.figure import show_on_surface
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.analysis.resampling import BOOTSTRAP
from nanoprobe.analysis.weakness import QUANTITY, Weakness
from nanoprobe.analysis.weakness_run import Beside, stored_beside, stored_weakness
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array
from nanoprobe.storage import Run, open_run

NOT_YET = "no measured triggers are held against it yet"
OUTER = (1.0, 99.0)
"""Percentiles at the ends of a map's colours."""
CAUSES = (
    ("electrons", "electronic current / mean", "inferno"),
    ("ions", "ionic current / mean", "cividis"),
    ("energy", "stored elastic energy / median", "magma"),
)
METHODS = {
    "prediction": "Electronic and ionic current density at the surface (conduction, finite elements) and elastic energy under a "
    "pull, each over its median: the voltage goes as the inverse square root of the energy (Griffith 1921) and falls by "
    "Tafel's slope 2RT/F for every factor e of current. Its order matters, not its volts.",
    "rank correlation": "Of predicted with measured trigger voltages, points without a trigger counting as above "
    "(Gehan 1965); 95 % interval by bootstrap over points.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Runs it was made from (`map`, `modulus`, `triggers`; None where there was none), and the correlation if there is one."""

    made_from: dict[str, str | None]
    correlation: Correlation | None


def analyse(run: Run, choices: Choices, seed: int) -> Findings:
    """Return how a prediction compares with the measured triggers stored beside it."""
    beside = stored_beside(run)
    found = None if beside is None else judge(beside, seed)
    return Findings(
        numbers={"rank_correlation": unknown("1", BOOTSTRAP, NOT_YET) if found is None else found.rho},
        concluded=tuple(verdict(found)),
        parts=tuple(_parts(run.address, beside is not None)),
        methods=METHODS,
        details=Judged(made_from=dict(run.header.extra.get("made_from", {})), correlation=found),
    )


def judge(beside: Beside, seed: int) -> Correlation:
    """Return the rank correlation of predicted with measured trigger voltages."""
    return correlate(beside.strengths, beside.predicted, QUANTITY, seed)


def verdict(found: Correlation | None) -> Iterator[str]:
    """Say what follows from a correlation, and what does not."""
    if found is None:
        yield (
            "Nothing measured is held against this prediction yet: ramp at the places it picks, then give it the trigger map "
            "(`nanoprobe simulate weakness PREDICTION.zarr --triggers MAP.zarr`)."
        )
        return
    if found.rho.note:
        yield f"Whether it holds cannot be told: {found.rho.note}."
        return
    yield f"Rank correlation with {found.points} measured points: {found.rho.text}, p = {found.p_value:.2g}; {_meaning(found)}"


def _meaning(found: Correlation) -> str:
    if not found.rho.excludes(0.0):
        return "the interval includes 0: these points show no relation, which does not say that there is none."
    if found.rho.value < 0:
        return "the measured order runs against the predicted one: the prediction is refuted."
    return "the interval excludes 0: it triggers first where it was said to. Leakage is not told from fracture by this."


def _parts(address: str, beside: bool) -> Iterator[Plot]:
    points = " Circles: measured, filled where triggered." if beside else ""
    yield Plot(
        title="Predicted trigger voltage",
        caption=f"Dark places are said to trigger first.{points}",
        draw=partial(_at, address, _map_figure),
    )
    yield Plot(
        title="What it follows from",
        caption="Each over its mean or median.",
        draw=partial(_at, address, _causes_figure),
    )


def _at(address: str, draw: Any) -> Figure:
    with open_run(address) as run:
        figure: Figure = draw(stored_weakness(run), stored_beside(run))
        return figure


def _map_figure(weakness: Weakness, beside: Beside | None) -> Figure:
    figure = Figure(figsize=(11, 4.6) if beside else (6.2, 4.8), layout="constrained")
    panels = figure.subplots(1, 2 if beside else 1, squeeze=False)[0]
    _show(panels[0], weakness.frame, weakness.voltage, "predicted", "viridis", "V")
    if beside is not None:
        _mark(panels[0], beside)
        _scatter(panels[1], beside)
    return figure


def _causes_figure(weakness: Weakness, beside: Beside | None) -> Figure:
    figure = Figure(figsize=(13, 3.9), layout="constrained")
    for axes, (name, label, colours) in zip(figure.subplots(1, len(CAUSES)), CAUSES, strict=True):
        _show(axes, weakness.frame, getattr(weakness, name), label, colours, "")
    return figure


def _show(axes: Axes, frame: Frame, values: Array, label: str, colours: str, unit: str) -> None:
    low, high = np.nanpercentile(values, OUTER)
    shown = show_on_surface(axes, frame, values, colours, Normalize(low, high))
    axes.figure.colorbar(shown, ax=axes, label=label, format=EngFormatter(unit) if unit else None, shrink=0.85)


def _mark(axes: Axes, beside: Beside) -> None:
    """Draw the measured points: filled by their voltage where they triggered, else open."""
    failed, voltage = beside.strengths.failed, beside.strengths.middle
    x, y = beside.places.T
    shown = axes.scatter(x[failed], y[failed], c=voltage[failed], cmap="plasma", s=34, ec="white", lw=0.8)
    axes.scatter(x[~failed], y[~failed], facecolors="none", edgecolors="white", s=34, linewidths=1.2)
    if failed.any():
        axes.figure.colorbar(shown, ax=axes, label="measured |trigger voltage|", format=EngFormatter("V"), shrink=0.85)


def _scatter(axes: Axes, beside: Beside) -> None:
    failed, voltage = beside.strengths.failed, beside.strengths.middle
    axes.plot(beside.predicted[failed], voltage[failed], "o", ms=5, mec="white", mew=0.5, label="triggered")
    if not failed.all():
        style = {"ls": "none", "marker": "^", "ms": 6, "mfc": "none", "mec": "#0072B2"}
        axes.plot(beside.predicted[~failed], voltage[~failed], label="no trigger up to there", **style)  # type: ignore[arg-type]
    axes.set(xlabel="predicted", ylabel="measured |trigger voltage|", title="Predicted and measured")
    axes.xaxis.set_major_formatter(EngFormatter("V"))
    axes.yaxis.set_major_formatter(EngFormatter("V"))
    axes.grid()
    axes.legend()


KIND = Kind(title="prediction", analyse=analyse, choices=Choices)
