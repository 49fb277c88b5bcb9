"""Real windows without a screen, real models, and the simulated lab behind its sockets. Nothing here sleeps."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent, QSettings
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.desk import Desk
from gui.session import Session, threads
from gui.session_state import Message, Phase
from gui.settings import Settings
from gui.window import Window
from nanoprobe.storage import RunHeader

DEADLINE = 40.0
"""Longest wait (s) for anything."""


def until(condition: Callable[[], Any], session: Session | None = None, deadline: float = DEADLINE) -> None:
    """Process events until `condition`; without a window, deliver the mailbox of `session` too."""
    end = time.monotonic() + deadline
    while not condition():
        if session is not None:
            session.deliver()
        QTest.qWait(1)  # leaves the processor to the lab's thread, which an empty event loop would keep it from
        assert time.monotonic() < end, "this did not come about in time"


def empty_header(procedure: str = "growth") -> RunHeader:
    """The header of a run that a test writes itself."""
    empty: dict[str, dict[str, str]] = {
        name: {} for name in ("parameters", "plan", "bench", "identities", "versions", "tip")
    }
    texts = dict.fromkeys(("plan_sha256", "sample", "operator", "sign_convention", "started"), "")
    return RunHeader(procedure=procedure, simulated=True, **empty, **texts)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["nanoprobe-tests"]


@pytest.fixture
def app(qapp: QApplication) -> QApplication:
    theme.configure_plots()
    return qapp


@pytest.fixture
def desk(tmp_path: Path, lab_starter: Callable[..., Any]) -> Iterator[Desk]:
    """All models, runs and plans in the test's own folder; ends before the labs do, and leaves no thread."""
    made = Desk(tmp_path / "runs", tmp_path / "plans")
    yield made
    made.leave()
    assert threads() == []


@pytest.fixture
def told(desk: Desk) -> list[Message]:
    """What the operator was told, in order."""
    said: list[Message] = []
    desk.session.told.connect(said.append)
    return said


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def window(app: QApplication, desk: Desk, settings: Settings) -> Iterator[Window]:
    """The whole app, shown."""
    made = Window(desk, settings)
    made.show()
    desk.start()
    until(lambda: desk.experiment.experiments)
    yield made
    made.leave()
    made.hide()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def open_window(window: Window, lab_starter: Callable[..., Any]) -> Window:
    """The app on a simulated lab that runs as fast as it can."""
    window.desk.session.open(str(lab_starter().bench_file))
    until(lambda: window.desk.session.state.phase in (Phase.OPEN, Phase.FAILED))
    assert window.desk.session.state.error == ""
    return window
