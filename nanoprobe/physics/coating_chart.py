"""The chart of bare against coated: the design guide for a homogenising layer."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.figure import Figure

from nanoprobe.physics.coating import Coating, Evenness
from nanoprobe.units import si


def draw(found: Sequence[Evenness]) -> Figure:
    """Return the chart: flux over thickness by conductivity, stress over thickness by modulus, the bare ceramic as a line."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    flux, stress = figure.subplots(1, 2)
    bare = next(each for each in found if each.coating is None)
    coated = [(each.coating, each) for each in found if each.coating is not None]
    _curves(flux, coated, lambda layer: (layer.conductivity, "S/m"), lambda each: each.focusing)
    _curves(stress, coated, lambda layer: (layer.modulus, "Pa"), lambda each: each.tension)
    for axes, value, label in (
        (flux, bare.focusing, "flux into the ceramic: largest / mean"),
        (stress, bare.tension, "tension in the ceramic / lithium's pressure"),
    ):
        axes.axhline(value, color="0.4", linestyle="--", label="bare")
        axes.set(xscale="log", xlabel="thickness of the layer (nm)", ylabel=label, ylim=(0, None))
        thicknesses = sorted({1e9 * layer.thickness for layer, _ in coated})
        axes.set_xticks(thicknesses, [f"{each:g}" for each in thicknesses])
        axes.set_xticks([], minor=True)
        axes.legend(frameon=False)
    figure.suptitle("A layer evens out flux and stress at a notch on a grain boundary (finite elements)", fontsize=11)
    return figure


def _curves(
    axes: Any,
    coated: Sequence[tuple[Coating, Evenness]],
    by: Callable[[Coating], tuple[float, str]],
    value: Callable[[Evenness], float],
) -> None:
    """Draw a curve for each value of what `by` names; where several layers share it, the first of each thickness."""
    for key in dict.fromkeys(by(layer) for layer, _ in coated):
        points: dict[float, float] = {}
        for layer, each in coated:
            if by(layer) == key:
                points.setdefault(layer.thickness, value(each))
        axes.plot([1e9 * t for t in sorted(points)], [points[t] for t in sorted(points)], marker="o", label=si(*key))
