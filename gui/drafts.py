"""A plan in the making: what was typed so far, with undo and redo. Frozen values, no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nanoprobe.parameters import JSONValue
from nanoprobe.plan import Plan

TOP = ("sample", "operator")
"""Parameters that stand at the top of a plan."""
CARRIED = ("sample", "operator", "tip", "force")
"""Parameters that stay when another procedure is chosen."""
MOST_STEPS = 200
"""Steps that can be undone."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A procedure and the parameters given for it; all others have their defaults."""

    procedure: str = ""
    given: Mapping[str, JSONValue] = field(default_factory=lambda: MappingProxyType({}))

    def with_given(self, changes: Mapping[str, JSONValue]) -> "Draft":
        """Return a draft with some values changed; None takes a value back to its default."""
        kept = {**self.given, **changes}
        return Draft(self.procedure, {name: value for name, value in kept.items() if value is not None})

    def for_procedure(self, name: str) -> "Draft":
        """Return a draft for another procedure that keeps what every procedure has."""
        return Draft(name, {key: self.given[key] for key in CARRIED if key in self.given})

    def plan(self, bench: str) -> Plan:
        """Return the plan for `bench`; not checked yet."""
        parameters = {name: value for name, value in self.given.items() if name not in TOP}
        top: dict[str, Any] = {name: str(self.given[name]) for name in TOP if name in self.given}
        return Plan(procedure=self.procedure, bench=bench, parameters=parameters, **top)


def draft_of(plan: Plan) -> Draft:
    """Return the draft that makes `plan`."""
    top = {name: getattr(plan, name) for name in TOP if getattr(plan, name)}
    return Draft(plan.procedure, {**plan.parameters, **top})


class History:
    """The drafts so far. Edits of the same thing one after the other are one step, until `seal`."""

    def __init__(self, first: Draft) -> None:
        self.present = first
        self._past: list[Draft] = []
        self._future: list[Draft] = []
        self._open = ""

    def step(self, draft: Draft, what: str = "") -> None:
        """Go on to `draft`; merged with the step before when `what` names the same thing."""
        if draft == self.present:
            return
        if not what or what != self._open:
            self._past = [*self._past[1 - MOST_STEPS :], self.present]
        self.present, self._future, self._open = draft, [], what

    def seal(self) -> None:
        """Let the next edit be a step of its own."""
        self._open = ""

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return bool(self._future)

    def undo(self) -> None:
        """Go back one step; nothing at the first."""
        if self._past:
            self._future.append(self.present)
            self.present = self._past.pop()
            self.seal()

    def redo(self) -> None:
        """Take back an undo; nothing without one."""
        if self._future:
            self._past.append(self.present)
            self.present = self._future.pop()
            self.seal()
