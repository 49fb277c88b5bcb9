"""All models of the app and what passes between them. Knows no Qt: the window only draws them and asks them."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from platformdirs import user_data_path

from gui.bench_model import BenchModel
from gui.bench_reading import BenchReading
from gui.experiment_model import ExperimentModel
from gui.log_model import LogModel
from gui.map_frames import MapFrame
from gui.map_model import MapModel
from gui.picks import PickKind, Picks, PickSet, PlanPatch
from gui.plan_shelf import PlanShelf
from gui.prediction_model import PredictionModel
from gui.queue_model import QueueModel
from gui.ramp_model import RampModel
from gui.run_loading import LoadedRun, load_channel, load_points, load_ramp, load_run
from gui.runs_model import RunsModel
from gui.session import Session
from gui.session_state import SessionState
from gui.table_model import TableModel
from nanoprobe.outlook import Outlook
from nanoprobe.roles import Array

SIMULATED = "SIMULATED"
_PLACES = frozenset({"points", "nx", "ny", "pitch", "centre_x", "centre_y", "x", "y", "size"})
"""Parameters that say where."""


def default_folder() -> Path:
    """Return where runs go unless told otherwise."""
    return Path.home() / "nanoprobe"


class Desk:
    """The models, wired. `folder`: where runs go; `state`: where saved and recent plans are kept."""

    def __init__(self, folder: Path | None = None, state: Path | None = None) -> None:
        folder = folder or default_folder()
        self.queue = QueueModel()
        self.session = Session(self.queue)
        self.queue.attach(self.session)
        shelf = PlanShelf(state or user_data_path("nanoprobe", appauthor=False) / "plans")
        self.experiment = ExperimentModel(self.session, self.queue, shelf, folder)
        self.bench = BenchModel(self.session)
        self.runs = RunsModel(self.session, folder)
        self.map, self.ramp, self.picks, self.log = MapModel(), RampModel(), Picks(), LogModel()
        self.tables = TableModel()
        self.prediction = PredictionModel(self.session, self.runs)
        self._procedure = ""
        self._wire()

    def _wire(self) -> None:
        session = self.session
        session.events.event.connect(self.map.take)
        session.events.event.connect(self.ramp.take)
        session.events.event.connect(self.tables.take)
        session.state_changed.connect(self._follow)
        session.told.connect(self.log.tell)
        self.queue.told.connect(session.tell)
        self.bench.read.connect(self._place_tip)
        self.picks.changed.connect(self._plan_picks)
        self.experiment.draft_changed.connect(self._follow_procedure)
        self.map.point_chosen.connect(self.ramp.look_at)
        self.map.channel_wanted.connect(self._fetch_channel)
        self.ramp.wanted.connect(self._fetch_ramp)
        self.experiment.path_wanted.connect(self._draw_path)
        self.runs.opened.connect(self.open_run)
        self.runs.grown.connect(self._watch_run)
        self.runs.overlaid.connect(self._overlay)
        self.runs.plan_wanted.connect(self.experiment.show_plan)
        self.map.shown_changed.connect(lambda _: self._offer_map())
        self.prediction.stored.connect(self._open_stored)
        self.prediction.picked.connect(self._plan_test)

    def start(self) -> None:
        """Fetch what takes time: procedures, plans, runs."""
        self.experiment.load()
        self.runs.refresh()

    def leave(self) -> None:
        """End what goes on, make the bench safe, close it, end every thread; blocks until done."""
        self.prediction.cancel()
        self.session.shut()

    # --- bench

    def _follow(self, state: SessionState) -> None:
        self.map.simulated = state.simulated
        bench = self.session.bench
        self.map.range = None if bench is None else bench.limits.scan_range

    def _place_tip(self, reading: BenchReading) -> None:
        if np.isfinite([reading.x, reading.y]).all():
            self.map.set_tip((reading.x, reading.y))

    # --- picks and plans

    def _plan_picks(self, picks: PickSet) -> None:
        """What is picked becomes the plan; points picked on a map say which, so that it is found again first."""
        patch = picks.patch()
        frame = self.map.frame
        if picks.kind is PickKind.POINTS and frame is not None and frame.purpose == "map":
            patch = replace(patch, values={**patch.values, "map_run": str(frame.run)})
        elif picks.kind is not PickKind.POINTS:
            patch = replace(patch, values={**patch.values, "map_run": ""})
        self.experiment.apply(patch)

    def _follow_procedure(self) -> None:
        """What was picked goes over to another procedure, unless its draft says places of its own."""
        draft = self.experiment.draft
        if draft.procedure == self._procedure:
            return
        self._procedure = draft.procedure
        picks = self.picks.now
        if picks.kind is not PickKind.NONE and not _PLACES & set(draft.given):
            self._plan_picks(picks)

    def _draw_path(self, outlook: Outlook | None) -> None:
        if outlook is None:
            self.map.set_path(np.empty((0, 2)))
        else:
            self.map.set_path(outlook.points if len(outlook.points) else _closed(outlook))

    # --- stored runs

    def open_run(self, path: Path) -> None:
        """Show a run on the map and in the ramps: a stored one, or the one that goes on."""
        live = self.session.state.run
        if live is not None and live.path.resolve() == path.resolve():
            self.map.show_live()
            self.ramp.follow_live()
            return
        channel = self.map.shown.channel
        self.session.read(lambda: load_run(path, channel), self._show_run)

    def _show_run(self, loaded: LoadedRun) -> None:
        self.map.load(loaded.path, loaded.frames, loaded.points)
        if self.session.state.run is None:
            self.tables.load(loaded.path, loaded.tables)
        if self.session.state.run is None and loaded.path != self.ramp.run:
            self.ramp.clear(loaded.path)
            if loaded.points.first_ramped is not None:
                self.ramp.look_at(loaded.points.first_ramped)
        if any(frame.purpose == "prediction" for frame in loaded.frames):
            self.prediction.load(loaded.path)
        self.session.tell(f"{loaded.path.name}: {loaded.status}{', SIMULATED' if loaded.simulated else ''}")

    def _watch_run(self, path: Path) -> None:
        """Show what another process has added to the open run."""
        channel = self.map.shown.channel
        self.session.read(lambda: load_run(path, channel), self._show_grown)

    def _show_grown(self, loaded: LoadedRun) -> None:
        self.map.refresh(loaded.path, loaded.frames, loaded.points)
        if self.session.state.run is None:
            self.tables.refresh(loaded.path, loaded.tables)
            newest = loaded.points.last_ramped
            if self.ramp.follow and newest is not None:
                self.ramp.look_at(newest)

    def _overlay(self, paths: tuple[Path, ...]) -> None:
        """The points of further runs are laid over the open one's."""
        for path in paths:
            self.session.read(partial(load_points, path), partial(self.map.lay_over, path.stem))

    def _fetch_channel(self, frame: MapFrame, channel: str) -> None:
        self.session.read(lambda: load_channel(frame, channel))

    def _fetch_ramp(self, run: Path, point: int) -> None:
        self.session.read(lambda: load_ramp(run, point), lambda ramp: self.ramp.take_ramp(run, ramp))

    # --- predictions

    def _offer_map(self) -> None:
        """The current map that is looked at is what a prediction is made of."""
        frame = self.map.frame
        if frame is not None and frame.purpose == "map" and "current" in frame.channels:
            self.prediction.set_map(frame.run)

    def _open_stored(self, path: Path) -> None:
        self.runs.refresh()
        self.runs.open(path)

    def _plan_test(self, places: Array, map_run: Path) -> None:
        """Plan ramps that test a prediction; its map is found again first, so that drift does not matter."""
        self.experiment.choose("trigger-map")
        self.picks.take_points(places)
        self.experiment.apply(PlanPatch({"map_run": str(map_run)}, f"map of {map_run.stem}"))


def _closed(outlook: Outlook) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the corners of an image as a closed line."""
    places = outlook.places
    return np.vstack([places, places[:1]]) if len(places) else places
