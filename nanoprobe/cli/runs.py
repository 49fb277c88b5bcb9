"""`nanoprobe run`, `resume` and `show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from nanoprobe import engine, plugins
from nanoprobe.cli.console import out, print_json, say, tell
from nanoprobe.cli.progress import watched
from nanoprobe.cli.recipes import is_folder, is_recipe, resume_folder, run_file, runs_inside, show_folder
from nanoprobe.cli.wire import print_wire
from nanoprobe.errors import BadInput
from nanoprobe.outcome import Outcome
from nanoprobe.outlook import Outlook
from nanoprobe.plan import Plan, make_plan, parse_assignment, read_plan
from nanoprobe.replay.packing import unpacked
from nanoprobe.storage import Run, RunWriter, open_run
from nanoprobe.units import si

if TYPE_CHECKING:
    import xarray as xr

RunPath = Annotated[Path, typer.Argument(metavar="RUN.zarr", help="path of a run")]
POINTS_SHOWN = 20
_CUT_OFF = ("aborted", "interrupted", "failed")
"""How a run may have ended that can go on."""
_TOP = ("bench", "sample", "operator")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(run)
    app.command()(resume)
    app.command()(show)


def run(
    procedure: Annotated[
        str | None, typer.Argument(help="name as `nanoprobe procedures` lists it, or a recipe: FILE.toml or FILE.py")
    ] = None,
    bench: Annotated[str | None, typer.Option(help="bench file, or 'demo' (the default)")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="a parameter, repeatable: 'trip_current=1 nA'"),
    ] = None,
    plan_file: Annotated[Path | None, typer.Option("--from", metavar="FILE.toml", help="a plan file")] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", metavar="RUN.zarr|DIR", help="where the run, or a recipe's runs, go; must not exist"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check and show the plan, touch nothing")] = False,
) -> int:
    """Run a procedure, or a recipe of several, on a bench and store everything it measures."""
    if procedure is not None and is_recipe(procedure):
        if assignments or plan_file is not None:
            raise BadInput(
                f"{procedure} is a recipe: --set and --from belong to a single procedure; write it in the recipe"
            )
        return run_file(Path(procedure), bench, to, dry_run)
    plan = assemble(procedure, bench, assignments or [], plan_file)
    if dry_run:
        print_outlook(plan, engine.look_ahead(plan))
        return 0
    if to is None:
        raise BadInput("--out RUN.zarr is missing: say where the run is to be written")
    with watched(plan.procedure) as (events, control):
        outcome = engine.execute(plan, to, events, control)
    return report(outcome)


def assemble(procedure: str | None, bench: str | None, assignments: list[str], plan_file: Path | None) -> Plan:
    """Return the checked plan of a command line; what it says itself goes before the file's words."""
    raw: dict[str, Any] = read_plan(plan_file) if plan_file else {}
    if procedure and raw.setdefault("procedure", procedure) != procedure:
        raise BadInput(f"plan {plan_file} is for '{raw['procedure']}', not for '{procedure}'")
    if "procedure" not in raw:
        raise BadInput("which procedure? `nanoprobe procedures` lists them")
    given = dict(parse_assignment(text) for text in assignments)
    top = {name: given.pop(name) for name in _TOP if name in given}
    parameters = {**dict(raw.get("parameters", {})), **given}
    raw = {**raw, **top, **({"bench": bench} if bench else {}), "parameters": parameters}
    return make_plan(raw, f"plan {plan_file}" if plan_file else "plan")


def print_outlook(plan: Plan, outlook: Outlook) -> None:
    """Show what a plan would do."""
    table = Table(
        title=f"{plan.procedure} on {plan.bench}: dry run, nothing was touched", title_justify="left", show_header=False
    )
    for name, value in outlook.rows():
        table.add_row(name, value)
    out.print(table)
    tell(f"plan sha256 {plan.digest()}")


def report(outcome: Outcome) -> int:
    """Say how a run ended and what to type next; return the exit status."""
    if outcome.error is not None:
        say(f"nanoprobe: {outcome.status}: {outcome.error}")
    tell(f"{outcome.status}: {outcome.path}")
    tell(f"next: nanoprobe {'resume' if outcome.status in _CUT_OFF else 'show'} {outcome.path}")
    return outcome.exit_status


def resume(
    path: RunPath, bench: Annotated[str | None, typer.Option(help="bench file, if it is not the run's own")] = None
) -> int:
    """Go on with an interrupted run at its next point, or with a recipe at its next step."""
    if is_folder(path):
        return resume_folder(path, bench)
    with open_run(path) as found:
        finished, sealed = found.status == "finished", found.sealed
    if finished:
        if not sealed:  # the disk refused at the very end: everything is in the journal, the arrays lag behind
            RunWriter.seal(path)
        tell(f"finished: {path} has nothing left to do")
        return 0
    with watched(f"resume {path.name}") as (events, control):
        outcome = engine.resume(path, events, control, bench)
    return report(outcome)


def show(
    path: RunPath,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
    wire: Annotated[bool, typer.Option("--wire", help="the recorded traffic of the instruments instead")] = False,
    instrument: Annotated[
        str | None, typer.Option(help="with --wire: only of this instrument, by name or role")
    ] = None,
    since: Annotated[
        float | None, typer.Option("--from", metavar="S", help="with --wire: from this time on (s)")
    ] = None,
    until: Annotated[float | None, typer.Option("--to", metavar="S", help="with --wire: up to this time (s)")] = None,
) -> None:
    """Show what is in a run, packed or not, or how far a recipe is."""
    if not wire and (instrument, since, until) != (None, None, None):
        raise BadInput("--instrument, --from and --to choose from the traffic: add --wire")
    if is_folder(path):
        if wire or as_json:
            raise BadInput(f"{path} is the folder of a recipe; its runs lie inside: {runs_inside(path)}")
        show_folder(path)
        return
    with unpacked(path) as place, open_run(place) as found:
        if wire:
            print_wire(found, instrument, since, until)
        elif as_json:
            print_json(summary(found))
        else:
            _print(path, found)
            tell(f"next: nanoprobe {_next(path, found)}")


def _next(path: Path, found: Run) -> str:
    if path.is_file():
        return f"replay {path}"
    if found.status in _CUT_OFF:
        return f"resume {path}"
    if found.header.procedure in plugins.find("analyses"):
        return f"analyze {path}"
    return f"export {path} {path.stem}.csv --to csv"


def _print(path: Path, found: Run) -> None:
    table = Table(title=f"{path}{'  (SIMULATED)' if found.simulated else ''}", title_justify="left", show_header=False)
    for name, value in summary(found).items():
        table.add_row(name, "\n".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value))
    out.print(table)
    _print_points(found)


def summary(found: Run) -> dict[str, Any]:
    """Return what a run says about itself as plain data."""
    head = found.header
    return {
        "status": found.status,
        "reason": found.attrs.get("reason", ""),
        "points_planned": found.points_planned,
        "points_committed": found.points_committed,
        "frames": len(found.frames),
        "tables": {name: int(table.sizes[table.attrs["dim"]]) for name, table in found.tables.items()},
        "procedure": head.procedure,
        "sample": head.sample,
        "operator": head.operator,
        "simulated": head.simulated,
        "started": head.started,
        "ended": found.attrs.get("ended"),
        "instruments": dict(head.identities),
        "tip": dict(head.tip),
        "parameters": dict(head.parameters),
        "versions": dict(head.versions),
        "plan_sha256": head.plan_sha256,
        "sign_convention": head.sign_convention,
    }


def meanings(codes: "xr.DataArray") -> dict[int, str]:
    """Return what each code of a flag variable means."""
    return dict(zip(codes.attrs["flag_values"], str(codes.attrs["flag_meanings"]).split(), strict=True))


def _print_points(found: Run) -> None:
    if not found.points_planned:
        return
    table = Table(title="points", title_justify="left", box=box.SIMPLE)
    for column in ("point", "x", "y", "state", "trigger", "charge", "trip by"):
        table.add_column(column, justify="right")
    for index in range(min(found.points_planned, POINTS_SHOWN)):
        table.add_row(str(index), *_cells(found.points.isel(point=index)))
    out.print(table)
    if found.points_planned > POINTS_SHOWN:
        tell(f"... and {found.points_planned - POINTS_SHOWN} more points")


def _cells(point: "xr.Dataset") -> tuple[str, ...]:
    state, way = (meanings(point[name])[int(point[name])] for name in ("state", "way"))
    places = (si(float(point[name]), "m") for name in ("x", "y"))
    trigger = si(float(point["trigger_first_above"]), "V") if float(point["triggered"]) == 1 else "-"
    return (*places, state, trigger, si(float(point["charge"]), "C"), way)
