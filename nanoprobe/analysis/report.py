"""The report on runs: one HTML file that holds everything, and the same numbers as plain data."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nanoprobe.analysis import page
from nanoprobe.analysis.breakdown import Breakdown, Comparison
from nanoprobe.analysis.comparison import RunComparison, RunResult
from nanoprobe.analysis.estimate import CONFIDENCE, plain
from nanoprobe.analysis.methods import METHODS
from nanoprobe.analysis.plots import breakdown_figure, comparison_figure, correlation_figure
from nanoprobe.analysis.resampling import RESAMPLES
from nanoprobe.errors import BadInput, StorageError

SCHEMA = "nanoprobe-analysis/1"
SIMULATED = "SIMULATED: no real sample"
CLASS_HEADINGS = (
    "sites", "triggered / finished", "share triggered", "median (Kaplan-Meier)", "Weibull scale V0", "modulus m",
    "V0, bootstrap", "m, bootstrap",
)  # fmt: skip
COMPARISON_HEADINGS = ("compared", "ratio of scales", "ratio of medians", "statistic (df)", "p", "p adjusted")


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one call: the runs, their comparison (None for one run) and the `seed` of everything drawn at random."""

    runs: Sequence[RunResult]
    compared: RunComparison | None
    seed: int

    def data(self) -> dict[str, Any]:
        """Return everything as JSON data; what is not known, or has no bound, is null."""
        return {
            "schema": SCHEMA,
            "simulated": any(run.provenance.simulated for run in self.runs),
            "settings": self.settings(),
            "runs": [plain(run) for run in self.runs],
            "comparison": plain(self.compared),
            "methods": METHODS,
        }

    def settings(self) -> dict[str, Any]:
        """Return what the numbers depend on besides the data."""
        return {"confidence": CONFIDENCE, "resamples": RESAMPLES, "seed": self.seed}


def write_report(results: Results, overviews: Mapping[str, Figure], path: Path) -> Path:
    """Write the report to `path` (.html) and return it; `overviews` holds the picture of each run by name.

    An existing report is replaced only once the new one is whole. Raises BadInput for another ending, StorageError when it cannot
    be written.
    """
    check_target(path)
    text = page.page(_title(results), _body(results, overviews))
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise StorageError(f"{path}: the report could not be written: {error.strerror or error}") from error
    return path


def check_target(path: Path) -> None:
    """Raise BadInput where no report can be written to `path`, before any work is done."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"{path}: a report is written as .html; choose this ending")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadInput(f"{path}: a report needs a folder that exists and a name that is not one")


def _title(results: Results) -> str:
    return f"Trigger statistics: {', '.join(run.name for run in results.runs)}"


def _body(results: Results, overviews: Mapping[str, Figure]) -> Iterator[str]:
    yield page.heading(1, _title(results))
    if any(run.provenance.simulated for run in results.runs):
        yield page.paragraph(SIMULATED, "simulated")
    if results.compared is not None:
        yield from _compared(results.runs, results.compared)
    for run in results.runs:
        yield from _run(run, overviews.get(run.name))
    yield page.heading(2, "How each number was computed")
    yield page.table(("number", "how"), METHODS.items())
    yield page.table(("setting", "value"), _pairs(results.settings()))


def _compared(runs: Sequence[RunResult], compared: RunComparison) -> Iterator[str]:
    yield page.heading(2, f"Comparison with {compared.reference}")
    yield page.bullets(compared.concluded)
    if len(runs) > 2:
        test = compared.overall
        yield page.paragraph(f"All runs at once: {test.note or f'p = {test.p_value:.3g}'}, not adjusted.")
    yield page.table(("run", *CLASS_HEADINGS), [(run.name, *row) for run in runs for row in class_rows(run.breakdown)])
    yield page.table(COMPARISON_HEADINGS, comparison_rows(compared.comparisons))
    yield page.picture(
        comparison_figure(runs, compared), "Left: all points of each run. Right: effect sizes.", "compare"
    )
    if compared.different:
        rows = [(name, *values) for name, values in compared.different.items()]
        yield page.heading(3, "Settings that differ")
        yield page.table(("setting", *(run.name for run in runs)), rows)


def _run(run: RunResult, overview: Figure | None) -> Iterator[str]:
    found, origin = run.breakdown, run.provenance
    yield page.heading(2, run.name)
    if origin.simulated:
        yield page.paragraph(SIMULATED, "simulated")
    if origin.status != "finished":
        yield page.paragraph(f"This run is {origin.status}: points not yet measured are missing.")
    yield page.heading(3, "What can and cannot be concluded")
    yield page.bullets(run.concluded)
    yield page.table(CLASS_HEADINGS, class_rows(found))
    caption = (
        "Weibull plot (median ranks, fit, pointwise 95 % band) and Kaplan-Meier curves; ticks: points not triggered."
    )
    yield page.picture(breakdown_figure(found, origin.simulated), caption, f"weibull {run.name}")
    if found.comparisons:
        yield page.heading(3, "Between kinds of sites")
        yield page.table(COMPARISON_HEADINGS, comparison_rows(found.comparisons))
    yield from _correlations(run)
    yield from _areas(found)
    if overview is not None:
        yield page.picture(overview, "The run: images, trigger voltages on the surface, ramps.", f"overview {run.name}")
    yield page.folded("Settings and provenance", _provenance(run))


def _correlations(run: RunResult) -> Iterator[str]:
    rows = [
        (one.quantity, one.rho.text, str(one.points), "-" if one.rho.note else f"{one.p_value:.3g}")
        for one in run.breakdown.correlations
    ]
    yield page.heading(3, "What goes with the trigger voltage")
    yield page.table(("quantity", "rank correlation", "points", "p"), rows)
    figure = correlation_figure(run.breakdown, run.provenance.simulated)
    if figure is not None:
        yield page.picture(figure, "Open markers: not triggered up to there.", f"correlation {run.name}")


def _areas(found: Breakdown) -> Iterator[str]:
    rows = [(one.site, f"{r:g}", v.text) for one in found.classes for r, v in one.scale_at_area]
    if rows:
        yield page.heading(3, "Area scaling (extrapolated)")
        yield page.table(("sites", "area over the contact's", "scale V0"), rows)


def _provenance(run: RunResult) -> list[str]:
    data = plain(run.provenance)
    nested = {name: data.pop(name) for name in ("trigger_test", "parameters", "tip", "instruments", "versions")}
    parts = [page.table(("what", "value"), _pairs(data))]
    for name, values in nested.items():
        parts += [page.heading(3, name.replace("_", " ")), page.table(("name", "value (SI)"), _pairs(values))]
    return parts


def _pairs(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in values.items()]


def class_rows(found: Breakdown) -> list[tuple[str, ...]]:
    """Return a row of text for each class, in the order of CLASS_HEADINGS."""
    return [
        (
            one.site,
            f"{one.fitted.sample.failures} / {len(one.fitted.sample)}",
            one.share_triggered.text,
            one.kaplan_meier_median.text,
            one.weibull.scale.text if one.weibull else one.cannot,
            one.weibull.modulus.text if one.weibull else "-",
            one.bootstrap_scale.interval if one.weibull else "-",
            one.bootstrap_modulus.interval if one.weibull else "-",
        )
        for one in found.classes
    ]


def comparison_rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return a row of text for each comparison, in the order of COMPARISON_HEADINGS."""
    return [
        (
            f"{one.second} over {one.first}" + (f", {one.site}" if one.site else ""),
            one.effect.scales.text,
            one.effect.medians.text,
            one.test.note or f"{one.test.statistic:.3g} ({one.test.degrees})",
            "-" if one.test.note else f"{one.test.p_value:.3g}",
            "-" if one.test.note else f"{one.p_adjusted:.3g}",
        )
        for one in comparisons
    ]
