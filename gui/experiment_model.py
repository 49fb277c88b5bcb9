"""The experiment being planned: values as typed, what is wrong with them, what the plan would do. Knows no Qt."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from psygnal import Signal

from gui.drafts import Draft, History, draft_of
from gui.experiments import Experiment, load_experiments, shown
from gui.picks import PlanPatch
from gui.plan_shelf import PlanShelf, Shelf, ShelvedPlan, load_plan, write_plan
from gui.queue_model import QueueModel
from gui.session import DEMO, Session
from gui.session_state import Phase, SessionState
from nanoprobe.outlook import Outlook
from nanoprobe.parameters import JSONValue, ParameterInfo
from nanoprobe.plan import Plan

_log = logging.getLogger(__name__)


class ExperimentModel:
    """What the experiment form shows and asks for. Everything is called, and signals come, in the window's thread.

    `experiments_changed`: the list of procedures is there; `draft_changed`: values or procedure; `checked`: `errors`,
    `problem` or `outlook`; `shelf_changed`: saved and recent plans; `path_wanted`: an Outlook to draw on the map, or
    None to clear it. `load` first.
    """

    experiments_changed = Signal()
    draft_changed = Signal()
    checked = Signal()
    shelf_changed = Signal()
    path_wanted = Signal(object)

    def __init__(self, session: Session, queue: QueueModel, shelf: PlanShelf, folder: Path) -> None:
        self.experiments: tuple[Experiment, ...] = ()
        self.errors: Mapping[str, str] = {}
        self.problem = ""
        self.outlook: Outlook | None = None
        self.shelf = Shelf()
        self.folder = folder
        self._session = session
        self._queue = queue
        self._shelf = shelf
        self._history = History(Draft())
        self._judged_draft = Draft()
        self._drafts: dict[str, Draft] = {}
        self._looking = False
        self._stale = False
        self._bench = session.state.where
        session.state_changed.connect(self._follow)

    def load(self) -> None:
        """Fetch the procedures and the shelf; they come later, by signals."""
        self._session.read(load_experiments, self._loaded)
        self._refresh_shelf()

    def _loaded(self, experiments: tuple[Experiment, ...]) -> None:
        self.experiments = experiments
        if experiments and not self.draft.procedure:
            self._history = History(Draft(experiments[0].name))
        self.experiments_changed.emit()
        self._changed()

    def _follow(self, state: SessionState) -> None:
        bench = state.where if state.phase is Phase.OPEN else ""
        if bench != self._bench:
            self._bench = bench
            self._look()

    # --- the draft

    @property
    def draft(self) -> Draft:
        """What was typed so far."""
        return self._history.present

    @property
    def experiment(self) -> Experiment | None:
        """The procedure chosen, None while the list is not there yet."""
        return self.find(self.draft.procedure)

    def find(self, name: str) -> Experiment | None:
        """Return a procedure by name."""
        return next((each for each in self.experiments if each.name == name), None)

    def shown(self, info: ParameterInfo) -> str:
        """Return the text of a parameter's field: as typed, else its default."""
        given = self.draft.given.get(info.name)
        return given if isinstance(given, str) else shown(info.default if given is None else given, info)

    def is_default(self, name: str) -> bool:
        """Whether a parameter was left alone."""
        return name not in self.draft.given

    def choose(self, procedure: str) -> None:
        """Turn to another procedure; what was typed for it before comes back, and what all procedures have is kept."""
        if procedure == self.draft.procedure or self.find(procedure) is None:
            return
        self._drafts[self.draft.procedure] = self.draft
        carried = self.draft.for_procedure(procedure)
        before = self._drafts.get(procedure, carried)
        self._step(before.with_given(carried.given))

    def set_value(self, name: str, value: JSONValue) -> None:
        """Take what was typed or chosen; an empty text or None goes back to the default. Wrong values are kept, and named."""
        self._step(self.draft.with_given({name: None if value == "" else value}), name)

    def finish_edit(self) -> None:
        """The operator left the field: the next edit can be undone by itself."""
        self._history.seal()

    def reset(self) -> None:
        """Take every value back to its default."""
        self._step(Draft(self.draft.procedure))

    def undo(self) -> None:
        """Take back the last edit."""
        self._history.undo()
        self._changed()

    def redo(self) -> None:
        """Make the edit again."""
        self._history.redo()
        self._changed()

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return self._history.can_redo

    def apply(self, patch: PlanPatch) -> None:
        """Take what was picked on the map, as far as the procedure has parameters of these names."""
        experiment = self.experiment
        if experiment is None:
            return
        known = {name: value for name, value in patch.values.items() if experiment.parameter(name) is not None}
        fitting = {name: None if value in ([], "") else value for name, value in known.items()}
        if not fitting:
            self._session.tell(f"'{experiment.name}' takes nothing from the map ({patch.text})", "warning")
        elif len(patch.values.get("points", ())) > 1 and "points" not in fitting:
            self._session.tell(f"'{experiment.name}' has one place: it takes the point picked last", "warning")
        self._step(self.draft.with_given(fitting), "picks")

    def _step(self, draft: Draft, what: str = "") -> None:
        self._history.step(draft, what)
        self._changed()

    # --- what it means

    def plan(self) -> Plan:
        """Return the plan as typed, for the open bench (the demo without one)."""
        return self.draft.plan(self._session.state.where or DEMO)

    @property
    def ready(self) -> bool:
        """Whether the plan may go into the queue: nothing wrong with it as far as it can be told now."""
        return self.experiment is not None and not self.errors and not self.problem

    def _changed(self) -> None:
        self.errors = self._find_errors()
        self._judged_draft = self.draft
        self.draft_changed.emit()
        self._look()

    def _find_errors(self) -> dict[str, str]:
        experiment = self.experiment
        if experiment is None:
            return {}
        before = self._judged_draft if self._judged_draft.procedure == experiment.name else Draft()
        found = {}
        for name, value in self.draft.given.items():
            same = name in before.given and before.given[name] is value
            found[name] = self.errors.get(name, "") if same else experiment.problem(name, value)
        return {name: text for name, text in found.items() if text}

    def _look(self) -> None:
        """Ask what the plan would do; while an answer is awaited, remember to ask once more."""
        if self._looking:
            self._stale = True
            return
        if self.errors or self.experiment is None or not self._bench:
            self._judged("", None)
            return
        self._looking = True
        self._session.look_ahead(self.plan(), partial(self._looked, ""), lambda text: self._looked(text, None))

    def _looked(self, problem: str, outlook: Outlook | None) -> None:
        self._looking = False
        if self._stale:
            self._stale = False
            self._look()
        else:
            self._judged(problem, outlook)

    def _judged(self, problem: str, outlook: Outlook | None) -> None:
        self.problem, self.outlook = problem, outlook
        self.checked.emit()

    @property
    def looking(self) -> bool:
        """Whether `outlook` is about to be replaced."""
        return self._looking

    @property
    def wall_time(self) -> float:
        """Longest time (s) the plan takes on the wall clock: the lab's own but in a simulated one; NaN where not known."""
        if self.outlook is None:
            return float("nan")
        pace = self._session.state.pace
        lab: float = self.outlook.duration
        return lab if pace is None else lab / pace if pace > 0 else float("nan")

    def dry_run(self) -> None:
        """Have the path of the plan drawn on the map; nothing is touched."""
        if self.outlook is not None:
            self.path_wanted.emit(self.outlook)

    # --- from here on

    def enqueue(self, times: int = 1) -> None:
        """Put the plan into the queue, into a fresh run in `folder` each time."""
        if not self.ready:
            self._session.tell("the plan cannot start yet: correct what is marked in the form", "error")
            return
        plan, folder = self.plan(), self.folder
        for _ in range(times):
            self._session.read(
                lambda: self._queue.names.fresh(folder, plan.procedure, plan.sample),
                lambda out: self._enqueued(plan, out),
            )
        self._on_shelf(lambda: self._shelf.used(plan))

    def _enqueued(self, plan: Plan, out: Path) -> None:
        def add(outlook: Outlook) -> None:
            self._queue.add(plan, out, outlook.duration)

        def add_unknown(_: str) -> None:
            self._queue.add(plan, out)  # the engine says why it cannot run, in the queue

        self._session.look_ahead(plan, add, add_unknown)

    def save_as(self, name: str) -> None:
        """Keep the plan under a name."""
        plan = self.plan()
        self._on_shelf(lambda: self._shelf.save(name, plan))

    def save_to(self, path: Path) -> None:
        """Write the plan as a TOML file that `nanoprobe run --from` takes."""
        plan = self.plan()
        self._session.read(
            lambda: write_plan(path, plan), lambda written: self._session.tell(f"plan written: {written}")
        )

    def open_plan(self, path: Path) -> None:
        """Show the plan of a file."""
        self._session.read(lambda: load_plan(path), self.show_plan)

    def show_plan(self, plan: Plan) -> None:
        """Show a plan, from the shelf, the queue or a run."""
        if self.find(plan.procedure) is None:
            self._session.tell(f"the plan is for '{plan.procedure}', which is not installed here", "error")
            return
        self._step(draft_of(plan))
        self.finish_edit()

    def remove_plan(self, shelved: ShelvedPlan) -> None:
        """Take a plan off the shelf."""
        self._on_shelf(lambda: self._shelf.remove(shelved))

    def _on_shelf(self, do: Callable[[], object]) -> None:
        self._session.read(do, lambda _: self._refresh_shelf())

    def _refresh_shelf(self) -> None:
        self._session.read(self._shelf.contents, self._shelved)

    def _shelved(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.shelf_changed.emit()
