"""Bring the tables of docs/reference up to date with the code: `python docs/make_reference.py` (`--check`: only look).

A table stands between `<!-- made: NAME -->` and `<!-- end -->`; everything else in a page is written by hand.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import typer
from pydantic import BaseModel

from nanoprobe import plugins
from nanoprobe.analysis.sites import Site
from nanoprobe.atmosphere import Sensor
from nanoprobe.benchfile import BenchTable, InstrumentTable, TipTable, WiringTable
from nanoprobe.cli.app import app
from nanoprobe.geometry import Frame
from nanoprobe.limits import Limits
from nanoprobe.parameters import ParameterInfo, describe
from nanoprobe.plan import Plan
from nanoprobe.records import ColumnInfo, FrameBegin, PointLayout, PointState, TableBegin
from nanoprobe.retry import POLICY
from nanoprobe.roles import ScanPlan
from nanoprobe.storage import layout
from nanoprobe.storage.layout import GroupSpec
from nanoprobe.units import si
from sim_instruments.__main__ import parser
from sim_instruments.faults.kinds import EVER, KINDS, Kind

REFERENCE = Path(__file__).parent / "reference"
MARKED = re.compile(r"(?P<head><!-- made: (?P<name>[a-z-]+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def code(value: object) -> str:
    """Return a value as code, nothing for nothing."""
    return f"`{value}`" if str(value) else ""


# --- procedures and drivers


def procedures() -> str:
    """Every procedure: what it does, its parameters by group, its columns."""
    return "\n".join(_procedure(name, plugins.procedure(name)) for name in sorted(plugins.find("procedures")))


def _procedure(name: str, cls: Any) -> str:
    rows = [_parameter(info) for info in describe(cls)]
    columns = ", ".join(code(column) for column in cls.DATA_COLUMNS)
    first = str(cls.__doc__).strip().splitlines()[0]
    made = table(("parameter", "group", "default", "allowed", "what it is"), rows)
    return f"## {name}\n{first}\n\n{made}\nColumns of its rows under PyMeasure: {columns}.\n"


def _parameter(info: ParameterInfo) -> tuple[str, ...]:
    return code(info.name), info.group, info.shown_default(), info.allowed(), info.description or info.label


def drivers() -> str:
    """Every driver and its options."""
    return "\n".join(_driver(plugins.driver(name)) for name in sorted(plugins.find("drivers")))


def _driver(found: plugins.Driver) -> str:
    return f"## {found.name}\nRole `{found.role}`: {found.summary}\n\n{_fields(found.options)}"


def _fields(model: type[BaseModel]) -> str:
    rows = [(code(name), _default(field), field.description or "") for name, field in model.model_fields.items()]
    return table(("key", "default", "what it is"), rows)


def _default(field: Any) -> str:
    if field.is_required():
        return "needed"
    value = field.default
    if value is None or value == {}:
        return "none"
    return code(str(value).lower() if isinstance(value, bool) else value)


def plan() -> str:
    """The keys of a plan."""
    rows = [(code(n), _default(f), f.description or "") for n, f in Plan.model_fields.items() if n != "parameters"]
    return table(
        ("key", "default", "what it is"),
        [
            *rows,
            ("`[parameters]`", "none", "by name, as `nanoprobe procedures` lists them; a number in the unit or text"),
        ],
    )


# --- the command line


def commands() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    return "\n".join(_command(name, command) for name, command in _leaves("nanoprobe", group))


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word in command.list_commands(None):
        yield from _leaves(f"{name} {word}", command.get_command(None, word))


def _command(name: str, command: Any) -> str:
    if name.endswith("sim serve"):
        return f"## {name}\n{_first_line(command)}\n\n{serve()}"
    arguments = " ".join(_metavar(each) for each in command.params if each.param_type_name == "argument")
    rows = [_option(each) for each in command.params if "--help" not in each.opts]
    made = table(("argument or option", "default", "what it is"), rows) if rows else ""
    return f"## {f'{name} {arguments}'.strip()}\n{_first_line(command)}\n\n{made}"


def _first_line(command: Any) -> str:
    return str(command.help).strip().splitlines()[0]


def _metavar(argument: Any) -> str:
    word = argument.metavar or argument.name.upper()
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> tuple[str, str, str]:
    if option.param_type_name == "argument":
        return code(_metavar(option)), _needed(option), option.help or ""
    kind = option.type_descriptor.annotation
    choices = [each.value for each in kind] if isinstance(kind, type) and issubclass(kind, Enum) else ["VALUE"]
    takes = "" if option.is_flag or option.count or kind is bool else option.metavar or "|".join(choices)
    default = "" if option.default in (None, False, 0) or callable(option.default) else code(option.default)
    return code(f"{option.opts[0]} {takes}".strip()), default or _needed(option), option.help or ""


def _needed(option: Any) -> str:
    return "needed" if option.required else ""


def serve() -> str:
    """The options of the simulated lab."""
    flags = [_flag(each) for each in serve_parser()._actions if each.dest != "help"]  # noqa: SLF001
    return table(("option", "default", "what it is"), flags)


def serve_parser() -> argparse.ArgumentParser:
    """Return the parser of `sim serve`; argparse shows its inside under private names only."""
    (choice,) = [each for each in parser()._actions if each.dest == "command"]  # noqa: SLF001
    assert isinstance(choice.choices, dict)
    found: argparse.ArgumentParser = choice.choices["serve"]
    return found


def _flag(action: argparse.Action) -> tuple[str, str, str]:
    takes = "|".join(map(str, action.choices)) if action.choices else str(action.metavar or "VALUE")
    words = action.option_strings[0] + ("" if action.nargs == 0 else f" {takes}")
    shown = "" if action.default in (None, False, []) else code(action.default)
    return code(words), shown, (action.help or "").replace("<", "&lt;")


# --- the bench file


def tables_of(model: type[BaseModel]) -> Callable[[], str]:
    """Return what makes the table of one table of a bench file."""

    def make() -> str:
        simple = {name: field for name, field in model.model_fields.items() if name not in ("wiring",)}
        return table(
            ("key", "default", "what it is"),
            [(code(name), _default(field), field.description or "") for name, field in simple.items()],
        )

    return make


# --- the run on disk


def group(spec: GroupSpec) -> str:
    """The arrays of one group of a run."""
    rows = [
        (code(a.name), ", ".join(a.dims), code(_kind(a.kind)), a.attrs.get("units", ""), _meaning(a.attrs))
        for a in spec.arrays
    ]
    return table(("variable", "dimensions", "type", "unit", "meaning"), rows)


def _kind(kind: str) -> str:
    return "string" if kind == "str" else str(np.dtype(kind))


def _meaning(attrs: Any) -> str:
    return str(attrs.get("long_name", ""))


_LAYOUT = PointLayout(np.zeros(1), np.zeros(1), 1)
_FRAME = FrameBegin(
    0,
    ScanPlan(frame=Frame(x=0, y=0, width=1e-6, height=1e-6), pixels=16, lines=16, line_time=1.0),
    {"height": "m", "current": "A"},
)


_TABLE = TableBegin(
    name="spectra",
    dim="spectrum",
    columns={
        "time": ColumnInfo("s", "when the spectrum began"),
        "impedance": ColumnInfo("ohm", "complex impedance", "c16", ("frequency",)),
    },
    coords={"frequency": (np.ones(1), "Hz", "frequency of the excitation")},
)


def states() -> str:
    """The codes of a run."""
    rows = [(code("points/state"), int(state), state.name.lower()) for state in PointState]
    rows += [(code("points/way"), number, way) for number, way in enumerate(layout.WAYS)]
    rows += [("`Site` (analysis)", int(site), site.label) for site in Site]
    return table(("variable", "code", "meaning"), rows)


# --- faults and retries


def faults() -> str:
    """The faults that the simulated lab can have."""
    return table(("kind", "on", "value", "lasts", "what happens"), [_fault(kind) for kind in KINDS.values()])


def _fault(kind: Kind) -> tuple[str, ...]:
    value = "" if kind.value is None else code(kind.value)
    lasts = "stays" if kind.count == EVER else f"{kind.count} command" + ("s" if kind.count != 1 else "")
    return code(kind.name), ", ".join(kind.instruments), value, lasts, kind.says


def retries() -> str:
    """What may be repeated."""
    rows = [
        (each.value, rule.repeats, si(rule.timeout, "s") if rule.repeats else "", rule.because)
        for each, rule in POLICY.items()
    ]
    return table(("what a command does", "repeated at most", "then within", "because"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "procedures": procedures,
    "drivers": drivers,
    "commands": commands,
    "serve": serve,
    "plan": plan,
    "bench": tables_of(BenchTable),
    "wiring": tables_of(WiringTable),
    "limits": tables_of(Limits),
    "tip": tables_of(TipTable),
    "sensor": tables_of(Sensor),
    "instrument": tables_of(InstrumentTable),
    "points": lambda: group(layout.points_group(_LAYOUT)),
    "ramps": lambda: group(layout.ramps_group(_LAYOUT)),
    "frames": lambda: group(layout.frame_group(_FRAME)),
    "checks": lambda: group(layout.checks_group(1)),
    "events": lambda: group(layout.events_group(1)),
    "tables": lambda: group(layout.table_segment(_TABLE, 0, 1)),
    "states": states,
    "faults": faults,
    "retries": retries,
}


def renewed(text: str) -> str:
    """Return a page with its tables as the code has them now."""
    return MARKED.sub(lambda found: found["head"] + TABLES[found["name"]]() + found["tail"], text)


def out_of_date(folder: Path = REFERENCE) -> dict[Path, str]:
    """Return the pages that differ from the code, with the text they should have."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(folder.glob("*.md"))}
    return {page: fresh for page, text in pages.items() if (fresh := renewed(text)) != text}


def main() -> int:
    """Write what changed; with `--check` only say so, status 1."""
    stale = out_of_date()
    if "--check" in sys.argv[1:]:
        sys.stdout.write("".join(f"out of date: {page.name}\n" for page in stale) or "up to date\n")
        return 1 if stale else 0
    for page, text in stale.items():
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"written: {page.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
