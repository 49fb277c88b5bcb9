"""The experiments that are installed, as data for a form: names, texts, parameters, and what is wrong with a value. No Qt."""

import inspect
import math
from dataclasses import dataclass
from typing import Any

from nanoprobe import plugins
from nanoprobe.errors import BadInput
from nanoprobe.parameters import JSONValue, ParameterInfo, describe
from nanoprobe.units import quantity, si

ASIDE = frozenset({"bench"})
"""Parameters the form does not show: the open bench is the bench."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One procedure. `summary` is its docstring's first line, `manual` the whole of it; `parameters` as declared.

    `groups` of parameters: those of its own before those it shares with others, those every procedure has last.
    """

    name: str
    summary: str
    manual: str
    parameters: tuple[ParameterInfo, ...]
    procedure: Any
    groups: tuple[str, ...]

    def parameter(self, name: str) -> ParameterInfo | None:
        """Return one parameter, None where there is no such name."""
        return next((info for info in self.parameters if info.name == name), None)

    def in_group(self, group: str) -> tuple[ParameterInfo, ...]:
        """Return the parameters of one group."""
        return tuple(info for info in self.parameters if _group(info) == group)

    def problem(self, name: str, value: JSONValue) -> str:
        """Say what is wrong with `value` for parameter `name`, empty when nothing is; a file is not looked into here."""
        if isinstance(value, str) and value.lower().endswith(_FILES):
            return ""
        try:
            self.procedure(**{name: value})
        except BadInput as error:
            return _without_place(str(error), type_name=self.procedure.__name__, parameter=name)
        return ""


_FILES = (".csv", ".json")
"""Places may be given as a file; this thread never reads disk, so the look-ahead in the reading thread finds what is wrong."""
_COMMON = ("contact", "run")
"""Groups that every procedure has."""


def load_experiments() -> tuple[Experiment, ...]:
    """Import every installed procedure (slow, some tenths of a second) and return them, what most runs are first."""
    quantity("1 V", "V")  # loads the table of units, so that the first number typed does not wait for it
    found = [_experiment(name) for name in plugins.find("procedures")]
    return tuple(sorted(found, key=lambda each: len(each.parameters), reverse=True))


def _experiment(name: str) -> Experiment:
    procedure = plugins.procedure(name)
    manual = inspect.getdoc(procedure) or ""
    infos = tuple(info for info in describe(procedure) if info.name not in ASIDE)
    return Experiment(name, manual.split("\n")[0], manual, infos, procedure, _groups(procedure, infos))


def _groups(procedure: Any, infos: tuple[ParameterInfo, ...]) -> tuple[str, ...]:
    own = dict.fromkeys(_group(info) for info in infos if info.name in vars(procedure))
    names = dict.fromkeys((*own, *(_group(info) for info in infos)))
    return tuple(sorted(names, key=_COMMON.__contains__))


def _group(info: ParameterInfo) -> str:
    return info.group or "other"


def _without_place(text: str, type_name: str, parameter: str) -> str:
    """The field stands beside the text already: leave out which procedure and which parameter."""
    for prefix in (f"{type_name}: ", f"{parameter}: ", f"{parameter} = "):
        text = text.removeprefix(prefix)
    return text


def shown(value: JSONValue, info: ParameterInfo) -> str:
    """Return `value` as a field shows it: numbers with SI prefix and every digit they have."""
    if isinstance(value, float) and math.isfinite(value):
        return _shown_number(value, info.unit)
    if isinstance(value, list):
        return "; ".join(f"{x!r},{y!r}" for x, y in value)
    return "" if value is None else str(value)


def _shown_number(value: float, unit: str) -> str:
    for digits in (3, 6, 9, 12):
        text = si(value, unit, digits)
        if math.isclose(_reads_as(text, unit), value, rel_tol=_SAME):
            return text
    return f"{value!r} {unit if unit != '1' else ''}".rstrip()


_SAME = 1e-14
"""Relative difference (1) that changing units may cost."""


def _reads_as(text: str, unit: str) -> float:
    try:
        return quantity(text, unit)
    except BadInput:
        return math.nan


def shown_range(info: ParameterInfo) -> str:
    """Return what is allowed, empty where anything is."""
    if info.choices:
        return " | ".join(info.choices)
    low, high = (None if end is None else _end(end, info.unit) for end in (info.minimum, info.maximum))
    if low is None or high is None:
        return f"from {low}" if low else f"up to {high}" if high else ""
    return f"{low} to {high}"


def _end(value: float, unit: str) -> str:
    """Whole numbers that count something are written out: 1000, not 1e+03."""
    return f"{value:.0f} {unit}".strip() if float(value).is_integer() and unit in _COUNTED else si(value, unit)


_COUNTED = ("", "px", "points")
"""Units of things that are counted."""


def tooltip(info: ParameterInfo) -> str:
    """Return what a parameter is, its range, its default and its name on the command line."""
    lines = [info.description or info.label]
    if shown_range(info):
        lines.append(f"allowed: {shown_range(info)}")
    lines += [f"default: {info.shown_default() or 'none'}", f"name: {info.name}"]
    return "\n".join(lines)
