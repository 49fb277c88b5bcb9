"""The runs of a folder: listed, looked into, opened, laid over each other, watched while somebody writes them. No Qt."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from psygnal import Signal

from gui.run_comparison import ComparisonRow, compare
from gui.run_index import RunDetails, RunEntry, details_of, look_at, runs_in
from gui.session import Session
from gui.session_state import SessionState
from nanoprobe.plan import Plan


class RunsModel:
    """What the run browser shows and asks for.

    `changed`: the list; `selection_changed`: `selection`, `details` and `comparison`; `opened(Path)`: show this one;
    `grown(Path)`: the open one, written by another process, has more now; `overlaid(tuple[Path, ...])`: lay the points of
    these over the open one; `made_changed`: `making`, `made` or `making_problem` of a report or an export;
    `export_wanted` and `report_wanted` carry a tuple of paths; `plan_wanted(Plan)`: put it into the form.
    """

    changed = Signal()
    selection_changed = Signal()
    opened = Signal(Path)
    grown = Signal(Path)
    made_changed = Signal()
    overlaid = Signal(object)
    export_wanted = Signal(object)
    report_wanted = Signal(object)
    plan_wanted = Signal(object)

    def __init__(self, session: Session, folder: Path) -> None:
        self.folder = folder.absolute()
        self.entries: tuple[RunEntry, ...] = ()
        self.selection: tuple[Path, ...] = ()
        self.details: tuple[RunDetails, ...] = ()
        self.problem = ""
        self.making = self.making_problem = ""
        self.made: tuple[Path, ...] = ()
        self.open_path: Path | None = None
        self._extra: tuple[Path, ...] = ()
        self._session = session
        self._pending = 0
        self._last_run = session.state.last_run
        session.state_changed.connect(self._follow)

    # --- the list

    def set_folder(self, folder: Path) -> None:
        """List another folder."""
        self.folder, self._extra = folder.absolute(), ()
        self.refresh()

    def refresh(self) -> None:
        """Look at the folder again; one read for each run, so that nothing else has to wait long."""
        folder = self.folder
        self._session.read(lambda: runs_in(folder), self._listed)

    def _listed(self, paths: tuple[Path, ...]) -> None:
        known = {entry.path: entry for entry in self.entries}
        wanted = tuple(dict.fromkeys((*self._extra, *paths)))
        self.entries = tuple(known.get(path, RunEntry(path, "...")) for path in wanted)
        self._look_at(wanted)
        self.changed.emit()

    def _look_at(self, paths: Iterable[Path]) -> None:
        known = {entry.path: entry for entry in self.entries}
        for path in paths:
            self._pending += 1
            self._session.read(partial(look_at, path, known.get(path)), self._looked, self._not_looked)

    def _looked(self, found: RunEntry) -> None:
        self._pending -= 1
        updated = tuple(found if entry.path == found.path else entry for entry in self.entries)
        if updated == self.entries:
            return
        was_live = any(entry.live for entry in self.entries if entry.path == found.path)
        self.entries = updated
        self.changed.emit()
        if was_live and found.path in (self.open_path, *self.selection):
            self._grew(found.path)

    def _grew(self, path: Path) -> None:
        if path == self.open_path:
            self.grown.emit(path)
        if path in self.selection:
            self._fetch_details(self.selection)

    def _not_looked(self, problem: str) -> None:
        self._pending -= 1
        self._session.tell(problem, "error")

    def entry(self, path: Path) -> RunEntry | None:
        """Return the entry of a run."""
        return next((entry for entry in self.entries if entry.path == path), None)

    def _follow(self, state: SessionState) -> None:
        if state.last_run != self._last_run:
            self._last_run = state.last_run
            self.refresh()

    # --- what is selected

    def select(self, paths: tuple[Path, ...]) -> None:
        """Look into these runs."""
        if paths == self.selection:
            return
        self.selection, self.details, self.problem = paths, (), ""
        self.selection_changed.emit()
        if paths:
            self._fetch_details(paths)

    def _fetch_details(self, paths: tuple[Path, ...]) -> None:
        self._session.read(
            lambda: tuple(details_of(path) for path in paths),
            partial(self._detailed, paths, ""),
            lambda problem: self._detailed(paths, problem, ()),
        )

    def _detailed(self, paths: tuple[Path, ...], problem: str, details: tuple[RunDetails, ...]) -> None:
        if paths == self.selection and (details, problem) != (self.details, self.problem):
            self.details, self.problem = details, problem
            self.selection_changed.emit()

    @property
    def comparison(self) -> tuple[ComparisonRow, ...]:
        """The selected runs side by side; empty for fewer than two."""
        return compare(self.details) if len(self.details) > 1 else ()

    # --- what is asked

    def open(self, path: Path) -> None:
        """Show a run on the map and in the ramps; it is listed from now on, wherever it lies."""
        path = path.absolute()
        if self.entry(path) is None:
            self._extra = (path, *self._extra)
            self.entries = (RunEntry(path, "..."), *self.entries)
            self._look_at((path,))
            self.changed.emit()
        self.open_path = path
        self.opened.emit(path)

    def overlay(self) -> None:
        """Lay the selected runs over the open one."""
        self.overlaid.emit(tuple(path for path in self.selection if path != self.open_path))

    @property
    def plan(self) -> Plan | None:
        """The plan of the selected run; None for several, and for one that no plan has made."""
        return self.details[0].plan if len(self.details) == 1 else None

    @property
    def can_resume(self) -> bool:
        """Whether the selected run can be gone on with."""
        entry = self.entry(self.selection[0]) if len(self.selection) == 1 else None
        return entry is not None and entry.resumable

    def resume(self) -> None:
        """Go on with the selected run on the open bench."""
        if self.can_resume:
            self._session.resume_run(self.selection[0])
        else:
            self._session.tell("choose one run that was interrupted, aborted or failed to go on with it", "warning")

    def export(self) -> None:
        """Have the selected runs exported."""
        self.export_wanted.emit(self.selection)

    def report(self) -> None:
        """Have a report made of the selected runs."""
        self.report_wanted.emit(self.selection)

    def set_making(self, text: str) -> None:
        """Say what is being made."""
        self.making, self.making_problem, self.made = text, "", ()
        self.made_changed.emit()

    def set_made(self, files: tuple[Path, ...], problem: str = "") -> None:
        """Say what was made, or why it was not."""
        self.making, self.making_problem, self.made = "", problem, files
        self.made_changed.emit()

    def reuse_plan(self) -> None:
        """Put the plan of the selected run into the form."""
        if self.plan is not None:
            self.plan_wanted.emit(self.plan)

    # --- watching

    @property
    def watched(self) -> tuple[Path, ...]:
        """Runs that another process is writing; what our own session writes is shown live anyway."""
        run = self._session.state.run
        ours = None if run is None else run.path.resolve()
        return tuple(entry.path for entry in self.entries if entry.live and entry.path.resolve() != ours)

    def tick(self) -> None:
        """Look again at what is being written; called every two seconds, skipped while the last look is not done."""
        if self._pending:
            return
        self._look_at(self.watched)
