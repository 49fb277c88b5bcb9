"""The report on stored runs, as `nanoprobe analyze --report` writes it. Called in the making thread."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from nanoprobe.storage import open_run


def report_name(paths: Sequence[Path]) -> str:
    """Return what a report on these runs is called unless told otherwise."""
    return f"{paths[0].stem}{f'-and-{len(paths) - 1}-more' if len(paths) > 1 else ''}.html"


def write_report_of(paths: Sequence[Path], target: Path) -> Path:
    """Write the report on `paths`, the first being the reference, to `target`. Raises BadInput and StorageError."""
    # Imported here: statistics and figures take a second, which the start of the app can do without.
    from nanoprobe.analysis.comparison import compare_runs
    from nanoprobe.analysis.report import Results, check_target, write_report
    from nanoprobe.analysis.run_result import SEED, analyse_run, short_names

    check_target(target)
    with ExitStack() as opened:
        runs = [opened.enter_context(open_run(path)) for path in paths]
        names = short_names(list(paths), [run.header.sample for run in runs])
        found = [analyse_run(run, name, {}) for run, name in zip(runs, names, strict=True)]
        return write_report(Results(found, compare_runs(found), SEED), target)
