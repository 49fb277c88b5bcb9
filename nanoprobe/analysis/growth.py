"""How lithium grew at one spot: charge, radius, and the power of time by which the conductance rose.

At constant bias a deposit of radius r limited by its interface grows as r ~ t and conducts as r^2: the exponent is 2. Limited by
the resistance of spreading into the electrolyte it grows as r ~ t^0.5 and conducts as r: 0.5 (Newman 1966; hemispheres).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter
from scipy.optimize import minimize_scalar
from scipy.stats import f as fisher

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind, choice
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.storage import Run

LEAST_SAMPLES = 8
"""Fewer samples of growth have no exponent."""
LEAST_HALF = 6
"""Samples each half of the growth needs to say by how much the exponent changes."""
RISING = 0.1
"""Growth is looked at from this part of the largest conductance on."""
MODEL = 0.03
"""Half width (1) of the 95 % interval that an exponent has without any noise, since no regime is pure: charge transfer takes
0.12 V a decade of current (2 RT/F ln 10), and other resistances stand in series. An assumption."""
PROFILE = "profile likelihood; in quadrature, what its halves differ beyond noise, and 3 % for what stands in series"
METHODS = {
    "growth exponent": (
        "Least squares of ln(conductance) on ln(t - t0), t0 free, where the conductance rises to its largest; conductance is "
        "current over the bias behind the series resistor. The interval is the profile's, widened in quadrature by how much the "
        "halves differ beyond their noise and by 3 % for charge transfer and other resistances in series."
    ),
    "charge": "Integral of the current without its offset at 0 V; interval: twice the standard uncertainty stored with the run.",
    "equivalent radius": "Hemisphere of lithium of the charge (Faraday): (3 |Q| Vm / 2 pi F)^(1/3).",
}


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """conductance = `factor` (t - `start`)^`exponent` (S, s), over the samples `first` to `last` (excluded)."""

    exponent: Estimate
    start: float
    factor: float
    first: int
    last: int


def rise(conductance: Array) -> slice:
    """Return the samples (shape (n,)) over which the conductance rises from a tenth of its largest value to it.

    >>> rise(np.array([0.0, 0.01, 0.2, 0.5, 1.0, 0.9]))
    slice(2, 5, None)
    """
    peak = int(np.argmax(conductance))
    low = np.flatnonzero(conductance[:peak] < RISING * conductance[peak])
    return slice(int(low[-1]) + 1 if len(low) else 0, peak + 1)


def fit_power_law(time: Array, conductance: Array) -> PowerLaw:
    """Fit a power law to the rise of the conductance (S) over time (s), shape (n,) each. Raises BadInput for too few samples."""
    part = rise(conductance)
    t, y = time[part], np.log(conductance[part])
    if len(t) < LEAST_SAMPLES or not conductance[part].min() > 0:
        raise BadInput(
            f"only {len(t)} samples of growth: an exponent needs {LEAST_SAMPLES}; sample faster, or grow slower"
        )
    slope, height, left, lead = _best(t, y)
    low, high = _profile(t, y, slope, left)
    unseen = math.hypot(_bend(t, y, slope), MODEL * slope)
    exponent = Estimate(
        value=slope,
        low=slope - math.hypot(slope - low, unseen),
        high=slope + math.hypot(high - slope, unseen),
        unit="1",
        method=PROFILE,
    )
    return PowerLaw(exponent, float(t[0]) - lead, math.exp(height), part.start, part.stop)


def _bend(t: Array, y: Array, slope: float) -> float:
    """Return by how much the exponent of one half of the growth differs from `slope`, its noise taken off in quadrature."""
    half = len(t) // 2
    found = [0.0]
    for part in (slice(half), slice(half, None)) if half >= LEAST_HALF else ():
        own, _, left, _ = _best(t[part], y[part])
        low, high = _profile(t[part], y[part], own, left)
        noise = own - low if own > slope else high - own
        found.append(math.sqrt(max((own - slope) ** 2 - noise**2, 0.0)))
    return max(found)


def _best(t: Array, y: Array) -> tuple[float, float, float, float]:
    """Return exponent, ln(factor), the sum of squares that is left, and the time from t0 to the first sample (s)."""

    def residue(log_lead: float) -> float:
        return _line(np.log(t - t[0] + math.exp(log_lead)), y)[2]

    lead = math.exp(float(minimize_scalar(residue, bounds=_leads(t), method="bounded").x))
    return (*_line(np.log(t - t[0] + lead), y), lead)


def _leads(t: Array) -> tuple[float, float]:
    span = float(t[-1] - t[0])
    return math.log(1e-4 * span), math.log(1e2 * span)


def _line(x: Array, y: Array) -> tuple[float, float, float]:
    """Return slope, intercept, and the sum of squares that is left."""
    slope, height = np.polyfit(x, y, 1)
    return float(slope), float(height), float(np.sum((y - height - slope * x) ** 2))


def _profile(t: Array, y: Array, slope: float, left: float) -> tuple[float, float]:
    """Return the exponents between which the sum of squares stays within F(1, n - 3) of its least."""
    free = max(1, len(t) - 3)
    limit = max(left, 1e-12) * (1 + float(fisher.ppf(CONFIDENCE, 1, free)) / free)

    def least(exponent: float) -> float:
        def residue(log_lead: float) -> float:
            rest = y - exponent * np.log(t - t[0] + math.exp(log_lead))
            return float(np.sum((rest - rest.mean()) ** 2))

        return float(minimize_scalar(residue, bounds=_leads(t), method="bounded").fun)

    return _edge(least, limit, slope, -1.0), _edge(least, limit, slope, 1.0)


def _edge(least: Callable[[float], float], limit: float, slope: float, side: float) -> float:
    """Walk from `slope` until the profile passes `limit`, then bisect."""
    step = 0.01
    while step < 8.0 and least(slope + side * step) <= limit:
        step *= 2
    low, high = step / 2, step
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if least(slope + side * middle) <= limit else (low, middle)
    return slope + side * high


class GrowthChoices(Choices):
    """What may be chosen for the analysis of growth."""

    compliance_share: float = choice(
        0.95, "1", "current over the compliance from which it is held, and says nothing", above=0
    )


def analyse(run: Run, choices: GrowthChoices, seed: int) -> Findings:
    """Return charge, radius and exponent of a chrono-growth run, or nucleation and plateau of a galvano-growth run."""
    series, growth = run.tables.get("series"), run.tables.get("growth")
    if series is None or growth is None or growth.sizes["spot"] == 0:
        raise BadInput(f"{run.path} has no finished growth")
    time, bias, current = (series[name].values for name in ("time", "bias", "current"))
    charge, error = float(growth["charge"][-1]), float(growth["charge_error"][-1])
    numbers = {
        "charge": Estimate(value=charge, low=charge - 2 * error, high=charge + 2 * error, unit="C", method="2 sigma")
    }
    numbers["equivalent_radius"] = _radius(charge, error)
    galvanic = bool(np.isnan(float(growth["offset"][-1]))) or run.header.procedure == "galvano-growth"
    fit: PowerLaw | None = None
    if galvanic:
        numbers |= _plateau(bias)
    else:
        offset = float(growth["offset"][-1])
        limit = choices.compliance_share * float(run.header.parameters["compliance"])
        numbers["growth_exponent"], fit = _exponent(time, bias, current - offset, limit)
    concluded = tuple(f"{name.replace('_', ' ').capitalize()}: {one.text}." for name, one in numbers.items())
    plot = Plot(title="Growth", caption=_caption(fit), draw=partial(draw, time, bias, current, fit, galvanic))
    return Findings(numbers=numbers, concluded=concluded, parts=(plot,), methods=METHODS)


def _radius(charge: float, error: float) -> Estimate:
    from nanoprobe.physics.constants import FARADAY, LITHIUM_MOLAR_VOLUME

    low, value, high = (
        float(np.cbrt(1.5 * max(q, 0.0) * LITHIUM_MOLAR_VOLUME / (math.pi * FARADAY)))
        for q in (abs(charge) - 2 * error, abs(charge), abs(charge) + 2 * error)
    )
    return Estimate(value=value, low=low, high=high, unit="m", method="from the charge")


def _exponent(time: Array, bias: Array, current: Array, limit: float) -> tuple[Estimate, PowerLaw | None]:
    free = np.abs(current) < limit
    conductance = np.where(free & (bias != 0), current / np.where(bias == 0, 1.0, bias), 0.0)
    try:
        fit = fit_power_law(time, conductance)
    except BadInput as error:
        return unknown("1", PROFILE, str(error)), None
    return fit.exponent, fit


def _plateau(bias: Array) -> dict[str, Estimate]:
    peak, late = float(bias.min()), bias[len(bias) // 2 :]
    low, high = (float(edge) for edge in np.percentile(late, [2.5, 97.5]))
    near = np.sort(bias)[: max(2, min(3, len(bias)))]
    return {
        "nucleation_bias": Estimate(
            value=peak, low=-math.inf, high=float(near[-1]), unit="V", method="largest |bias| sampled"
        ),
        "plateau_bias": Estimate(
            value=float(np.median(late)), low=low, high=high, unit="V", method="range of the later half"
        ),
    }


def _caption(fit: PowerLaw | None) -> str:
    return (
        "Samples of the growth." if fit is None else f"Samples of the growth; line: (t - t0)^{fit.exponent.value:.2f}."
    )


def draw(time: Array, bias: Array, current: Array, fit: PowerLaw | None, galvanic: bool) -> Figure:
    """Return current, or bias where the current was forced, over time."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    values, unit, name = (bias, "V", "bias") if galvanic else (np.abs(current), "A", "|current|")
    axes.plot(time, values, ".-", markersize=4, color="#0072B2")
    if fit is not None:
        part = slice(fit.first, fit.last)
        line = fit.factor * (time[part] - fit.start) ** fit.exponent.value * np.abs(bias[part])
        axes.plot(time[part], line, color="#D55E00", linewidth=2)
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):  # growth often takes less than a decade of time
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="time", ylabel=name)
    axes.xaxis.set_major_formatter(EngFormatter("s"))
    axes.yaxis.set_major_formatter(EngFormatter(unit))
    axes.grid(alpha=0.3)
    return figure


KIND = Kind(title="growth", analyse=analyse, choices=GrowthChoices)
