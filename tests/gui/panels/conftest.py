"""A session on a simulated lab, the panels' models on it, and waiting without sleeping."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import QEvent
from PyQt6.QtWidgets import QApplication, QWidget

from gui.bench_model import BenchModel
from gui.experiment_model import ExperimentModel
from gui.plan_shelf import PlanShelf
from gui.queue_model import QueueModel
from gui.runs_model import RunsModel
from gui.session import Session
from gui.session_state import Phase

Until = Callable[..., None]


class Panels:
    """The models of the panels, wired as in the app, and what the operator was told."""

    def __init__(self, folder: Path) -> None:
        self.queue = QueueModel()
        self.session = Session(self.queue)
        self.queue.attach(self.session)
        self.runs_folder = folder / "runs"
        self.experiment = ExperimentModel(self.session, self.queue, PlanShelf(folder / "plans"), self.runs_folder)
        self.bench = BenchModel(self.session)
        self.runs = RunsModel(self.session, self.runs_folder)
        self.told: list[str] = []
        self.session.told.connect(lambda message: self.told.append(message.text))

    def pump(self) -> None:
        """Hand on what the other threads posted, and let Qt work where there is one."""
        self.session.deliver()
        app = QApplication.instance()
        if app is not None:
            app.processEvents()

    def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        """Go on until `condition` holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s; told: {self.told}"
            self.pump()
            Event().wait(0.002)

    def settle(self) -> None:
        """Go on until the plan has been judged."""
        self.until(lambda: self.experiment.experiments and not self.experiment.looking)

    def open(self, bench_file: Path) -> None:
        """Open the bench of a lab."""
        self.session.open(str(bench_file))
        self.until(lambda: self.session.state.phase in (Phase.OPEN, Phase.FAILED))
        assert self.session.state.phase is Phase.OPEN, self.session.state.error

    def planned(self, procedure: str, **values: Any) -> None:
        """Have the form hold a plan that was judged."""
        self.settle()
        self.experiment.choose(procedure)
        for name, value in values.items():
            self.experiment.set_value(name, value)
        self.settle()

    def ended(self, runs: int = 1) -> None:
        """Go on until this many runs of the queue have ended."""
        states = ("waiting", "running")
        self.until(lambda: sum(item.state not in states for item in self.queue.items) >= runs)


@pytest.fixture
def panels(tmp_path: Path) -> Iterator[Panels]:
    """The models, procedures loaded, no bench."""
    made = Panels(tmp_path)
    made.experiment.load()
    made.settle()
    yield made
    made.session.shut()


@pytest.fixture
def lab_panels(lab: Any, panels: Panels) -> Panels:
    """The models on an open simulated lab, as fast as it can."""
    panels.open(lab.bench_file)
    return panels


@pytest.fixture
def shown(qapp: QApplication) -> Iterator[Callable[[Any], Any]]:
    """Show widgets that are gone after the test."""
    widgets: list[QWidget] = []

    def show(widget: Any) -> Any:
        widgets.append(widget)
        widget.resize(700, 800)
        widget.show()
        qapp.processEvents()
        return widget

    yield show
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
