"""What force curves say together: modulus and adhesion of a place, or as maps."""

import math
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.force_curve import COVERAGE
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.storage import Run
from nanoprobe.units import si

MOST_CURVES = 50
"""Curves drawn at most; more would be one dark band."""
PANELS = (
    ("modulus", "Young's modulus", "Pa", "viridis"),
    ("adhesion", "adhesion", "N", "magma"),
    ("height", "height", "m", "gray"),
)
OUTER = (2.0, 98.0)
"""Percentiles at the ends of a map's colours."""
METHODS = {
    "modulus": "Median over the curves of the DMT modulus of each (least squares on the way out, with contact point and "
    "pull-off). The interval is the median of theirs: deflection sensitivity, spring constant and tip radius are wrong by "
    "the same in every curve and do not average out.",
    "adhesion": "Median pull-off force. The interval is that of one curve: a pull-off that hardly stands out of the noise is "
    "found too small, in every curve alike.",
    "scatter": "Robust relative scatter of the modulus from curve to curve: half the 16-84 % range over the median.",
}


def analyse(run: Run, choices: Choices, seed: int) -> Findings:
    """Return modulus and adhesion of a force-curve or modulus-map run. Raises BadInput where no curve was evaluated."""
    curves = run.tables.get("curves")
    good = None if curves is None else curves.isel(curve=np.flatnonzero(curves["samples"].values > 0)).load()
    if good is None or not good.sizes["curve"]:
        raise BadInput(f"{run.path} has no force curve that could be evaluated")
    modulus, adhesion = _modulus(good), _adhesion(good)
    count, failed = good.sizes["curve"], int(curves.sizes["curve"] - good.sizes["curve"]) if curves is not None else 0
    concluded = [
        f"The modulus is {modulus.text}, the adhesion {adhesion.text}, n = {count}.",
        *([f"{failed} curves could not be evaluated."] if failed else []),
        *_resolved(good),
    ]
    plots = [
        Plot(title="Force curves", caption=f"{min(count, MOST_CURVES)} of {count} curves.", draw=partial(_curves, good))
    ]
    if run.frames and run.header.procedure == "modulus-map":
        frame = run.frames[0].load()
        plots.append(Plot(title="Maps", caption="From the way out of each curve.", draw=partial(_maps, frame)))
    numbers = {"modulus": modulus, "adhesion": adhesion, "scatter": _scatter(good["modulus"].values)}
    return Findings(numbers=numbers, concluded=tuple(concluded), parts=tuple(plots), methods=METHODS)


def _modulus(curves: Any) -> Estimate:
    low, value, high = (float(np.median(curves[name].values)) for name in ("modulus_low", "modulus", "modulus_high"))
    return Estimate(value=value, low=low, high=high, unit="Pa", method="median of the curves' own intervals")


def _adhesion(curves: Any) -> Estimate:
    value, error = (float(np.median(curves[name].values)) for name in ("adhesion", "adhesion_error"))
    reach = COVERAGE * error
    return Estimate(value=value, low=value - reach, high=value + reach, unit="N", method="median of the curves' own")


def _scatter(moduli: Array) -> Estimate:
    finite = moduli[np.isfinite(moduli)]
    if len(finite) < 3:
        return Estimate(
            value=math.nan, low=math.nan, high=math.nan, unit="1", method="", note="fewer than three curves"
        )
    low, middle, high = np.percentile(finite, [16, 50, 84])
    value = float((high - low) / 2 / middle)
    reach = COVERAGE * value / math.sqrt(2 * len(finite))
    return Estimate(value=value, low=max(0.0, value - reach), high=value + reach, unit="1", method="normal")


def _resolved(curves: Any) -> list[str]:
    open_ended = int(np.isinf(curves["modulus_high"].values).sum())
    if not open_ended:
        return []
    stiffness = float(np.median(curves["contact_stiffness"].values))
    return [
        f"{open_ended} of {curves.sizes['curve']} intervals have no upper end: the lever is soft against a contact of "
        f"{si(stiffness, 'N/m')}."
    ]


def _maps(frame: Any) -> Figure:
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axes, (channel, title, unit, colours) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        values = np.asarray(frame[channel].values[1], dtype=np.float64)
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, OUTER) if len(finite) else (0.0, 1.0)
        x, y = frame["x"].values * 1e6, frame["y"].values * 1e6
        shown = axes.imshow(
            values, origin="lower", extent=(x[0], x[-1], y[0], y[-1]), cmap=colours, vmin=low, vmax=high,
            interpolation="none",
        )  # fmt: skip
        figure.colorbar(shown, ax=axes, format=EngFormatter(unit), shrink=0.85)
        axes.set(title=title, xlabel="x (µm)", ylabel="y (µm)")
    return figure


def _curves(curves: Any) -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes: Axes = figure.subplots()
    z = curves["z"].values * 1e9
    for row in range(min(curves.sizes["curve"], MOST_CURVES)):
        for name, colour in (("force_in", "#E69F00"), ("force_out", "#0072B2")):
            label = {"force_in": "in", "force_out": "out"}[name] if row == 0 else None
            axes.plot(z, curves[name].values[row] * 1e9, color=colour, lw=0.7, alpha=0.6, label=label)
    axes.set(xlabel="height of the base above where feedback held it (nm)", ylabel="force (nN)")
    axes.legend()
    return figure


KIND = Kind(title="force curves", analyse=analyse, choices=Choices)
