"""The picture of a run: topography, current map, trigger voltages on the surface, and the ramps."""

import os
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from nanoprobe.analysis.of_run import (
    Image,
    RunData,
    kinds_of_points,
    map_image,
    places_on_map,
    sites_of,
    verdicts_of,
)
from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.summary import PointVerdicts, summarise
from nanoprobe.errors import BadInput, StorageError
from nanoprobe.geometry import Frame
from nanoprobe.records import PointState
from nanoprobe.roles import Array
from nanoprobe.units import si

FORMATS = (".png", ".svg", ".pdf")
MARKERS = {Site.INTERIOR: "o", Site.BOUNDARY: "s", Site.TRIPLE_JUNCTION: "^", Site.UNKNOWN: "D"}
"""Shape tells the site, so that the map also reads in grey."""
COLOURS = {Site.INTERIOR: "#0072B2", Site.BOUNDARY: "#D55E00", Site.TRIPLE_JUNCTION: "#009E73", Site.UNKNOWN: "#555555"}
"""Okabe and Ito's colours, told apart by colour-blind readers."""
_VOLTAGES = "viridis"
WARNING = "#B00020"
_MOST_CURVES = 400
_SMALLEST_CURRENT = 1e-14


def draw_run(run: RunData, path: str | os.PathLike[str], title: str = "") -> Path:
    """Draw `run` into `path` (.png, .svg or .pdf) and return it; an existing picture is replaced.

    Parts a run does not have say so in their panel. `title` stands above the picture (sample, date...); a run of a
    simulated bench is marked as such. Raises BadInput for another format, StorageError when it cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise BadInput(f"{target}: pictures are written as {', '.join(FORMATS)}; choose one of these endings")
    figure = draw(run, title)
    try:
        figure.savefig(target, dpi=130)
    except OSError as error:
        raise StorageError(f"{target}: the picture could not be written: {error.strerror or error}") from error
    return target


def draw(run: RunData, title: str = "", kinds: NDArray[np.int8] | None = None) -> Figure:
    """Return the picture of `run` as a figure, for a notebook or a report; `kinds`: each point's `Site`, where it is known."""
    image, points = map_image(run), run.points
    kinds = kinds_of_points(points, sites_of(image)) if kinds is None else kinds
    verdicts = verdicts_of(points)
    figure = Figure(figsize=(13, 11), layout="compressed")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2)
    _head(figure, title, run.simulated)
    _draw_image(panels[0, 0], image, "height", "Topography", "height", "m", "gray")
    _draw_image(panels[0, 1], image, "current", "Current map", "current", "A", "inferno")
    _draw_voltages(panels[1, 0], image, places_on_map(points), verdicts, kinds)
    _draw_ramps(panels[1, 1], run, verdicts, kinds)
    return figure


def _head(figure: Figure, title: str, simulated: bool) -> None:
    figure.suptitle(title or " ", fontsize=13, x=0.01, ha="left")
    if simulated:
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": WARNING}
        style = {"fontsize": 13, "fontweight": "bold", "color": WARNING, "ha": "right", "va": "top", "bbox": box}
        figure.text(0.99, 0.99, "SIMULATED: no real sample", **style)  # type: ignore[arg-type]


def _draw_image(axes: Axes, image: Image | None, channel: str, title: str, name: str, unit: str, colours: str) -> None:
    values = None if image is None else getattr(image, channel)
    axes.set_title(title)
    if image is None or values is None or not np.isfinite(values).any():
        _say(axes, f"no {name} image in this run")
        return
    low, high = np.nanpercentile(values, [0.5, 99.5])
    dark_is_low = high - np.nanmedian(values) >= np.nanmedian(values) - low or channel == "height"
    shown = show_on_surface(axes, image.frame, values, colours if dark_is_low else f"{colours}_r", Normalize(low, high))
    axes.figure.colorbar(shown, ax=axes, label=name, format=EngFormatter(unit), shrink=0.85)


def show_on_surface(
    axes: Axes, frame: Frame, values: Array, colours: str, norm: Normalize, alpha: float = 1.0
) -> AxesImage:
    """Draw `values` (shape (ny, nx)) where their `frame` lies, in scanner coordinates (m)."""
    turn = Affine2D().rotate_around(frame.x, frame.y, frame.angle) + axes.transData
    left, low = frame.x - frame.width / 2, frame.y - frame.height / 2
    extent = (left, left + frame.width, low, low + frame.height)
    shown = axes.imshow(
        values, cmap=colours, norm=norm, origin="lower", extent=extent, alpha=alpha, interpolation="none"
    )
    shown.set_transform(turn)
    axes.set_facecolor("0.9")
    corners = frame.corners()
    axes.set(xlim=(corners[:, 0].min(), corners[:, 0].max()), ylim=(corners[:, 1].min(), corners[:, 1].max()))
    _metres(axes)
    return shown


def _metres(axes: Axes) -> None:
    axes.set(xlabel="x", ylabel="y", aspect="equal")
    axes.xaxis.set_major_formatter(EngFormatter("m"))
    axes.yaxis.set_major_formatter(EngFormatter("m"))


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4")
    axes.set(xticks=[], yticks=[])


def _draw_voltages(
    axes: Axes, image: Image | None, places: Array, verdicts: PointVerdicts, kinds: NDArray[np.int8]
) -> None:
    axes.set_title("Trigger voltage")
    begun = verdicts.state > PointState.PLANNED
    if not begun.any():
        _say(axes, "no point was ramped in this run")
        return
    if image is not None and image.height is not None and np.isfinite(image.height).any():
        low, high = np.nanpercentile(image.height, [0.5, 99.5])
        show_on_surface(axes, image.frame, image.height, "gray", Normalize(low, high), alpha=0.45)
    _metres(axes)
    _mark_points(axes, places, verdicts, kinds)
    axes.figure.legend(handles=_legend(verdicts, kinds), loc="outside lower left", ncols=4, fontsize=9)


def _mark_points(axes: Axes, places: Array, verdicts: PointVerdicts, kinds: NDArray[np.int8]) -> None:
    voltage, open_points = verdicts.voltage, verdicts.done & ~verdicts.hit
    known = voltage[verdicts.hit]
    norm = Normalize(*((known.min(), known.max()) if known.size else (0.0, 1.0)))
    shown = None
    for kind, marker in MARKERS.items():
        here = (kinds == kind) & verdicts.hit
        if here.any():
            shown = axes.scatter(
                places[here, 0],
                places[here, 1],
                c=voltage[here],
                cmap=_VOLTAGES,
                norm=norm,
                marker=marker,
                s=60,
                ec="black",
                lw=0.8,
            )
        still = (kinds == kind) & open_points
        axes.scatter(
            places[still, 0],
            places[still, 1],
            facecolors="none",
            edgecolors="black",
            marker=marker,
            s=60,
            linewidths=1.3,
        )
    failed = (verdicts.state > PointState.PLANNED) & ~verdicts.done
    axes.scatter(places[failed, 0], places[failed, 1], c=WARNING, marker="x", s=45)
    if shown is not None:
        axes.figure.colorbar(shown, ax=axes, label="|trigger voltage|", format=EngFormatter("V"), shrink=0.85)


def _legend(verdicts: PointVerdicts, kinds: NDArray[np.int8]) -> list[Line2D]:
    labels = {kind.label: MARKERS[kind] for kind in MARKERS}
    entries = [
        _key(labels[row.site], "0.6", f"{row.site}: median {row.median.text('V')} (n = {row.points})")
        for row in summarise(verdicts, kinds)
        if row.site in labels
    ]
    open_points = verdicts.done & ~verdicts.hit
    if open_points.any():
        reached = np.nanmax(verdicts.voltage[open_points])
        entries.append(_key("o", "none", f"open: no trigger up to {si(float(reached), 'V')} ({open_points.sum()})"))
    failed = (verdicts.state > PointState.PLANNED) & ~verdicts.done
    if failed.any():
        entries.append(_key("x", WARNING, f"failed or unfinished ({failed.sum()})", edge=WARNING))
    return entries


def _key(marker: str, face: str, label: str, edge: str = "black") -> Line2D:
    return Line2D([], [], ls="none", marker=marker, mfc=face, mec=edge, ms=8, label=label)


def _draw_ramps(axes: Axes, run: RunData, verdicts: PointVerdicts, kinds: NDArray[np.int8]) -> None:
    axes.set_title("Ramps")
    axes.set_box_aspect(1)
    rows = np.flatnonzero((verdicts.state > PointState.PLANNED) & (run.ramps["n_samples"].values > 0))
    if not rows.size:
        _say(axes, "no ramp in this run")
        return
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_CURVES)).astype(np.intp)]
    bias, current = (run.ramps[name].isel(point=rows).values for name in ("bias", "current"))
    size = np.maximum(np.abs(current), _SMALLEST_CURRENT)
    axes.set(yscale="log", xlabel="bias", ylabel="|current|")
    for kind, colour in COLOURS.items():
        lines = [
            np.column_stack([v, i]) for v, i in zip(bias[kinds[rows] == kind], size[kinds[rows] == kind], strict=True)
        ]
        if lines:
            axes.add_collection(
                LineCollection(lines, colors=colour, linewidths=0.7, alpha=0.4, label=f"{kind.label} ({len(lines)})")
            )
    _limit_ramps(axes, bias, size)
    axes.legend(loc="upper left", fontsize=8.5)


def _limit_ramps(axes: Axes, bias: Array, size: Array) -> None:
    """Set the axes so that the ramps run to the right, whichever the sign of the bias, and noise fills no decades."""
    far = bias.flat[np.nanargmax(np.abs(bias))]
    floor, top = np.nanpercentile(size, 2), np.nanmax(size)
    axes.set(xlim=(0, far * 1.03 or 1.0), ylim=(max(floor / 3, _SMALLEST_CURRENT), max(top * 3, floor * 10)))
    axes.xaxis.set_major_formatter(EngFormatter("V"))
    axes.yaxis.set_major_formatter(EngFormatter("A"))
    axes.grid(alpha=0.25)
