"""The kinds of parameter our procedures have: PyMeasure's own, each with a unit, a range, a group and a description."""

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, ListParameter, Parameter

from nanoprobe.errors import BadInput
from nanoprobe.units import quantity, si


def number(label: str, unit: str, default: float, low: float, high: float, group: str, description: str) -> Any:
    """Return a parameter that holds a float in `unit` (SI), from `low` to `high`."""
    made = FloatParameter(label, units=unit, default=default, minimum=low, maximum=high, description=description)
    return _grouped(made, group)


def whole(label: str, unit: str, default: int, low: int, high: int, group: str, description: str) -> Any:
    """Return a parameter that holds a whole number of `unit`."""
    made = IntegerParameter(label, units=unit, default=default, minimum=low, maximum=high, description=description)
    return _grouped(made, group)


def switch(label: str, default: bool, group: str, description: str) -> Any:
    """Return a parameter that is true or false."""
    return _grouped(BooleanParameter(label, default=default, description=description), group)


def choice(label: str, choices: Iterable[str], default: str, group: str, description: str) -> Any:
    """Return a parameter that is one of `choices`."""
    names = [str(name) for name in choices]
    return _grouped(ListParameter(label, choices=names, default=str(default), description=description), group)


def text(label: str, default: str, group: str, description: str) -> Any:
    """Return a parameter that holds text."""
    return _grouped(Parameter(label, default=default, description=description), group)


def _grouped(parameter: Any, group: str) -> Any:
    parameter.group_name = group
    return parameter


def converted(procedure: str, name: str, parameter: Any, value: Any) -> Any:
    """Return `value` as `parameter` holds it; text may carry a unit ("10 nA").

    Raises BadInput naming procedure, parameter, value, unit and range.
    """
    unit = getattr(parameter, "units", None) or ""
    try:
        if isinstance(value, str) and isinstance(parameter, FloatParameter):
            value = quantity(value, unit)
        if isinstance(parameter, FloatParameter) and not math.isfinite(float(value)):
            raise ValueError("not finite")
        if isinstance(value, float) and isinstance(parameter, IntegerParameter) and not value.is_integer():
            raise ValueError("not whole")
        return parameter.convert(value)
    except BadInput as error:
        raise BadInput(f"{procedure}: {name}: {error}") from None
    except (ValueError, TypeError):
        raise BadInput(f"{procedure}: {name} = {value!r} is not allowed: {allowed(parameter)}") from None


def allowed(parameter: Any) -> str:
    """Say what a parameter takes, for people."""
    choices = getattr(parameter, "choices", None)
    if choices:
        return f"choose {' or '.join(str(name) for name in choices)}"
    if isinstance(parameter, BooleanParameter):
        return "choose true or false"
    unit = getattr(parameter, "units", None) or ""
    kind = "a whole number" if isinstance(parameter, IntegerParameter) else "a number"
    return f"{kind} from {si(parameter.minimum, unit)} to {si(parameter.maximum, unit)} is expected"


def values_of(enum: type[StrEnum]) -> list[str]:
    """Return the texts of an enumeration, for `choice`."""
    return [member.value for member in enum]


def percent(share: float) -> str:
    """Return a share of 1 as a person says it."""
    return f"{100 * share:.0f} %"
