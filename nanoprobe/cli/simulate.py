"""`nanoprobe simulate`: flux and stress by finite elements, from parameters or from a measured run."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from nanoprobe.cli.console import out, print_json
from nanoprobe.cli.simulate_coating import coating
from nanoprobe.cli.simulate_weakness import weakness
from nanoprobe.cli.working import solving
from nanoprobe.errors import BadInput
from nanoprobe.plan import parse_assignment
from nanoprobe.units import si

if TYPE_CHECKING:
    from nanoprobe.physics.case import Case

CaseName = Annotated[
    str | None, typer.Option("--case", metavar="NAME", help="which problem; without it they are listed")
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a parameter, repeatable: 'radius=5 nm'")
]
Dofs = Annotated[int, typer.Option(help="largest number of unknowns")]
Tolerance = Annotated[float, typer.Option(min=0, help="relative error (estimated) that is good enough")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def register(app: typer.Typer) -> None:
    """Add the command group to `app`."""
    group = typer.Typer(help="Finite elements: why it triggers there.", no_args_is_help=True)
    group.command()(flux)
    group.command()(mechanics)
    group.command()(weakness)
    group.command()(coating)
    app.add_typer(group, name="simulate")


def flux(
    case: CaseName = None,
    assignments: Assignments = None,
    dofs: Dofs = 5000,
    tolerance: Tolerance = 0.0,
    as_json: AsJson = False,
) -> None:
    """Ion or electron flux: contact resistance, focusing at boundaries, filaments and voids."""
    _simulate("flux", case, assignments or [], dofs, tolerance, as_json)


def mechanics(
    case: CaseName = None,
    assignments: Assignments = None,
    dofs: Dofs = 10_000,
    tolerance: Tolerance = 0.0,
    as_json: AsJson = False,
) -> None:
    """Stress: concentrations, lithium's pressure in flaws, the tip's contact."""
    _simulate("mechanics", case, assignments or [], dofs, tolerance, as_json)


def _simulate(kind: str, name: str | None, assignments: list[str], dofs: int, tolerance: float, as_json: bool) -> None:
    # Imported here: the finite-element library takes a second that no other command needs to spend.
    from nanoprobe.physics.cases import CASES, find_case, run_case

    if name is None and assignments:
        raise BadInput("--set belongs to a case: name it with --case; without either they are listed")
    if name is None:
        return _list([c for c in CASES.values() if c.kind == kind], as_json)
    case, given = find_case(kind, name), dict(parse_assignment(text) for text in assignments)
    with solving(case.name) as watch:
        found = run_case(case, given, dofs, tolerance, watch)
    values = {**found.values, "dofs": found.dofs, "estimated_error": found.estimated_error, "error": found.error}
    if as_json:
        known = {key: value for key, value in values.items() if value is None or value == value}
        return print_json({"case": case.name, "parameters": case.values(given), **known})
    return _show(f"{case.name}: {case.meaning}", values)


def _show(title: str, values: dict[str, float | int | None]) -> None:
    table = Table(title=escape(title), title_justify="left", show_header=False)
    for name, value in values.items():
        table.add_row(name.replace("_", " "), "" if value is None else _number(name, value))
    out.print(table)


UNITS = {
    "resistance": "ohm",
    "spreading": "ohm",
    "current": "A",
    "area_resistance": "ohm m2",
    "resistivity": "ohm m",
    "pressure": "Pa",
    "peak_pressure": "Pa",
    "intensity": "Pa m^0.5",
    "contact_radius": "m",
    "indentation": "m",
}


def _number(name: str, value: float) -> str:
    return si(value, UNITS[name], 6) if name in UNITS else f"{value:.6g}"


def _list(cases: "list[Case]", as_json: bool) -> None:
    if as_json:
        return print_json([{"case": c.name, "meaning": c.meaning, "parameters": c.values({})} for c in cases])
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("case", "what it is", "must be", "parameters"):
        table.add_column(heading)
    for case in cases:
        settings = ", ".join(f"{name} {si(s.default, s.unit)}" for name, s in case.settings.items())
        table.add_row(case.name, escape(case.meaning), escape(case.formula), escape(settings))
    return out.print(table)
