"""What goes wrong is said in one sentence where it happened, with what was made safe; the app goes on; nothing leaks."""

import gc
import os
import resource
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent

from gui.desk import Desk
from gui.session import threads
from gui.session_state import Message, Phase
from gui.settings import Settings
from gui.window import Window
from nanoprobe.events import Recorded
from nanoprobe.plan import Plan
from nanoprobe.storage.places import JOURNAL
from sim_instruments.faults import parse_fault
from tests.gui.conftest import until

Lab = Callable[..., Any]


def open_on(window: Window, lab: Any) -> None:
    window.desk.session.open(str(lab.bench_file))
    until(lambda: window.desk.session.state.phase in (Phase.OPEN, Phase.FAILED))
    assert window.desk.session.state.error == ""


def ended(window: Window) -> None:
    until(lambda: window.desk.session.state.run is None and window.desk.session.state.last_run is not None)


def test_an_instrument_that_dies_in_a_scan_is_named_in_the_queue_and_the_app_goes_on(
    window: Window, lab_starter: Lab, tmp_path: Path, told: list[Message]
) -> None:
    lab = lab_starter(faults=(parse_fault("probe:refuse@match=Scan.WaitEndOfLine"),))
    open_on(window, lab)
    window.desk.queue.add(Plan(procedure="current-map", parameters={"pixels": 32}), tmp_path / "a.zarr")
    ended(window)
    assert window.desk.session.state.last_status == "failed"
    (line,) = (window.queue.list.topLevelItem(index) for index in range(window.queue.list.topLevelItemCount()))
    assert line is not None
    assert line.text(2).startswith("✖ failed: the connection to Nanonis")
    assert any(message.text.startswith("safe state (") for message in told), told
    assert lab.call(lambda: lab.lab.source_meter.instrument.source.on) is False
    until(lambda: window.desk.session.idle)
    assert window.isVisible()


def test_a_full_disk_is_told_with_the_place_of_the_rescue_file(
    window: Window, lab_starter: Lab, tmp_path: Path, file_limit: None
) -> None:
    open_on(window, lab_starter())
    out = tmp_path / "a.zarr"
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def fill(event: object) -> None:
        if isinstance(event, Recorded) and event.topic == "point" and event.record.index == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, ((out / JOURNAL).stat().st_size + 100, hard))

    window.desk.session.events.event.connect(fill)
    parameters = {"nx": 6, "ny": 1, "pitch": 0.5e-6, "image_every": 0, "check_every": 0}
    window.desk.queue.add(Plan(procedure="trigger-map", parameters=parameters), out)
    ended(window)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if hard < 0 else hard, hard))
    assert window.desk.session.state.last_status == "failed"
    assert "The samples in memory were kept in" in window.message.text()
    assert window.isVisible()


@pytest.fixture
def file_limit() -> Iterator[None]:
    if os.name != "posix":
        pytest.skip("the limit on file sizes is POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_bench_that_cannot_be_reached_is_told_on_the_start_page(window: Window, tmp_path: Path) -> None:
    bench = tmp_path / "gone.toml"
    bench.write_text(
        '[bench]\nname = "gone"\nguard = false\n[limits]\nbias = 10.0\ncurrent = 1e-6\nforce = 1e-6\n'
        '[instruments.source_meter]\ndriver = "keithley2450"\nresource = "TCPIP0::127.0.0.1::9::SOCKET"\n'
    )
    window.desk.session.open(str(bench))
    until(lambda: window.desk.session.state.phase is Phase.FAILED)
    assert "gone.toml could not be opened: " in window.start_page.text.text()
    assert window.start_page.demo.isEnabled()


def test_a_closed_window_leaves_no_object_and_no_thread(app: object, tmp_path: Path, settings: Settings) -> None:
    desk = Desk(tmp_path / "runs", tmp_path / "plans")
    window = Window(desk, settings)
    window.show()
    until(window.isVisible)
    window.close()
    assert window.left
    assert threads() == []
    gone = [weakref.ref(part) for part in (window, window.map_view, window.ramp_view, window.form, desk)]
    window.deleteLater()
    del window, desk
    until(lambda: alive(gone) == [])


def alive(parts: list[Any]) -> list[str]:
    """Return what is still there once Qt and Python have thrown away what nobody holds."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    return [type(part()).__name__ for part in parts if part() is not None]
