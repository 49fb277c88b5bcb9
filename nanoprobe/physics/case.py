"""A named problem with its parameters, its answer and, where there is one, the closed formula it must agree with."""

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nanoprobe.errors import BadInput
from nanoprobe.units import quantity, si

Values = Mapping[str, float]


@dataclass(frozen=True)
class Setting:
    """One parameter: default in SI `unit`, and the open range it must lie in."""

    default: float
    unit: str
    meaning: str
    above: float = 0.0
    below: float = float("inf")

    def check(self, name: str, value: float) -> float:
        """Return `value`; raises BadInput outside the range."""
        if not self.above < value < self.below:
            limits = f"above {si(self.above, self.unit)}"
            limits += "" if self.below == float("inf") else f" and below {si(self.below, self.unit)}"
            shown = "not a number" if math.isnan(value) else si(value, self.unit)
            raise BadInput(f"{name} is {shown}; it must lie {limits} ({self.meaning})")
        return value


class Solved(Protocol):
    """What every solution tells about itself."""

    @property
    def dofs(self) -> int:
        """Number of unknowns."""

    @property
    def estimated_error(self) -> float:
        """Relative error of the energy."""


@dataclass(frozen=True)
class Result:
    """What came out. `values`: quantities in SI by name; `error`: of the one the formula is for, relative; None without one."""

    values: Mapping[str, float]
    dofs: int
    estimated_error: float
    error: float | None = None


@dataclass(frozen=True)
class Case:
    """A problem. `levels` yields results on ever finer meshes, at most `dofs` unknowns each; `number`: in domain.md's list."""

    name: str
    kind: str
    number: int
    meaning: str
    formula: str
    levels: Callable[[Values, int], Iterator[Result]] = field(repr=False)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    measured: str = "energy"
    """The quantity whose error the table shows."""

    def values(self, given: Mapping[str, str | float]) -> dict[str, float]:
        """Return every parameter's value: defaults, and what is `given` (numbers in SI or text with a unit)."""
        for name in given:
            if name not in self.settings:
                close = difflib.get_close_matches(name, self.settings, n=1)
                hint = f"did you mean '{close[0]}'?" if close else f"it has: {', '.join(self.settings)}"
                raise BadInput(f"case {self.name} has no parameter {name!r}; {hint}")
        read = {name: quantity(str(text), self.settings[name].unit) for name, text in given.items()}
        return {n: s.check(n, read.get(n, s.default)) for n, s in self.settings.items()}
