"""The first hour in a real lab: questions whose answers become a bench file."""

from pathlib import Path
from typing import Any

import tomlkit
import typer
from pydantic import BaseModel

from nanoprobe import plugins
from nanoprobe.benchfile import ROLES, WiringTable, parse_bench
from nanoprobe.cli.console import tell
from nanoprobe.errors import BadInput
from nanoprobe.limits import Limits


def write_bench_file(path: Path) -> None:
    """Ask, check, and write `path`. Raises BadInput where it exists or the answers do not fit together."""
    if path.exists():
        raise BadInput(f"{path} exists already; choose another name, nothing was changed")
    if not path.parent.is_dir():
        raise BadInput(f"{path.parent} is no folder: make it first")
    _show_resources()
    raw: dict[str, Any] = {"bench": {"name": typer.prompt("Name of the bench", default=path.stem)}}
    raw["instruments"] = {role: found for role in ROLES if (found := _instrument(role))}
    tell("Wiring:")
    raw["bench"]["wiring"] = _answers(WiringTable, _default_wiring(raw["instruments"]))
    tell("Hard limits, which no plan may pass:")
    raw["limits"] = _answers(Limits, {})
    parse_bench(raw, "your answers")
    path.write_text(tomlkit.dumps(raw), encoding="utf-8")
    tell(f"written: {path}")
    if "probe" in raw["instruments"]:
        tell(
            f"add to {path} before the tip may land: deflection_sensitivity and spring_constant under [instruments.probe]"
        )


def _show_resources() -> None:
    found = plugins.app("visa-resources")()
    tell(f"VISA resources seen: {', '.join(found) or 'none'}")
    tell(
        "(a socket instrument is written TCPIP0::<address>::<port>::SOCKET; the 2450 listens on 5025, Nanonis on 6501-6504)"
    )


def _instrument(role: str) -> dict[str, Any] | None:
    names = [name for name in sorted(plugins.find("drivers")) if plugins.driver(name).role == role]
    chosen = typer.prompt(f"Driver for the {role} ({', '.join(names)}, or 'none')", default=names[0])
    if chosen == "none":
        return None
    found = plugins.driver(chosen)
    return {
        "driver": chosen,
        "resource": typer.prompt("  VISA resource"),
        **_answers(found.options, {}, needed_only=True),
    }


def _default_wiring(instruments: dict[str, Any]) -> dict[str, Any]:
    if "source_meter" not in instruments:
        return {"bias_source": "probe", "current_reading": "preamp"}
    return {} if "probe" in instruments else {"current_reading": "source_meter"}


def _answers(model: type[BaseModel], defaults: dict[str, Any], needed_only: bool = False) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if needed_only and not field.is_required():
            continue
        default = defaults.get(name, None if field.is_required() else field.default)
        answers[name] = typer.prompt(
            f"  {name}: {field.description}", default=default, type=type(default) if isinstance(default, float) else str
        )
    checked = model.model_validate(answers).model_dump(mode="json")
    return {name: checked[name] for name in answers}
