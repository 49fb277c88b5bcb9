"""What one run shows: what every kind of analysis hands to the terminal, `--json`, the report and the app."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cycler import cycler

from nanoprobe.analysis.estimate import Estimate, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIMULATED = "SIMULATED: no real sample"
STYLE: dict[str, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.5,
    "axes.prop_cycle": cycler(color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"]),
}
"""How every figure looks: little ink besides the data, colours of Okabe and Ito (2008) for colour-blind readers."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = frozenset({"schema", "simulated", "settings", "runs", "comparison", "methods"})
"""What the top level of `--json` holds besides the headline numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under `headings`. `brief`: the columns a terminal has room for; none keeps it to the report."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    brief: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A figure, drawn only where it is shown. `title` may be empty: then it belongs to the part before it."""

    title: str
    caption: str
    draw: "Callable[[], Figure]" = field(repr=False)

    def figure(self, simulated: bool) -> "Figure":
        """Return it drawn, with the mark of a simulated bench where it has no heading of its own."""
        from matplotlib import style  # here, since it takes half a second that the terminal can do without

        with style.context(STYLE):
            figure = self.draw()
        if simulated and not figure.get_suptitle():
            figure.suptitle(SIMULATED, color="#B00020", fontsize=10, fontweight="bold")
        return figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The results of one run.

    `numbers`: headline numbers by name (snake case; they stand at the top level of `--json`), each with its interval.
    `concluded`: sentences that carry their evidence, what cannot be concluded included. `parts`: tables and figures in
    reading order. `methods`: how each number came about, one sentence each. `details`: a frozen dataclass with
    everything else, for `--json`. Raises ValueError for a name that `--json` could not hold.
    """

    numbers: Mapping[str, Estimate]
    concluded: tuple[str, ...]
    parts: tuple[Table | Plot, ...]
    methods: Mapping[str, str]
    details: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in self.numbers:
            if not _NAME.fullmatch(name) or name in RESERVED or name.endswith(("_interval", "_unit")):
                raise ValueError(f"a headline number cannot be called '{name}'")


def headlines(numbers: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return headline numbers as flat JSON data: `name`, `name_interval` [low, high], `name_unit`; null where not known.

    >>> headlines({"slope": Estimate(value=2.0, low=1.5, high=2.5, unit="1", method="fit")})
    {'slope': 2.0, 'slope_interval': [1.5, 2.5], 'slope_unit': '1'}
    """
    flat: dict[str, Any] = {}
    for name, one in numbers.items():
        flat[name] = plain(one.value)
        flat[f"{name}_interval"] = [plain(one.low), plain(one.high)]
        flat[f"{name}_unit"] = one.unit
    return flat


def label(name: str) -> str:
    """Return a number's name as people read it.

    >>> label("growth_exponent")
    'Growth exponent'
    """
    return name.replace("_", " ").capitalize()
