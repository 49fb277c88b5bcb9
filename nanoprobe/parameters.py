"""A procedure's parameters as data: names, units, ranges, defaults; and how text becomes a checked value.

PyMeasure drops unknown parameters silently; here they are an error. Only the attributes every PyMeasure `Parameter`
has are used, so this room needs no PyMeasure.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nanoprobe.errors import BadInput
from nanoprobe.units import quantity, si

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
        if self.minimum is None and self.maximum is None:
            return "any"
        low, high = (("-" if end is None else si(end, self.unit)) for end in (self.minimum, self.maximum))
        return f"{low} to {high}"

    def shown_default(self) -> str:
        """Return the default for people."""
        if isinstance(self.default, (int, float)) and not isinstance(self.default, bool):
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
        minimum=None if minimum is None or abs(minimum) >= _UNBOUNDED else minimum,
        maximum=None if maximum is None or abs(maximum) >= _UNBOUNDED else maximum,
        choices=tuple(str(choice) for choice in choices) if choices else (),
        group=str(getattr(parameter, "group_name", "") or ""),
        description=str(getattr(parameter, "description", "") or ""),
    )


_UNBOUNDED = 1e9
"""PyMeasure's default range of a number."""


def check_values(procedure: Any, name: str, given: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """Return `given` as checked values. Raises BadInput naming parameter, value, unit and what is allowed."""
    known = {info.name: info for info in describe(procedure)}
    checked = {}
    for key, value in given.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has: {', '.join(known)}"
            raise BadInput(f"{name} has no parameter '{key}'; {hint}")
        checked[key] = _checked(name, known[key], value)
    return checked


def _checked(procedure: str, info: ParameterInfo, value: JSONValue) -> JSONValue:
    where = f"{procedure}: {info.name}"
    if info.choices:
        if str(value) not in info.choices:
            raise BadInput(f"{where} = {value!r}: allowed is {info.allowed()}")
        return value
    if isinstance(info.default, bool):
        return _truth(where, value)
    if isinstance(info.default, (int, float)) or info.minimum is not None:
        return _number(where, info, value)
    return value


def _truth(where: str, value: JSONValue) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in words:
        raise BadInput(f"{where} = {value!r}: allowed is true or false")
    return words[str(value).lower()]


def _number(where: str, info: ParameterInfo, value: JSONValue) -> JSONValue:
    if isinstance(value, (list, bool)) or value is None:
        raise BadInput(f"{where} = {value!r}: a number{f' in {info.unit}' if info.unit else ''} is expected")
    try:
        number = quantity(value, info.unit) if isinstance(value, str) else float(value)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    low = -float("inf") if info.minimum is None else info.minimum
    high = float("inf") if info.maximum is None else info.maximum
    if not low <= number <= high:
        raise BadInput(f"{where} = {si(number, info.unit, 6)} is out of range: allowed is {info.allowed()}")
    if isinstance(info.default, int):
        if number != int(number):
            raise BadInput(f"{where} = {number:g}: a whole number is expected")
        return int(number)
    return number
