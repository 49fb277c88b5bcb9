"""The figures of a report: Weibull plot, survival, correlations, and the comparison of runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from nanoprobe.analysis.breakdown import ALL, QUANTITIES, Breakdown, Comparison
from nanoprobe.analysis.effect import Fitted
from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.figure import COLOURS, MARKERS
from nanoprobe.analysis.probability_plot import plotting_positions, probability_plot
from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.survival import survival_curve
from nanoprobe.roles import Array

_STYLE = {site.label: (COLOURS[site], MARKERS[site]) for site in Site} | {ALL: ("#000000", "o")}
_RUN_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
_RUN_MARKERS = "osD^v<>"
_SHARES = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
Style = tuple[str, str]


def breakdown_figure(found: Breakdown) -> Figure:
    """Return Weibull plot and Kaplan-Meier curves of a run's classes."""
    figure = _figure(11, 4.8)
    left, right = figure.subplots(1, 2)
    shown = {one.site: one.fitted for one in found.classes if one.site != ALL or len(found.classes) == 1}
    styles = {site: _STYLE[site] for site in shown}
    _weibull_plot(left, shown, styles)
    _survival_plot(right, shown, styles)
    return figure


def correlation_figure(found: Breakdown) -> Figure:
    """Return trigger voltage against distance, current and modulus, where they are known."""
    known = {name: values for name, values in found.places.about.items() if np.isfinite(values).any()}
    figure = _figure(5.5 * len(known), 4.4)
    for axes, (name, values) in zip(figure.subplots(1, len(known), squeeze=False)[0], known.items(), strict=True):
        _scatter(axes, values, found)
        axes.set(xlabel=name, ylabel="|trigger voltage|")
        axes.xaxis.set_major_formatter(EngFormatter(QUANTITIES[name]))
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_major_formatter(EngFormatter("V"))
        axes.legend()
    return figure


def comparison_figure(runs: Mapping[str, Breakdown], reference: str, comparisons: Sequence[Comparison]) -> Figure:
    """Return Weibull plots of the runs and the ratios of scales against the reference."""
    rows = [one for one in comparisons if np.isfinite(one.effect.scales.value)]
    figure = _figure(11, max(4.6, 0.45 * len(rows) + 1.5))
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    shown = {name: Fitted(run.places.sample, *_fit_of(run)) for name, run in runs.items()}
    styles = {
        name: (_RUN_COLOURS[i % len(_RUN_COLOURS)], _RUN_MARKERS[i % len(_RUN_MARKERS)]) for i, name in enumerate(runs)
    }
    _weibull_plot(left, shown, styles)
    _ratios(
        right, [(f"{one.second}, {one.site}", one.effect.scales) for one in rows], f"scale over that of {reference}"
    )
    return figure


def ratio_figure(rows: Sequence[tuple[str, Estimate]], title: str) -> Figure:
    """Return ratios by name with their intervals."""
    figure = _figure(7, max(2.4, 0.45 * len(rows) + 1.4))
    _ratios(figure.subplots(), rows, title)
    return figure


def _fit_of(found: Breakdown) -> tuple[Any, Any]:
    whole = found.by_site(ALL)
    return (None, None) if whole is None else (whole.fitted.fit, whole.fitted.draws)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="compressed")
    FigureCanvasAgg(figure)
    return figure


def _weibull_plot(axes: Axes, shown: Mapping[str, Fitted], styles: Mapping[str, Style]) -> None:
    axes.set_title("Weibull plot")
    failed = {name: one for name, one in shown.items() if one.sample.failures}
    if not failed:
        _say(axes, "no point triggered")
        return
    for name, one in failed.items():
        _weibull_points(axes, name, one, styles[name])
    _weibull_axes(axes, np.concatenate([one.sample.middle for one in failed.values()]))
    axes.legend(loc="upper left")


def _weibull_points(axes: Axes, name: str, one: Fitted, style: Style) -> None:
    colour, marker = style
    voltage, share = plotting_positions(one.sample)
    label = f"{name} ({one.sample.failures} of {len(one.sample)})"
    if one.fit is not None:
        label += f": m = {one.fit.modulus.value:.3g}"
        plot = probability_plot(one.sample, one.fit)
        axes.plot(plot.line, _height(plot.line_share), color=colour, lw=1.3)
        bounded = np.isfinite(plot.high)
        axes.fill_betweenx(
            _height(plot.line_share)[bounded], plot.low[bounded], plot.high[bounded], color=colour, alpha=0.15, lw=0
        )
    size = 4.5 if len(voltage) < 300 else 2.0
    axes.plot(voltage, _height(share), ls="none", marker=marker, ms=size, mfc=colour, mec="white", mew=0.4, label=label)


def _height(share: Array) -> Array:
    return np.asarray(np.log(-np.log1p(-share)))


def _weibull_axes(axes: Axes, voltages: Array) -> None:
    low, high = float(voltages.min()), float(voltages.max())
    axes.set_xscale("log")
    axes.set(xlim=(low / 1.12, high * 1.12), xlabel="|trigger voltage|", ylabel="share triggered")
    axes.set_ylim(float(_height(np.array(0.003))), float(_height(np.array(0.998))))
    ticks = _round_voltages(low, high).tolist()
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(EngFormatter("V"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(FixedLocator([float(_height(np.array(one))) for one in _SHARES]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{-100 * np.expm1(-np.exp(y)):.3g} %"))
    axes.grid()


def _round_voltages(low: float, high: float) -> Array:
    """Return round voltages between `low` and `high`, far enough apart on a logarithmic axis."""
    wanted = max((high - low) / 5, high * 1e-3)
    power = 10 ** np.floor(np.log10(wanted))
    step = power * min((1, 2, 5, 10), key=lambda one: abs(one * power - wanted))
    ticks = np.arange(np.ceil(low / step), np.floor(high * 1.1 / step) + 1) * step
    nearest = 0.08 * np.log(high / low * 1.25)
    kept: list[float] = []
    for tick in ticks:
        if tick > 0 and (not kept or np.log(tick / kept[-1]) > nearest):
            kept.append(float(tick))
    return np.array(kept)


def _survival_plot(axes: Axes, shown: Mapping[str, Fitted], styles: Mapping[str, Style]) -> None:
    axes.set_title("Kaplan-Meier")
    filled = {name: one for name, one in shown.items() if len(one.sample)}
    if not filled:
        _say(axes, "no finished point")
        return
    for name, one in filled.items():
        _curve(axes, name, one, styles[name][0])
    axes.set(xlabel="|bias|", ylabel="share not triggered", ylim=(-0.02, 1.04))
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(EngFormatter("V"))
    axes.grid()
    axes.legend(loc="lower left")


def _curve(axes: Axes, name: str, one: Fitted, colour: str) -> None:
    curve, end = survival_curve(one.sample.middle, one.sample.failed), float(one.sample.middle.max())
    x = np.concatenate([[0.0], curve.times, [end]])
    level = np.concatenate([[1.0], curve.survival])
    axes.step(x, np.append(level, level[-1]), where="post", color=colour, lw=1.4, label=name)
    low, high = (np.concatenate([[1.0], band]) for band in (curve.low, curve.high))
    axes.fill_between(
        x, np.append(low, low[-1]), np.append(high, high[-1]), step="post", color=colour, alpha=0.13, lw=0
    )
    if not one.sample.failed.all():
        where = np.unique(one.sample.middle[~one.sample.failed])
        axes.plot(where, np.interp(where, x, np.append(level, level[-1])), ls="none", marker="|", ms=7, color=colour)


def _scatter(axes: Axes, values: Array, found: Breakdown) -> None:
    places = found.places
    for site in Site:
        here: NDArray[np.bool_] = (places.kinds == site) & np.isfinite(values)
        for hit, face in ((True, COLOURS[site]), (False, "none")):
            chosen = here & (places.sample.failed == hit)
            if chosen.any():
                label = site.label if hit else f"{site.label}, not triggered"
                axes.scatter(
                    values[chosen],
                    places.sample.middle[chosen],
                    s=26,
                    marker=MARKERS[site],
                    facecolors=face,
                    edgecolors=COLOURS[site],
                    linewidths=0.9,
                    label=label,
                )
    axes.grid()


def _ratios(axes: Axes, rows: Sequence[tuple[str, Estimate]], title: str) -> None:
    axes.set_title(title)
    if not rows:
        _say(axes, "no ratio can be given")
        return
    axes.axvline(1.0, color="0.4", lw=1, ls="--")
    for place, (_, ratio) in enumerate(rows):
        if np.isfinite([ratio.low, ratio.high]).all():
            axes.plot([ratio.low, ratio.high], [place, place], color="#0072B2", lw=2, solid_capstyle="butt")
        axes.plot(ratio.value, place, "o", color="#0072B2", ms=6)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel="ratio, 95 % interval")
    axes.grid(axis="x")


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4")
    axes.set(xticks=[], yticks=[])
