"""A procedure's parameters as data: names, units, ranges, defaults.

Only the attributes every PyMeasure `Parameter` has are used, so this room needs no PyMeasure; values are converted and
checked by the procedure itself.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nanoprobe.errors import BadInput
from nanoprobe.units import si

JSONValue = str | int | float | bool | list[Any] | None


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter. `minimum`, `maximum` in `unit`; `choices` where only certain values are allowed."""

    name: str
    label: str
    unit: str
    default: JSONValue
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    group: str
    description: str

    def allowed(self) -> str:
        """Say what is allowed, for people."""
        if self.choices:
            return " | ".join(self.choices)
        if isinstance(self.default, bool):
            return "true | false"
        if self.minimum is None and self.maximum is None:
            return "any"
        low, high = (("-" if end is None else si(end, self.unit)) for end in (self.minimum, self.maximum))
        return f"{low} to {high}"

    def shown_default(self) -> str:
        """Return the default for people."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        if isinstance(self.default, (int, float)):
            return si(float(self.default), self.unit)
        return "" if self.default is None else str(self.default)


def describe(procedure: Any) -> list[ParameterInfo]:
    """Return the parameters of a procedure class or instance in the order they were declared."""
    instance = procedure() if isinstance(procedure, type) else procedure
    return [_info(name, parameter) for name, parameter in instance.parameter_objects().items()]


def _info(name: str, parameter: Any) -> ParameterInfo:
    choices = getattr(parameter, "choices", None)
    minimum, maximum = getattr(parameter, "minimum", None), getattr(parameter, "maximum", None)
    return ParameterInfo(
        name=name,
        label=str(parameter.name),
        unit=str(getattr(parameter, "units", None) or ""),
        default=parameter.value,
        minimum=None if minimum is None or abs(minimum) == _UNBOUNDED else minimum,
        maximum=None if maximum is None or abs(maximum) == _UNBOUNDED else maximum,
        choices=tuple(str(choice) for choice in choices) if choices else (),
        group=str(getattr(parameter, "group_name", "") or ""),
        description=str(getattr(parameter, "description", "") or ""),
    )


_UNBOUNDED = 1e9
"""PyMeasure's default range of a number."""


def check_names(procedure: Any, name: str, given: Iterable[str]) -> None:
    """Raise BadInput for a parameter the procedure does not have; PyMeasure itself would drop it silently."""
    known = [info.name for info in describe(procedure)]
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has: {', '.join(known)}"
            raise BadInput(f"{name} has no parameter {key!r}; {hint}")
