"""`nanoprobe procedures` and `nanoprobe drivers`: what is installed, with parameters, units, ranges and defaults."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from nanoprobe import plugins
from nanoprobe.cli.console import out, print_json, tell
from nanoprobe.parameters import ParameterInfo, describe

AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(procedures)
    app.command()(drivers)


def procedures(
    name: Annotated[str | None, typer.Argument(help="only this one")] = None, as_json: AsJson = False
) -> None:
    """List procedures with their parameters, units, ranges and defaults."""
    names = [name] if name else sorted(plugins.find("procedures"))
    found = {each: plugins.procedure(each) for each in names}
    if as_json:
        print_json({each: _procedure_data(cls) for each, cls in found.items()})
        return
    for each, cls in found.items():
        _print_procedure(each, cls)
    tell("next: nanoprobe run trigger-ramp --dry-run --out ramp.zarr")


def _procedure_data(cls: Any) -> dict[str, object]:
    return {"summary": _summary(cls), "parameters": [asdict(info) for info in describe(cls)]}


def _summary(cls: Any) -> str:
    return str(cls.__doc__ or "").strip().split("\n")[0]


def _print_procedure(name: str, cls: Any) -> None:
    table = Table(title=f"{name}: {_summary(cls)}", title_justify="left", title_style="bold")
    for column in ("parameter", "default", "allowed", "what it is"):
        table.add_column(column, overflow="fold")
    for info in describe(cls):
        table.add_row(*_row(info))
    out.print(table)


def _row(info: ParameterInfo) -> tuple[str, str, str, str]:
    return info.name, info.shown_default(), info.allowed(), info.description or info.label


def drivers(as_json: AsJson = False) -> None:
    """List instrument drivers with the options a bench file can give them."""
    found = {name: plugins.driver(name) for name in sorted(plugins.find("drivers"))}
    if as_json:
        print_json({name: _driver_data(each) for name, each in found.items()})
        return
    for each in found.values():
        table = Table(title=f"{each.name} ({each.role}): {each.summary}", title_justify="left", title_style="bold")
        for column in ("option", "default", "what it is"):
            table.add_column(column, overflow="fold")
        for option, field in each.options.model_fields.items():
            table.add_row(option, "needed" if field.is_required() else str(field.default), field.description or "")
        out.print(table)
    tell("next: nanoprobe bench new my-bench.toml")


def _driver_data(each: plugins.Driver) -> dict[str, object]:
    return {"role": each.role, "summary": each.summary, "options": each.options.model_json_schema()["properties"]}
