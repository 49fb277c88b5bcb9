"""One run analysed: its findings, under a name that tells it from the others, and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from nanoprobe.analysis.estimate import plain
from nanoprobe.analysis.findings import Findings, headlines
from nanoprobe.analysis.kind import choose, kind_of
from nanoprobe.analysis.provenance import Provenance, provenance_of
from nanoprobe.errors import BadInput
from nanoprobe.storage import Run

SEED = 0
"""Of everything drawn at random: the same runs give the same numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run: a short unique `name`, its `kind`, `findings`, provenance, and what was `chosen` for its analysis."""

    name: str
    kind: str
    findings: Findings
    provenance: Provenance
    chosen: Mapping[str, Any]

    def data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "name": self.name,
            "kind": self.kind,
            "numbers": headlines(self.findings.numbers),
            "concluded": list(self.findings.concluded),
            "chosen": dict(self.chosen),
            "details": plain(self.findings.details),
            "provenance": plain(self.provenance),
        }


def analyse_run(run: Run, name: str = "", given: Mapping[str, str] | None = None, seed: int = SEED) -> RunResult:
    """Analyse an opened run as its procedure's kind asks; `given` are settings as `--set` takes them (name to text).

    Raises BadInput, with the run's path, where nothing can be said.
    """
    try:
        kind = kind_of(run.header.procedure)
        chosen = choose(kind, given or {})
        findings = kind.analyse(run, chosen, seed)
    except BadInput as error:
        raise BadInput(f"{run.address}: {error}") from None
    return RunResult(
        name=name or run.header.sample or run.path.name,
        kind=kind.title,
        findings=findings,
        provenance=provenance_of(run),
        chosen=chosen.model_dump(exclude_none=True),
    )


def short_names(paths: Sequence[PurePath], samples: Sequence[str]) -> list[str]:
    """Return a name for each run: its sample if that is unique, else its file, else as much of the path as it needs.

    >>> short_names([PurePath("a/map.zarr"), PurePath("b/map.zarr")], ["LLZO", "LLZO"])
    ['a/map.zarr', 'b/map.zarr']
    """
    tries = [list(samples), [path.name for path in paths], ["/".join(path.parts[-2:]) for path in paths]]
    good = (names for names in tries if all(names) and len(set(names)) == len(paths))
    return next(good, [str(path) for path in paths])
