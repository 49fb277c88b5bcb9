"""How long a state is kept: the drift of ln R with log time, its extrapolation, and the time at which the state was lost."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray
from scipy.stats import t as student

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind, choice
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.storage import Run

LEAST_READS = 4
LINE = "least squares, Student's t"
METHODS = {
    "drift per decade": "Slope of ln R over log10 t, reads after a loss of the state left out; Student's 95 % interval.",
    "extrapolated resistance": "The same line at the chosen time, 95 % interval for one more reading; supposes no other failure.",
    "time of loss": "Between the last read before and the first read after R changed by the chosen factor.",
}


class RetentionChoices(Choices):
    """What may be chosen for the analysis of retention."""

    until: float = choice(3.15e8, "s", "time to extrapolate to (ten years)", above=0)
    lost: float = choice(10.0, "1", "change of R by which a state is lost", above=1)


@dataclass(frozen=True, slots=True)
class Drift:
    """ln R = `level` + `slope` log10(t): estimates of the slope (a decade) and of R (ohm) at `until` (s)."""

    slope: Estimate
    extrapolated: Estimate
    level: float


def fit_drift(time: Array, resistance: Array, until: float) -> Drift:
    """Fit the drift of R (ohm) over time (s), shape (n,) each. Raises BadInput for fewer than four reads."""
    if len(time) < LEAST_READS:
        raise BadInput(f"{len(time)} reads before the state was lost: a drift needs {LEAST_READS}")
    x, y = np.log10(time), np.log(resistance)
    slope, level = (float(one) for one in np.polyfit(x, y, 1))
    free, spread = len(x) - 2, float(np.sum((x - x.mean()) ** 2))
    sigma = math.sqrt(float(np.sum((y - level - slope * x) ** 2)) / free)
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, free))
    error = reach * sigma / math.sqrt(spread)
    far = math.log10(until)
    value = level + slope * far
    width = reach * sigma * math.sqrt(1 + 1 / len(x) + (far - float(x.mean())) ** 2 / spread)
    return Drift(
        Estimate(value=slope, low=slope - error, high=slope + error, unit="1", method=LINE),
        Estimate(value=_exp(value), low=_exp(value - width), high=_exp(value + width), unit="ohm", method=LINE),
        level,
    )


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def find_loss(time: Array, resistance: Array, factor: float) -> tuple[int, Estimate]:
    """Return how many reads came before the state was lost, and the time of the loss (s).

    The state is lost when R is `factor` away from its median so far; never lost: beyond the last read.
    """
    for index in range(1, len(time)):
        change = abs(math.log(float(resistance[index]) / float(np.median(resistance[:index]))))
        if change > math.log(factor):
            low, high = float(time[index - 1]), float(time[index])
            return index, Estimate(
                value=math.sqrt(low * high), low=low, high=high, unit="s", method="between two reads"
            )
    after = Estimate(
        value=math.nan,
        low=float(time[-1]),
        high=math.inf,
        unit="s",
        method="between two reads",
        note="the state was kept",
    )
    return len(time), after


def analyse(run: Run, choices: RetentionChoices, seed: int) -> Findings:
    """Return drift, extrapolation and time of loss of a retention run."""
    table = run.tables.get("retention")
    if table is None or table.sizes["read"] < 2:
        raise BadInput(f"{run.path} has fewer than two reads")
    time, resistance = (np.asarray(table[name].values, dtype=np.float64) for name in ("time", "resistance"))
    below = table["below"].values == 1
    kept, lost = find_loss(time, resistance, choices.lost)
    numbers = {"time_of_loss": lost}
    usable = np.flatnonzero(~below[:kept])
    drift: Drift | None = None
    try:
        drift = fit_drift(time[usable], resistance[usable], choices.until)
        numbers |= {"drift_per_decade": drift.slope, "extrapolated_resistance": drift.extrapolated}
    except BadInput as error:
        numbers |= {"drift_per_decade": unknown("1", LINE, str(error))}
    said = tuple(f"{name.replace('_', ' ').capitalize()}: {one.text}." for name, one in numbers.items())
    caption = "Reads; open: lower bound; line: the fitted drift."
    plot = Plot(title="Retention", caption=caption, draw=partial(draw, time, resistance, below, drift))
    return Findings(numbers=numbers, concluded=said, parts=(plot,), methods=METHODS)


def draw(time: Array, resistance: Array, below: NDArray[np.bool_], drift: Drift | None) -> Figure:
    """Return the resistance over log time."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(time[~below], resistance[~below], "o", color="#0072B2")
    axes.plot(time[below], resistance[below], "^", markerfacecolor="none", color="#0072B2")
    if drift is not None:
        span = np.geomspace(time.min(), time.max(), 50)
        axes.plot(span, np.exp(drift.level + drift.slope.value * np.log10(span)), color="#D55E00")
    axes.set(xlabel="time", ylabel="resistance", xscale="log", yscale="log")
    axes.xaxis.set_major_formatter(EngFormatter("s"))
    axes.yaxis.set_major_formatter(EngFormatter("ohm"))
    axes.grid(alpha=0.3)
    return figure


KIND = Kind(title="retention", analyse=analyse, choices=RetentionChoices)
