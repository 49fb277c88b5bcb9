"""A recipe: an experiment of several runs on one bench, written down as TOML or Python, checked whole before it begins."""

import hashlib
import json
import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nanoprobe.bench import Bench
from nanoprobe.benchfile import BenchFile, explain
from nanoprobe.errors import BadInput, LimitExceeded
from nanoprobe.outlook import Foreseen
from nanoprobe.plan import Plan, make_plan, read_plan
from nanoprobe.recipe_results import check_reference, is_reference, resolve, wants_run

_NAME = re.compile(r"[a-z][a-z0-9-]*")
MOST_STEPS = 99


class Step(BaseModel):
    """One run of a recipe. A parameter that begins with @ is a result of an earlier step: see `recipe_results`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="how later steps call it: small letters, digits and dashes")
    procedure: str = Field(description="procedure name as `nanoprobe procedures` lists it")
    parameters: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def references(self) -> dict[str, str]:
        """The parameters that are results of earlier steps."""
        return {name: value for name, value in self.parameters.items() if is_reference(value)}


class Recipe(BaseModel):
    """What to do, step by step, on one bench."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    recipe: str = Field(min_length=1, description="what this recipe is called")
    bench: str = Field("demo", description="bench file or the name of a bench")
    sample: str = Field("", description="what lies under the tip")
    operator: str = Field("", description="who runs it")
    steps: tuple[Step, ...] = Field(alias="step", min_length=1, max_length=MOST_STEPS)

    def plan(self, step: Step, runs: Mapping[str, Path] | None = None) -> Plan:
        """Return the checked plan of a step. `runs`: the earlier steps' runs; None leaves what they bring at its default.

        Raises BadInput naming the step.
        """
        given = {name: value for name, value in step.parameters.items() if name not in step.references}
        if runs is not None:
            given |= {name: resolve(reference, runs) for name, reference in step.references.items()}
        raw = {
            "procedure": step.procedure,
            "bench": self.bench,
            "sample": self.sample,
            "operator": self.operator,
            "parameters": given,
        }
        plan = make_plan(raw, f"step '{step.name}'")
        known = set(plan.resolved())
        for name in step.references:
            if name not in known:
                raise BadInput(f"step '{step.name}': {step.procedure} has no parameter {name!r}")
        return plan

    def canonical(self) -> str:
        """Return the recipe as canonical JSON; what the hash is taken of."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)

    def digest(self) -> str:
        """Return the SHA-256 of `canonical` (hex)."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def read_recipe(path: Path) -> Recipe:
    """Read a recipe: TOML, or a Python file that sets `recipe`. Raises BadInput with one line.

    A Python file is run: only read what you would run.
    """
    if path.suffix == ".py":
        return _from_python(path)
    return make_recipe(read_plan(path, "recipe"), f"recipe {path}")


def _from_python(path: Path) -> Recipe:
    if not path.exists():
        raise BadInput(f"recipe {path}: no such file")
    try:
        found = runpy.run_path(str(path)).get("recipe")
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"recipe {path}: {type(error).__name__}: {error}") from error
    if not isinstance(found, Recipe):
        raise BadInput(f"recipe {path}: sets no `recipe` (write recipe = Recipe(...))")
    return checked(found, f"recipe {path}")


def make_recipe(raw: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """Return a checked recipe. Raises BadInput for unknown keys, names, procedures, parameters and references."""
    try:
        found = Recipe.model_validate(raw)
    except ValidationError as error:
        raise BadInput(f"{where}: {explain(error, Recipe)}") from None
    return checked(found, where)


def checked(recipe: Recipe, where: str) -> Recipe:
    """Return `recipe`. Raises BadInput where a step cannot be what it says, whatever the bench."""
    earlier: list[str] = []
    for step in recipe.steps:
        if not _NAME.fullmatch(step.name):
            raise BadInput(f"{where}: step name '{step.name}' may have small letters, digits and dashes only")
        if step.name in earlier:
            raise BadInput(f"{where}: two steps are called '{step.name}'")
        try:
            for reference in step.references.values():
                check_reference(reference, earlier)
            recipe.plan(step)
        except BadInput as error:
            raise BadInput(_at(where, step, error)) from None
        earlier.append(step.name)
    return recipe


def _at(where: str, step: Step, error: BadInput) -> str:
    text = str(error)
    return f"{where}: {text}" if text.startswith("step ") else f"{where}: step '{step.name}': {text}"


def look_ahead(recipe: Recipe, description: BenchFile) -> list[tuple[Step, Foreseen | None]]:
    """Return what each step will do, None where that hangs on an earlier step's run. Nothing is touched.

    Raises BadInput naming the first step that this bench does not allow.
    """
    return [(step, _outlook(recipe, step, description)) for step in recipe.steps]


def _outlook(recipe: Recipe, step: Step, description: BenchFile) -> Foreseen | None:
    try:
        ahead: Foreseen = recipe.plan(step).build().outlook(description.limits, description.wiring)
    except BadInput as error:
        _refuse_unless_later(step, error)
        return None
    return ahead


def check_on(recipe: Recipe, bench: Bench) -> None:
    """Raise BadInput naming the first step that cannot run on the opened bench; nothing is moved or biased."""
    for step in recipe.steps:
        try:
            recipe.plan(step).build().check_on(bench)
        except BadInput as error:
            _refuse_unless_later(step, error)


def _refuse_unless_later(step: Step, error: BadInput) -> None:
    """Raise what speaks against a step, unless it may only miss a run that an earlier step is going to make."""
    later = any(wants_run(reference) for reference in step.references.values())
    if isinstance(error, LimitExceeded) or not later:
        raise BadInput(f"step '{step.name}' ({step.procedure}) cannot run on this bench: {error}") from error
