"""Recipes on the command line: looked at, run, resumed, shown."""

from pathlib import Path

from rich.table import Table

from nanoprobe.bench import bench_file
from nanoprobe.benchfile import read_bench_file
from nanoprobe.cli.console import out, say, tell
from nanoprobe.cli.progress import watched
from nanoprobe.errors import BadInput
from nanoprobe.recipe import Recipe, Step, look_ahead, read_recipe
from nanoprobe.recipe_run import RECORD, RecipeOutcome, RecipeRecord, resume_recipe, run_recipe
from nanoprobe.units import duration

SUFFIXES = (".toml", ".py")


def is_recipe(word: str | None) -> bool:
    """Say whether what is to be run is the file of a recipe rather than the name of a procedure."""
    return word is not None and word.endswith(SUFFIXES)


def is_folder(path: Path) -> bool:
    """Say whether `path` is the folder of a recipe."""
    return (path / RECORD).exists()


def runs_inside(path: Path) -> str:
    """Return the names of the runs that the folder of a recipe holds, as a list to read."""
    record = RecipeRecord.open(path)
    return (
        ", ".join(place.name for step in record.recipe.steps if (place := record.run_of(step)).exists()) or "none yet"
    )


def run_file(path: Path, bench: str | None, to: Path | None, dry_run: bool) -> int:
    """Run the recipe in a file, or show what it would do; return the exit status."""
    recipe = read_recipe(path)
    if bench is not None:
        recipe = recipe.model_copy(update={"bench": bench})
    if dry_run:
        _print_ahead(recipe)
        return 0
    if to is None:
        raise BadInput("--out DIR is missing: say where the folder of the recipe's runs is to be made")
    with watched(recipe.recipe) as (events, control):
        return report(run_recipe(recipe, to, events, control, lambda number, step: _say(recipe, number, step)))


def resume_folder(path: Path, bench: str | None) -> int:
    """Go on with the recipe in a folder; return the exit status."""
    record = RecipeRecord.open(path)
    if all(record.status_of(step) == "finished" for step in record.recipe.steps):
        tell(f"finished: {path} has nothing left to do")
        return 0
    with watched(f"resume {path.name}") as (events, control):
        return report(
            resume_recipe(path, events, control, lambda number, step: _say(record.recipe, number, step), bench)
        )


def show_folder(path: Path) -> None:
    """Show the steps of a recipe and how far they are."""
    record = RecipeRecord.open(path)
    table = Table(title=f"{path}: {record.recipe.recipe}", title_justify="left")
    for heading in ("step", "procedure", "run", "status"):
        table.add_column(heading)
    for step in record.recipe.steps:
        table.add_row(step.name, step.procedure, record.run_of(step).name, record.status_of(step))
    out.print(table)
    done = all(record.status_of(step) == "finished" for step in record.recipe.steps)
    tell(f"next: nanoprobe {f'show {record.run_of(record.recipe.steps[-1])}' if done else f'resume {path}'}")


def report(outcome: RecipeOutcome) -> int:
    """Say how a recipe ended and what to type next; return the exit status."""
    if outcome.error is not None:
        say(f"nanoprobe: {outcome.status}: {outcome.error}")
    tell(f"{outcome.status}: {outcome.path} ({len(outcome.runs)} runs)")
    tell(f"next: nanoprobe {'show' if outcome.status == 'finished' else 'resume'} {outcome.path}")
    return outcome.exit_status


def _say(recipe: Recipe, number: int, step: Step) -> None:
    tell(f"step {number} of {len(recipe.steps)}: {step.name} ({step.procedure})")


def _print_ahead(recipe: Recipe) -> None:
    with bench_file(recipe.bench) as path:
        ahead = look_ahead(recipe, read_bench_file(path))
    table = Table(title=f"{recipe.recipe} on {recipe.bench}: dry run, nothing was touched", title_justify="left")
    for heading in ("step", "procedure", "time, at most", "bias", "force", "from earlier steps"):
        table.add_column(heading)
    for step, outlook in ahead:
        known = (
            ("as the earlier run says", "", "")
            if outlook is None
            else (duration(outlook.duration), *(dict(outlook.rows()).get(name, "") for name in ("bias", "force")))
        )
        taken = ", ".join(f"{name} = {reference}" for name, reference in step.references.items())
        table.add_row(step.name, step.procedure, *known, taken)
    out.print(table)
    tell(f"recipe sha256 {recipe.digest()}")
