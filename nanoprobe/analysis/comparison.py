"""Many runs side by side: bare against coated, day against day, tip against tip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nanoprobe.analysis.breakdown import ALL, Breakdown, Comparison, compare_pairs
from nanoprobe.analysis.class_test import ClassTest, class_test
from nanoprobe.analysis.conclusions import conclusion_of_comparison, conclusions_of
from nanoprobe.analysis.provenance import Provenance
from nanoprobe.analysis.sites import Site

_NOT_CONDITIONS = frozenset({"sample", "operator", "bench"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run: a short unique `name`, its `breakdown`, where it comes from, and what can be `concluded`."""

    name: str
    breakdown: Breakdown
    provenance: Provenance
    concluded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Every other run against the first (`reference`), over all points and by kind of site; `overall` tests all runs at once.

    `different` lists parameters that are not the same in all runs: what else than the sample may explain a difference.
    """

    reference: str
    overall: ClassTest
    comparisons: tuple[Comparison, ...]
    different: Mapping[str, tuple[str, ...]]
    concluded: tuple[str, ...] = field(default=())


def run_result(name: str, breakdown: Breakdown, provenance: Provenance) -> RunResult:
    """Return a run's result with its conclusions."""
    return RunResult(name=name, breakdown=breakdown, provenance=provenance, concluded=conclusions_of(breakdown))


def compare_runs(runs: Sequence[RunResult], seed: int = 0) -> RunComparison | None:
    """Return the comparison of two or more runs; None for one. Same seed, same p-values."""
    if len(runs) < 2:
        return None
    first, pairs = runs[0], []
    for site in (ALL, *(kind.label for kind in Site if kind is not Site.UNKNOWN)):
        reference = first.breakdown.by_site(site)
        for other in runs[1:]:
            second = other.breakdown.by_site(site)
            if reference and second:
                pairs.append((first.name, other.name, site, reference.fitted, second.fitted))
    comparisons = compare_pairs(pairs, seed)
    different = _differences(runs)
    sentences = [conclusion_of_comparison(one) for one in comparisons]
    return RunComparison(
        reference=first.name,
        overall=class_test([run.breakdown.places.sample for run in runs], seed),
        comparisons=comparisons,
        different=different,
        concluded=(*_cautions(runs, different), *sentences),
    )


def _cautions(runs: Sequence[RunResult], different: Mapping[str, tuple[str, ...]]) -> list[str]:
    found = ["A difference between runs is one between samples only if nothing else differs; each run is one sample."]
    if different:
        found.append(f"These settings differ between the runs and may explain a difference: {', '.join(different)}.")
    if len({run.provenance.simulated for run in runs}) > 1:
        found.append("Simulated and measured runs are compared here: no conclusion on a real sample follows.")
    return found


def _differences(runs: Sequence[RunResult]) -> dict[str, tuple[str, ...]]:
    given = [
        {**dict(run.provenance.parameters), **{f"tip {k}": v for k, v in run.provenance.tip.items() if k in _TIP}}
        for run in runs
    ]
    names = sorted({name for one in given for name in one} - _NOT_CONDITIONS)
    values = {name: tuple(str(one.get(name, "-")) for one in given) for name in names}
    return {name: texts for name, texts in values.items() if len(set(texts)) > 1}


_TIP = frozenset({"identity", "coating", "radius", "contaminated"})


def short_names(paths: Sequence[Path], samples: Sequence[str]) -> list[str]:
    """Return a name for each run: its sample if that is unique, else its file, else as much of the path as it needs.

    >>> short_names([Path("a/map.zarr"), Path("b/map.zarr")], ["LLZO", "LLZO"])
    ['a/map.zarr', 'b/map.zarr']
    """
    tries = [list(samples), [path.name for path in paths], ["/".join(path.parts[-2:]) for path in paths]]
    good = (names for names in tries if all(names) and len(set(names)) == len(paths))
    return next(good, [str(path) for path in paths])
