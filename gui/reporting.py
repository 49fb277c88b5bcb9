"""The report on stored runs, as `nanoprobe analyze --report` writes it. Called in the making thread."""

from collections.abc import Sequence
from pathlib import Path


def report_name(paths: Sequence[Path]) -> str:
    """Return what a report on these runs is called unless told otherwise."""
    return f"{paths[0].stem}{f'-and-{len(paths) - 1}-more' if len(paths) > 1 else ''}.html"


def write_report_of(paths: Sequence[Path], target: Path) -> Path:
    """Write the report on `paths`, the first being the reference, to `target`. Raises BadInput and StorageError."""
    # Imported here: statistics and figures take a second, which the start of the app can do without.
    from nanoprobe.analysis.comparison import compare_runs
    from nanoprobe.analysis.many_runs import analyse_all
    from nanoprobe.analysis.report import Results, check_target, write_report
    from nanoprobe.analysis.run_result import SEED

    check_target(target)
    found = analyse_all([str(path.absolute()) for path in paths])
    return write_report(Results(found, compare_runs(found), SEED), target)
