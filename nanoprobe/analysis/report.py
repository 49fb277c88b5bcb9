"""The report on runs: one HTML file that holds everything, and the same numbers as plain data."""

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanoprobe.analysis import page
from nanoprobe.analysis.estimate import CONFIDENCE, plain
from nanoprobe.analysis.findings import SIMULATED, Findings, Table, headlines, label
from nanoprobe.analysis.resampling import RESAMPLES
from nanoprobe.analysis.run_result import RunResult
from nanoprobe.errors import BadInput, StorageError

SCHEMA = "nanoprobe-analysis/1"


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one call: the runs, their comparison (None for one run) and the `seed` of everything drawn at random."""

    runs: Sequence[RunResult]
    compared: Findings | None
    seed: int

    @property
    def title(self) -> str:
        """What a report of them is called."""
        return f"Analysis: {', '.join(run.name for run in self.runs)}"

    @property
    def simulated(self) -> bool:
        """Whether any of the runs was made on a simulated bench."""
        return any(run.provenance.simulated for run in self.runs)

    @property
    def methods(self) -> dict[str, str]:
        """How each number of the runs and their comparison came about."""
        every = [*(run.findings for run in self.runs), *([self.compared] if self.compared else [])]
        return {name: text for one in every for name, text in one.methods.items()}

    def data(self) -> dict[str, Any]:
        """Return everything as JSON data; what is not known, or has no bound, is null.

        A headline number that only one of the runs gives stands at the top level; that of several stands with each run.
        """
        givers = Counter(name for run in self.runs for name in run.findings.numbers)
        single = {n: one for run in self.runs for n, one in run.findings.numbers.items() if givers[n] == 1}
        compared = self.compared
        return {
            "schema": SCHEMA,
            "simulated": self.simulated,
            "settings": self.settings(),
            **headlines(single),
            "runs": [run.data() for run in self.runs],
            "comparison": compared and {"concluded": list(compared.concluded), **(plain(compared.details) or {})},
            "methods": self.methods,
        }

    def settings(self) -> dict[str, Any]:
        """Return what the numbers depend on besides the data."""
        return {"confidence": CONFIDENCE, "resamples": RESAMPLES, "seed": self.seed}


def write_report(results: Results, path: Path) -> Path:
    """Write the report to `path` (.html) and return it; runs are opened again for their pictures.

    An existing report is replaced only once the new one is whole. Raises BadInput for another ending, StorageError when it cannot
    be written.
    """
    check_target(path)
    replace_file(path, page.page(results.title, _body(results)))
    return path


def replace_file(path: Path, text: str) -> None:
    """Write `text` to `path`; what was there is replaced only once the new one is whole. Raises StorageError."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise StorageError(f"{path}: the report could not be written: {error.strerror or error}") from error


def check_target(path: Path, ending: str = ".html") -> None:
    """Raise BadInput where no report can be written to `path`, before any work is done."""
    if path.suffix.lower() != ending:
        what = "notebook" if ending == ".ipynb" else "report"
        raise BadInput(f"{path}: a {what} is written as {ending}; choose this ending")
    if path.is_dir():
        raise BadInput(f"{path} is a folder; choose another name")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{path}: its folder does not exist; make it first, or choose another place")


def _body(results: Results) -> Iterator[str]:
    count = itertools.count(1)
    yield page.heading(1, results.title)
    if results.simulated:
        yield page.paragraph(SIMULATED, "simulated")
    if results.compared is not None:
        places = [("comparison", "Comparison"), *((f"run-{n}", run.name) for n, run in enumerate(results.runs))]
        yield page.contents([*places, ("methods", "How each number was computed")])
        yield page.heading(2, "Comparison", "comparison")
        yield from _findings(results.compared, results.simulated, count)
    for number, run in enumerate(results.runs):
        yield from _run(run, f"run-{number}", count)
    yield page.heading(2, "How each number was computed", "methods")
    yield page.table(("number", "how"), results.methods.items())
    yield page.table(("setting", "value"), _pairs(results.settings()))


def _run(run: RunResult, anchor: str, count: Iterator[int]) -> Iterator[str]:
    origin = run.provenance
    yield page.heading(2, f"{run.name}: {run.kind}", anchor)
    yield page.paragraph(_origin(run), "meta")
    if origin.simulated:
        yield page.paragraph(SIMULATED, "simulated")
    if origin.status != "finished":
        yield page.paragraph(f"This run is {origin.status}: what was not yet measured is missing.")
    if run.chosen:
        yield page.paragraph(f"Analysed with other settings than it was measured with: {dict(run.chosen)}.")
    yield from _findings(run.findings, origin.simulated, count)
    yield page.folded("Settings and provenance", _provenance(run))


def _origin(run: RunResult) -> str:
    origin = run.provenance
    said = (origin.sample, origin.operator, origin.bench, origin.started.replace("T", " ")[:16], origin.status)
    return " · ".join((origin.procedure, *(one for one in said if one)))


def _findings(found: Findings, simulated: bool, count: Iterator[int]) -> Iterator[str]:
    yield page.heading(3, "What can and cannot be concluded")
    yield page.bullets(found.concluded)
    if found.numbers:
        rows = [(label(key), one.text, one.method) for key, one in found.numbers.items()]
        table = page.table(("number", "value (95 % interval)", "interval by"), rows)
        told = any(isinstance(part, Table) and part.brief for part in found.parts)
        yield page.folded("Every headline number", [table]) if told else table
    for part in found.parts:
        if part.title:
            yield page.heading(3, part.title)
        if isinstance(part, Table):
            yield page.table(part.headings, part.rows)
        else:
            number = next(count)
            yield page.picture(part.figure(simulated), part.caption, f"figure {number}", f"Figure {number}")


def _provenance(run: RunResult) -> list[str]:
    data = plain(run.provenance)
    nested = {name: data.pop(name) for name in ("trigger_test", "parameters", "tip", "instruments", "versions")}
    parts = [page.table(("what", "value"), _pairs(data))]
    for name, values in nested.items():
        parts += [page.heading(3, name.replace("_", " ")), page.table(("name", "value (SI)"), _pairs(values))]
    return parts


def _pairs(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in values.items()]
