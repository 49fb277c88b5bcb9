"""What is made of stored runs on request: a report, files in other formats. The window asks where to; workers write."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QFileDialog

from gui.exporting import FORMATS, export_as
from gui.reporting import report_name, write_report_of

if TYPE_CHECKING:
    from gui.window import Window


class RunCommands:
    """Made by the window, whose run browser asks."""

    def __init__(self, window: "Window") -> None:
        self._window = window
        self._session = window.desk.session
        self._runs = window.desk.runs
        self._runs.report_wanted.connect(self.report)
        self._runs.export_wanted.connect(self.export)

    def report(self, paths: tuple[Path, ...]) -> None:
        """Ask where to, and write a report on the runs, several of them against each other."""
        if not paths:
            return
        proposed = str(self._runs.folder / report_name(paths))
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Write the report", proposed, "Reports (*.html)")
        if chosen:
            target = Path(chosen).with_suffix(".html")
            self._make(f"report on {_named(paths)}", lambda: (write_report_of(paths, target),))

    def export(self, paths: tuple[Path, ...]) -> None:
        """Ask where to and in which format; several runs go beside the name chosen, each under its own."""
        if not paths:
            return
        proposed = str(self._runs.folder / paths[0].stem)
        chosen, filter_ = QFileDialog.getSaveFileName(self._window, "Export", proposed, ";;".join(FORMATS))
        if not chosen:
            return
        target, kind = Path(chosen), FORMATS.get(filter_, next(iter(FORMATS.values())))
        targets = {path: target if len(paths) == 1 else target.with_name(path.stem) for path in paths}
        self._make(f"export of {_named(paths)}", lambda: export_as(kind, targets))

    def _make(self, what: str, make: Callable[[], tuple[Path, ...]]) -> None:
        self._runs.set_making(f"{what}: being written…")
        self._session.work(make, self._made, lambda problem: self._failed(what, problem))

    def _made(self, files: tuple[Path, ...]) -> None:
        self._runs.set_made(files)
        self._session.tell(f"written: {', '.join(str(file) for file in files)}")

    def _failed(self, what: str, problem: str) -> None:
        self._runs.set_made((), f"{what}: {problem}")
        self._session.tell(f"{what}: {problem}", "error")


def _named(paths: tuple[Path, ...]) -> str:
    return paths[0].name if len(paths) == 1 else f"{len(paths)} runs"
