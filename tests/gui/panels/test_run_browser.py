"""The run browser: a list that filters and sorts, details, comparison, and what is asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog

from gui.run_browser import RunBrowser
from nanoprobe.records import PointBegin, PointLayout
from nanoprobe.storage import RunHeader, RunWriter


def make(path: Path, status: str, sample: str, started: str) -> Path:
    header = RunHeader(
        procedure="trigger-map",
        parameters={"nx": 1},
        plan={"procedure": "trigger-map", "parameters": {"nx": 1}},
        plan_sha256="0",
        bench={},
        simulated=True,
        identities={},
        versions={},
        sample=sample,
        operator="",
        tip={},
        sign_convention="",
        started=started,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = RunWriter.create(path, header)
    writer.record(PointLayout(np.zeros(2), np.zeros(2), 4))
    writer.record(PointBegin(index=0, x=0.0, y=0.0))
    writer.finish(status)
    return path


@pytest.fixture
def browser(panels: Any, shown: Any) -> RunBrowser:
    make(panels.runs_folder / "old.zarr", "finished", "LLZO", "2026-01-01T00:00:00+00:00")
    make(panels.runs_folder / "new.zarr", "interrupted", "LATP", "2026-02-01T00:00:00+00:00")
    made: RunBrowser = shown(RunBrowser(panels.runs))
    panels.runs.refresh()
    panels.until(lambda: [entry.status for entry in panels.runs.entries].count("...") == 0 and panels.runs.entries)
    return made


def cells(browser: RunBrowser, column: int) -> list[str]:
    return [browser.runs.index(row, column).data() for row in range(browser.runs.rowCount())]


def path(browser: RunBrowser, name: str) -> Path:
    return browser.model.folder / f"{name}.zarr"


def test_the_newest_run_stands_first_with_its_status_in_words(browser: RunBrowser) -> None:
    assert cells(browser, 0) == ["new", "old"]
    assert cells(browser, 1) == ["◐ interrupted", "✔ finished"]
    assert cells(browser, 3) == ["LATP (simulated)", "LLZO (simulated)"]


def test_the_filter_finds_words_in_any_column(browser: RunBrowser) -> None:
    QTest.keyClicks(browser.filter, "llzo")
    assert cells(browser, 0) == ["old"]


def test_the_details_of_a_chosen_run_are_shown_and_copied(browser: RunBrowser, panels: Any) -> None:
    browser.select(path(browser, "old"))
    panels.until(lambda: browser.metadata.topLevelItemCount())
    first = browser.metadata.topLevelItem(0)
    assert first is not None
    assert first.text(0) == "Run"
    QTest.mouseClick(browser.buttons["Copy"], Qt.MouseButton.LeftButton)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert "simulated\tyes: this is no real sample" in clipboard.text()


def test_two_runs_are_laid_side_by_side(browser: RunBrowser, panels: Any) -> None:
    browser.select(path(browser, "old"), path(browser, "new"))
    panels.until(lambda: browser.details.tabText(1) == "Compare (2)")
    header = browser.comparison.headerItem()
    assert header is not None
    assert {header.text(1), header.text(2)} == {"old", "new"}
    assert browser.comparison.topLevelItemCount() > 0


def test_buttons_follow_what_is_chosen(browser: RunBrowser, panels: Any) -> None:
    def enabled() -> set[str]:
        return {name for name, button in browser.buttons.items() if button.isEnabled()}

    assert enabled() == set()
    browser.select(path(browser, "old"))
    panels.until(lambda: panels.runs.details)
    assert enabled() == {"Open", "Overlay", "Use plan", "Export", "Report", "Copy"}
    browser.select(path(browser, "new"))
    panels.until(lambda: panels.runs.details)
    assert "Resume" in enabled()
    browser.select(path(browser, "old"), path(browser, "new"))
    panels.until(lambda: len(panels.runs.details) == 2)
    assert enabled() == {"Overlay", "Export", "Report", "Copy"}


def test_enter_on_a_run_opens_it(browser: RunBrowser) -> None:
    opened: list[Path] = []
    browser.model.opened.connect(opened.append)
    browser.list.setFocus()
    browser.list.setCurrentIndex(browser.runs.index(0, 0))
    QTest.keyClick(browser.list, Qt.Key.Key_Return)
    assert opened == [path(browser, "new")]


def test_a_selection_stays_when_the_list_is_read_anew(browser: RunBrowser, panels: Any) -> None:
    browser.select(path(browser, "old"))
    make(panels.runs_folder / "third.zarr", "finished", "LLZO", "2026-03-01T00:00:00+00:00")
    panels.runs.refresh()
    panels.until(lambda: cells(browser, 0) == ["third", "new", "old"] and "…" not in "".join(cells(browser, 1)))
    assert panels.runs.selection == (path(browser, "old"),)
    selection = browser.list.selectionModel()
    assert selection is not None
    assert [browser.runs.path(index).stem for index in selection.selectedRows()] == ["old"]


def test_another_folder_is_listed_and_a_run_elsewhere_opened(
    browser: RunBrowser, panels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = make(tmp_path / "other" / "run.zarr", "finished", "", "2026-01-01T00:00:00+00:00")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(elsewhere.parent))
    browser._choose()
    panels.until(lambda: cells(browser, 0) == ["run"])
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(elsewhere))
    browser._open_other()
    assert panels.runs.open_path == elsewhere
