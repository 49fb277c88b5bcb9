"""Many runs side by side: bare against coated, day against day, tip against tip."""

from collections.abc import Mapping, Sequence

from nanoprobe.analysis.breakdown import Breakdown
from nanoprobe.analysis.findings import Findings, Table
from nanoprobe.analysis.number_comparison import compare_numbers
from nanoprobe.analysis.run_result import SEED, RunResult
from nanoprobe.analysis.trigger_comparison import compare_triggers

_NOT_CONDITIONS = frozenset({"sample", "operator", "bench"})
_TIP = frozenset({"identity", "coating", "radius", "contaminated"})


def compare_runs(runs: Sequence[RunResult], seed: int = SEED) -> Findings | None:
    """Return every other run against the first; None for one run. Same seed, same p-values.

    Runs of different kinds are not compared: the findings say so.
    """
    if len(runs) < 2:
        return None
    different = differences(runs)
    cautions = tuple(_cautions(runs, different))
    details = {run.name: run.findings.details for run in runs}
    triggers = {name: one for name, one in details.items() if isinstance(one, Breakdown)}
    if len({run.kind for run in runs}) > 1:
        kinds = ", ".join(dict.fromkeys(run.kind for run in runs))
        said = (f"The runs are of different kinds ({kinds}): each is analysed alone, nothing is compared.",)
        return Findings(numbers={}, concluded=said, parts=(), methods={})
    if len(triggers) == len(runs):
        return compare_triggers(triggers, cautions, _settings(runs, different), seed)
    return compare_numbers({run.name: run.findings.numbers for run in runs}, cautions, _settings(runs, different))


def differences(runs: Sequence[RunResult]) -> dict[str, tuple[str, ...]]:
    """Return the parameters and tip properties that are not the same in all runs, as text in the order of the runs."""
    given = [
        {**dict(run.provenance.parameters), **{f"tip {k}": v for k, v in run.provenance.tip.items() if k in _TIP}}
        for run in runs
    ]
    names = sorted({name for one in given for name in one} - _NOT_CONDITIONS)
    values = {name: tuple(str(one.get(name, "-")) for one in given) for name in names}
    return {name: texts for name, texts in values.items() if len(set(texts)) > 1}


def _settings(runs: Sequence[RunResult], different: Mapping[str, tuple[str, ...]]) -> tuple[Table, ...]:
    if not different:
        return ()
    rows = tuple((name, *values) for name, values in different.items())
    headings = ("setting", *(run.name for run in runs))
    return (Table(title="Settings that differ", headings=headings, rows=rows),)


def _cautions(runs: Sequence[RunResult], different: Mapping[str, tuple[str, ...]]) -> list[str]:
    found = ["A difference between runs is one between samples only if nothing else differs; each run is one sample."]
    if different:
        found.append(f"These settings differ between the runs and may explain a difference: {', '.join(different)}.")
    if len({run.provenance.simulated for run in runs}) > 1:
        found.append("Simulated and measured runs are compared here: no conclusion on a real sample follows.")
    return found
