"""The analysis of a map without ramps: its grain boundaries, and how large the grains are."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from scipy.stats import chi2

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate, unknown
from nanoprobe.analysis.findings import Findings, Plot
from nanoprobe.analysis.kind import Choices, Kind, choice
from nanoprobe.analysis.of_run import Image, map_image
from nanoprobe.analysis.sites import Sites, SiteSettings, find_sites
from nanoprobe.errors import BadInput
from nanoprobe.storage import Run, open_run

INTERCEPT = "Poisson count of crossings"
METHODS = {
    "boundaries": (
        "Oriented line filters on current, height and modulus (as far as taken), joined in quadrature; watershed of the sum; "
        "pieces of line that do not stand out are dropped."
    ),
    "grain intercept length": (
        "Length of test lines along both axes over the number of boundaries they cross (linear intercept, ASTM E112); "
        "95 % interval from the count as Poisson's (Garwood 1936)."
    ),
}


class GrainChoices(Choices):
    """Widths that boundaries are looked for with."""

    core: float = choice(20e-9, "m", "standard deviation of a boundary's conducting core across", above=0)
    groove: float = choice(25e-9, "m", "standard deviation of a boundary's groove across", above=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrainMap:
    """What was found: number of triple junctions, of boundary crossings on the test lines, their length (m), contrast."""

    junctions: int
    crossings: int
    line_length: float
    signal_to_noise: float


def intercept_length(sites: Sites) -> tuple[Estimate, int, float]:
    """Return the mean intercept of the grains (m), the number of crossings, and the length of the test lines (m).

    Test lines lie an eighth of the image apart, along both axes: closer ones would cross the same boundary again.
    """
    ny, nx = sites.line.shape
    rows, columns = np.arange(8) * ny // 8 + ny // 16, np.arange(8) * nx // 8 + nx // 16
    crossings = sum(int(_runs(line)) for line in (*sites.line[rows], *sites.line[:, columns].T))
    length = 8 * (sites.frame.width + sites.frame.height)
    if not crossings:
        return unknown("m", INTERCEPT, "no boundary crosses a test line"), 0, length
    tail = (1 - CONFIDENCE) / 2
    most, fewest = chi2.ppf(1 - tail, 2 * crossings + 2) / 2, chi2.ppf(tail, 2 * crossings) / 2
    mean = Estimate(value=length / crossings, low=length / most, high=length / fewest, unit="m", method=INTERCEPT)
    return mean, crossings, length


def _runs(line: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    return int(np.count_nonzero(line[1:] & ~line[:-1]) + line[0])


def segment(run: Run, choices: GrainChoices) -> tuple[Image, Sites]:
    """Return a run's map and its boundaries. Raises BadInput where it has none, or less than half of one."""
    image = map_image(run)
    if image is None or not image.known:
        raise BadInput("no map of current, height or modulus in this run")
    settings = SiteSettings(core=choices.core, groove=choices.groove)
    return image, find_sites(image.current, image.frame, image.height, settings, image.modulus)


def analyse(run: Run, choices: GrainChoices, seed: int) -> Findings:
    """Return the grain structure of a run's map. Raises BadInput where it has none, or less than half of one."""
    _, sites = segment(run, choices)
    mean, crossings, length = intercept_length(sites)
    return Findings(
        numbers={"grain_intercept_length": mean},
        concluded=_concluded(sites, mean, crossings),
        parts=(Plot(title="Boundaries", caption="The map under its boundaries.", draw=partial(draw_at, run.address, choices)),),
        methods=METHODS,
        details=GrainMap(
            junctions=len(sites.junctions),
            crossings=crossings,
            line_length=length,
            signal_to_noise=sites.signal_to_noise,
        ),
    )  # fmt: skip


def _concluded(sites: Sites, mean: Estimate, crossings: int) -> tuple[str, ...]:
    if not sites.line.any():
        return (
            "No grain boundary stands out: the grains may be larger than the map, or the boundaries no better conductors.",
        )
    if not crossings:
        return ("Boundaries were found, but too few to cross a test line: the size of the grains cannot be told.",)
    few = "" if crossings >= 20 else " Few crossings: scan a larger area for a surer number."
    return (
        f"The grains' mean intercept is {mean.text}, from {crossings} crossings; {len(sites.junctions)} triple junctions.{few}",
    )


def draw_at(address: str, choices: GrainChoices) -> Figure:
    """Return the picture of the run at `address`, which is opened and segmented again."""
    with open_run(address) as run:
        return draw(*segment(run, choices))


def draw(image: Image, sites: Sites) -> Figure:
    """Return the map's most telling image under its boundaries."""
    figure = Figure(figsize=(6.6, 5.4), layout="compressed")
    axes = figure.subplots()
    values, colours, name, unit = next(
        (values, colours, name, unit)
        for values, colours, name, unit in (
            (image.current, "inferno", "|current|", "A"),
            (image.modulus, "cividis", "modulus", "Pa"),
            (image.height, "gray", "height", "m"),
        )
        if values is not None
    )
    place = image.frame
    extent = (-place.width / 2, place.width / 2, -place.height / 2, place.height / 2)
    shown = np.abs(values) if name == "|current|" else values
    low, high = np.nanpercentile(shown, [0.5, 99.5])
    picture = axes.imshow(shown, origin="lower", extent=extent, cmap=colours, vmin=low, vmax=high, interpolation="none")
    line = np.ma.masked_where(~sites.line, np.ones(sites.line.shape))
    axes.imshow(line, origin="lower", extent=extent, cmap="cool", vmin=0, vmax=1, alpha=0.8, interpolation="none")
    figure.colorbar(picture, ax=axes, label=name, format=EngFormatter(unit), shrink=0.85)
    axes.set(xlabel="along the fast axis", ylabel="along the slow axis")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(EngFormatter("m"))
    return figure


KIND = Kind(title="map", analyse=analyse, choices=GrainChoices)
