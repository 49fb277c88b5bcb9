"""A plan: which procedure, on which bench, with which parameters. One validated object for command line, app and notebook."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nanoprobe import plugins
from nanoprobe.benchfile import explain
from nanoprobe.errors import BadInput
from nanoprobe.parameters import JSONValue, check_names, describe

MAX_BYTES = 10_000_000


class Plan(BaseModel):
    """What to do. `parameters` by their names, SI numbers or text with a unit; checked by `resolved`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    procedure: str = Field(description="procedure name as `nanoprobe procedures` lists it")
    bench: str = Field("demo", description="bench file or the name of a bench")
    sample: str = Field("", description="what lies under the tip")
    operator: str = Field("", description="who runs it")
    parameters: Mapping[str, Any] = Field(default_factory=dict)

    def build(self) -> Any:
        """Return the procedure, ready to be checked and run. Raises BadInput for anything wrong with the plan."""
        cls = plugins.procedure(self.procedure)
        values = self._all_given()
        check_names(cls, self.procedure, values)
        return cls(**values)

    def _all_given(self) -> dict[str, JSONValue]:
        common = {"bench": self.bench, "sample": self.sample, "operator": self.operator}
        double = sorted(common.keys() & self.parameters.keys())
        if double:
            raise BadInput(f"'{double[0]}' belongs at the top of the plan, not among the parameters")
        return {**{key: value for key, value in common.items() if value}, **self.parameters}

    def resolved(self) -> dict[str, JSONValue]:
        """Return every parameter's value, defaults included."""
        return {info.name: info.default for info in describe(self.build())}

    def canonical(self) -> str:
        """Return the plan with every default filled in as canonical JSON; what the hash is taken of."""
        return json.dumps({"procedure": self.procedure, "parameters": self.resolved()}, sort_keys=True)

    def digest(self) -> str:
        """Return the SHA-256 of `canonical` (hex)."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def read_plan(path: Path, what: str = "plan") -> dict[str, Any]:
    """Read a plan's (or `what`'s) TOML. Raises BadInput with one line; content is checked by `make_plan`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{what} {path}: larger than {MAX_BYTES} bytes, this is no {what}")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{what} {path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{what} {path}: no valid TOML: {error}") from None


def make_plan(raw: Mapping[str, Any], where: str = "plan") -> Plan:
    """Return a checked plan. Raises BadInput for unknown keys, unknown parameters, wrong units and values out of range."""
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        raise BadInput(f"{where}: {explain(error, Plan)}") from None
    plan.build()
    return plan


def parse_assignment(text: str) -> tuple[str, str]:
    """Split `name=value`. Raises BadInput."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"--set {text}: write name=value, for example --set trip_current='1 nA'")
    return name.strip(), value.strip()
