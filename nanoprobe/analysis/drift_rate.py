"""How fast the sample drifted, as a drift-correct run has measured it."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.force_curve import COVERAGE
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.errors import BadInput
from nanoprobe.storage import Run

METHODS = {
    "drift_rate": "Straight line through the latest shifts against the first image (phase correlation, 1/20 pixel); the "
    "interval from the pixel's part that can be told, or from what the line leaves over where that is more."
}


def analyse(run: Run, choices: Choices, seed: int) -> Findings:
    """Return the drift velocity of a run. Raises BadInput where nothing was measured."""
    drift = run.tables.get("drift")
    if drift is None or not drift.sizes["image"]:
        raise BadInput(f"{run.path} holds no drift: no second image was finished")
    found = _latest(drift.load())
    numbers = {f"drift_rate_{axis}": _rate(found, axis) for axis in "xy"}
    least = float(found["confidence"].values.min())
    return Findings(
        numbers=numbers,
        concluded=(
            f"The sample drifts by {numbers['drift_rate_x'].text} along x, {numbers['drift_rate_y'].text} along y; images "
            f"match with {100 * least:.0f} % confidence or more.",
        ),
        parts=(Plot(title="Drift", caption="Since the first image.", draw=partial(_draw, found)),),
        methods=METHODS,
    )


def _latest(drift: Any) -> Any:
    """Return the rows since the drift was last measured anew, by a resumed run."""
    anew = np.flatnonzero(np.diff(drift["time"].values) <= 0.0)
    return drift.isel(image=slice(int(anew[-1]) + 1 if len(anew) else 0, None))


def _rate(drift: Any, axis: str) -> Estimate:
    value, error = float(drift[f"rate_{axis}"][-1]), float(drift["rate_error"][-1])
    return Estimate(
        value=value, low=value - COVERAGE * error, high=value + COVERAGE * error, unit="m/s", method="least squares"
    )


def _draw(drift: Any) -> Figure:
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes: Axes = figure.subplots()
    for axis in "xy":
        axes.plot(drift["time"].values / 60, drift[f"drift_{axis}"].values * 1e9, "o-", label=axis)
    axes.set(xlabel="time (min)", ylabel="drift (nm)")
    axes.legend()
    return figure


KIND = Kind(title="drift", analyse=analyse, choices=Choices)
