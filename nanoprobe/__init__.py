"""In-situ nanoscale dendrite-triggering experiments on solid electrolytes with a conductive AFM.

From a notebook or script: `from nanoprobe import Plan, open_bench, open_run, run`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nanoprobe.bench import Bench, open_bench
    from nanoprobe.engine import execute as run
    from nanoprobe.outcome import Outcome
    from nanoprobe.plan import Plan
    from nanoprobe.recipe import Recipe, Step, read_recipe
    from nanoprobe.recipe_run import RecipeOutcome, resume_recipe, run_recipe
    from nanoprobe.storage import Run, open_run

DISTRIBUTION = "nanoprobe"

_HOMES = {
    "Bench": "bench:Bench",
    "Outcome": "outcome:Outcome",
    "Plan": "plan:Plan",
    "Recipe": "recipe:Recipe",
    "RecipeOutcome": "recipe_run:RecipeOutcome",
    "Run": "storage:Run",
    "Step": "recipe:Step",
    "open_bench": "bench:open_bench",
    "open_run": "storage:open_run",
    "read_recipe": "recipe:read_recipe",
    "resume_recipe": "recipe_run:resume_recipe",
    "run": "engine:execute",
    "run_recipe": "recipe_run:run_recipe",
}

__all__ = [
    "DISTRIBUTION",
    "Bench",
    "Outcome",
    "Plan",
    "Recipe",
    "RecipeOutcome",
    "Run",
    "Step",
    "open_bench",
    "open_run",
    "read_recipe",
    "resume_recipe",
    "run",
    "run_recipe",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nanoprobe' has no attribute '{name}'")
    module, attribute = _HOMES[name].split(":")
    return getattr(import_module(f"nanoprobe.{module}"), attribute)
