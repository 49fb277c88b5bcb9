"""Running a recipe: one bench, one folder, a run a step, and a record from which the whole can be resumed."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nanoprobe import engine, recipe
from nanoprobe.bench import Bench, bench_file
from nanoprobe.benchfile import read_bench_file
from nanoprobe.control import RunControl
from nanoprobe.errors import BadInput, NanoprobeError, StorageError
from nanoprobe.events import Events
from nanoprobe.outcome import Outcome
from nanoprobe.recipe import Recipe, Step
from nanoprobe.storage import open_run
from nanoprobe.storage.disk import check_place, reason, sync_folder

RECORD = "recipe.json"
SCHEMA = "nanoprobe-recipe/1"

OnStep = Callable[[int, Step], None]
"""Called before a step with its number, from 1."""


@dataclass(frozen=True, slots=True)
class RecipeOutcome(Outcome):
    """How a recipe ended: its folder, `status` of its last step ("finished" when all are), that step's error; `runs`."""

    runs: tuple[Path, ...] = ()


def run_recipe(
    what: Recipe,
    out: Path | str,
    events: Events | None = None,
    control: RunControl | None = None,
    on_step: OnStep = lambda number, step: None,
) -> RecipeOutcome:
    """Run a recipe into the new folder `out`; blocks until it has ended.

    Every step is checked against the bench before the first one begins. Raises BadInput then, Unreachable before
    anything is created; later errors are in the outcome.
    """
    out = Path(os.path.abspath(out))
    recipe.checked(what, "recipe")
    check_place(out)
    with bench_file(what.bench) as path:
        description = read_bench_file(path)
        recipe.look_ahead(what, description)

        def begin(bench: Bench) -> RecipeOutcome:
            recipe.check_on(what, bench)
            out.mkdir()
            record = RecipeRecord.create(out, what)
            return _Cook(record, bench, events or Events(), control or RunControl(), on_step).go()

        return engine.on_opened(description, begin)


def resume_recipe(
    path: Path | str,
    events: Events | None = None,
    control: RunControl | None = None,
    on_step: OnStep = lambda number, step: None,
    bench: str | None = None,
) -> RecipeOutcome:
    """Go on with a recipe that did not finish: at the next point of the step that was cut off, then with the rest."""
    record = RecipeRecord.open(Path(os.path.abspath(path)))
    with bench_file(bench or record.recipe.bench) as place:
        description = read_bench_file(place)

        def go_on(opened: Bench) -> RecipeOutcome:
            recipe.check_on(record.recipe, opened)
            return _Cook(record, opened, events or Events(), control or RunControl(), on_step).go()

        return engine.on_opened(description, go_on)


class RecipeRecord:
    """The folder of a recipe: `recipe.json`, and a run a step. Written by rename, whole or not at all."""

    def __init__(self, path: Path, what: Recipe, started: str) -> None:
        self.path = path
        self.recipe = what
        self._started = started

    @classmethod
    def create(cls, path: Path, what: Recipe) -> "RecipeRecord":
        """Begin the record in the empty folder `path`."""
        record = cls(path, what, datetime.now(UTC).isoformat(timespec="milliseconds"))
        record.save("running")
        return record

    @classmethod
    def open(cls, path: Path) -> "RecipeRecord":
        """Read a record. Raises BadInput when the folder is no recipe's, or was changed."""
        try:
            content = json.loads((path / RECORD).read_text(encoding="utf-8"))
            if content["schema"] != SCHEMA:
                raise BadInput(f"{path} is no recipe this version can read: its layout is {content['schema']!r}")
            what = recipe.make_recipe(content["recipe"], f"recipe in {path}")
            if what.digest() != content["recipe_sha256"]:
                raise BadInput(f"{path}: the recipe does not match its hash; it was changed since it was started")
            return cls(path, what, str(content["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            raise BadInput(f"{path} is no folder of a recipe: it has no readable {RECORD}") from None

    def run_of(self, step: Step) -> Path:
        """Return where the run of a step is, or will be."""
        number = self.recipe.steps.index(step) + 1
        return self.path / f"{number:02d}-{step.name}.zarr"

    def status_of(self, step: Step) -> str:
        """Return how the run of a step ended; "planned" where it has not begun."""
        if not self.run_of(step).exists():
            return "planned"
        with open_run(self.run_of(step)) as run:
            return run.status

    def save(self, status: str, error: str = "") -> None:
        """Write the record. Raises StorageError when the disk refuses."""
        content = {
            "schema": SCHEMA,
            "recipe": self.recipe.model_dump(mode="json", by_alias=True),
            "recipe_sha256": self.recipe.digest(),
            "started": self._started,
            "changed": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "status": status,
            "reason": error,
            "steps": [self._entry(step) for step in self.recipe.steps],
        }
        fresh = self.path / f".{RECORD}.new"
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path / RECORD)
            sync_folder(self.path)
        except OSError as problem:
            raise StorageError(
                f"the record of the recipe in {self.path} cannot be written: {reason(problem)}"
            ) from problem

    def _entry(self, step: Step) -> dict[str, Any]:
        return {"name": step.name, "run": self.run_of(step).name, "status": self.status_of(step)}


class _Cook:
    """One execution of a recipe, from where its record stands."""

    def __init__(
        self, record: RecipeRecord, bench: Bench, events: Events, control: RunControl, on_step: OnStep
    ) -> None:
        self._record = record
        self._bench = bench
        self._events = events
        self._control = control
        self._on_step = on_step

    def go(self) -> RecipeOutcome:
        """Run what is left, step by step; the first that does not finish ends it."""
        error: BaseException | None = None
        status = "finished"
        for number, step in enumerate(self._record.recipe.steps, 1):
            if self._record.status_of(step) == "finished":
                continue
            self._on_step(number, step)
            status, error = self._run(step)
            with suppress(StorageError):  # the runs stand by themselves; the record is written again at the next step
                self._record.save("running" if status == "finished" else status, str(error or ""))
            if status != "finished":
                break
        self._record.save(status, str(error or ""))
        runs = tuple(self._record.run_of(step) for step in self._record.recipe.steps)
        return RecipeOutcome(self._record.path, status, error, tuple(run for run in runs if run.exists()))

    def _run(self, step: Step) -> tuple[str, BaseException | None]:
        """Run or resume a step; return its status and error. What refuses it before it begins fails the recipe."""
        path = self._record.run_of(step)
        try:
            if path.exists():
                outcome = engine.resume_on(path, self._bench, self._events, self._control)
            else:
                earlier = {other.name: self._record.run_of(other) for other in self._record.recipe.steps}
                plan = self._record.recipe.plan(step, earlier)
                outcome = engine.execute_on(plan, self._bench, path, self._events, self._control)
        except NanoprobeError as error:
            return "failed", type(error)(f"step '{step.name}': {error}")
        return outcome.status, outcome.error
