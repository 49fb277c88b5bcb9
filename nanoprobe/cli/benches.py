"""`nanoprobe bench check`, `bench new` and `nanoprobe safe`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from nanoprobe.bench import bench_file, make_bench_safe, open_bench
from nanoprobe.benchfile import BenchFile, parse_bench, read_bench_file
from nanoprobe.cli.bench_wizard import write_bench_file
from nanoprobe.cli.console import out, print_json, say, tell
from nanoprobe.errors import Unreachable
from nanoprobe.live_runs import LiveRun, forget, live_runs

BenchOption = Annotated[str, typer.Option(help="bench file, or 'demo'")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(help="Describe and check a bench.", no_args_is_help=True)
    group.command("check")(check)
    group.command("new")(new)
    app.add_typer(group, name="bench")
    app.command()(safe)


def check(
    bench: BenchOption = "demo",
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Reach every instrument of a bench, identify it, report."""
    with open_bench(bench) as opened:
        identities, name, simulated = opened.identities, opened.name, opened.simulated
        ways = [way.value for way in opened.source.ways]
    if as_json:
        print_json({"bench": name, "simulated": simulated, "instruments": identities, "trips_by": ways})
        return
    table = Table(title=f"bench {name}{'  (SIMULATED)' if simulated else ''}", title_justify="left")
    table.add_column("role")
    table.add_column("identity", overflow="fold")
    for role, identity in identities.items():
        table.add_row(role, identity)
    out.print(table)
    tell(f"ramps trip by: {', '.join(ways)}")
    tell(f"next: nanoprobe run contact-check --bench {bench} --out check.zarr")


def new(path: Annotated[Path, typer.Argument(metavar="FILE.toml", help="the bench file to write")]) -> None:
    """Ask for instruments and wiring and write a bench file."""
    write_bench_file(path)
    tell(f"next: nanoprobe bench check --bench {path}")


def safe(
    bench: Annotated[str | None, typer.Option(help="bench file; without it, every live run's bench")] = None,
) -> int:
    """Put every instrument of a bench into the safe state."""
    if bench is not None:
        with bench_file(bench) as path:
            return 0 if _make_safe(read_bench_file(path), bench) else Unreachable.exit_status
    runs = live_runs()
    if not runs:
        tell("no run is live or cut off: nothing to make safe (name a bench with --bench FILE.toml)")
    done = [_make_run_safe(run) for run in runs]
    for run, worked in zip(runs, done, strict=True):
        if worked:
            forget(run.run)
    return 0 if all(done) else Unreachable.exit_status


def _make_run_safe(run: LiveRun) -> bool:
    """Make the bench of a run safe. A simulated lab that does not answer any more is gone, and its sample with it."""
    description = parse_bench(run.bench, f"bench of {run.run}")
    if not description.bench.simulated:
        return _make_safe(description, str(run.run))
    safe = make_bench_safe(description, "asked for by the operator").safe
    tell(f"{run.run}: simulated; " + ("made safe" if safe else "its lab is gone, nothing to make safe"))
    return True


def _make_safe(description: BenchFile, where: str) -> bool:
    report = make_bench_safe(description, "asked for by the operator")
    (tell if report.safe else say)(f"{where}: {report}")
    return report.safe
