"""What the window's actions do: one method for each key of `gui.actions.ACTIONS`, and the dialogs they need."""

from pathlib import Path

from PyQt6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox

from gui.drawing import Drawing
from gui.session import DEMO, DEMO_PACE
from gui.session_state import Phase, SessionState
from gui.view_commands import ViewCommands


class WindowCommands(ViewCommands):
    """Made by the window, which it drives."""

    def enable(self, state: SessionState) -> None:
        """Allow what makes sense now."""
        running, settled = state.run is not None, state.phase not in (Phase.OPENING, Phase.CLOSING)
        allowed = {
            "open_demo": not running and settled,
            "open_bench": not running and settled,
            "close_bench": state.phase is Phase.OPEN and not running,
            "set_pace": state.pace is not None and not running and settled,
            "reset_interlock": bool(state.interlock),
            "pause": running and not (state.run and state.run.paused),
            "go_on": bool(state.run and state.run.paused),
            "abort": running,
        }
        for key, enabled in allowed.items():
            self._window.actions_by_key[key].setEnabled(enabled)

    # --- bench

    def stop(self) -> None:
        """STOP: hand it to its own thread and nothing else."""
        self._session.stop()

    def open_demo(self) -> None:
        """Start a simulated lab."""
        self._session.open(DEMO, self._session.state.pace or DEMO_PACE)

    def open_bench(self) -> None:
        """Ask for a bench file and open it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a bench file", "", "Bench files (*.toml)")
        if path:
            self._session.open(path)

    def close_bench(self) -> None:
        """Make the bench safe and close it."""
        self._session.close()

    def set_pace(self) -> None:
        """Ask for another pace of the demo."""
        now = self._session.state.pace or 0.0
        pace, chosen = QInputDialog.getDouble(
            self._window, "Pace of the demo", "simulated seconds per second (0: as fast as it can)", now, 0, 1000, 0
        )
        if chosen:
            self._session.set_pace(pace)

    def reset_interlock(self) -> None:
        """Clear the interlock after the operator confirmed the cause was looked at."""
        cause = self._session.state.interlock
        question = f"The interlock is latched: {cause}.\n\nDid you look at sample and tip?"
        if self._confirmed("Reset the interlock", question):
            self._session.reset_interlock()

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def may_leave(self) -> bool:
        """Ask before a run is ended by leaving."""
        run = self._session.state.run
        name = run.path.name if run is not None else "A run"
        return self._confirmed(
            "Leave nanoprobe", f"{name} goes on.\n\nStop it, make the bench safe and leave? It can be resumed later."
        )

    # --- experiment

    def enqueue(self) -> None:
        """Put the plan of the form into the queue."""
        self._desk.experiment.enqueue()

    def dry_run(self) -> None:
        """Draw the path of the plan."""
        self._desk.experiment.dry_run()

    def pause(self) -> None:
        """Hold before the next point."""
        self._session.pause()

    def go_on(self) -> None:
        """End the pause."""
        self._session.resume()

    def abort(self) -> None:
        """End the run."""
        self._session.abort()

    def predict(self) -> None:
        """Predict from the map that is shown."""
        self._desk.prediction.predict()

    def open_run(self) -> None:
        """Ask for a run and show it."""
        folder = QFileDialog.getExistingDirectory(
            self._window, "Open a run (a folder .zarr)", str(self._desk.runs.folder)
        )
        if folder:
            self._desk.runs.open(Path(folder))

    # --- edit

    def _in_form(self) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and self._window.form.isAncestorOf(focus)

    def undo(self) -> None:
        """In the form its last edit, else the last pick."""
        if self._in_form():
            self._desk.experiment.undo()
        else:
            self._desk.picks.undo()

    def redo(self) -> None:
        """See `undo`."""
        if self._in_form():
            self._desk.experiment.redo()
        else:
            self._desk.picks.redo()

    def remove_last_pick(self) -> None:
        """Take the point picked last away."""
        self._desk.picks.remove_last()

    def clear_picks(self) -> None:
        """Take all picks away."""
        self._desk.picks.clear()

    def _drawing(self) -> Drawing:
        """Return the drawing that has the keyboard, else the map."""
        focus, window = QApplication.focusWidget(), self._window
        drawings: tuple[Drawing, ...] = (window.ramp_view, window.table_view, window.prediction)
        return next((one for one in drawings if focus is not None and one.isAncestorOf(focus)), window.map_view)

    def copy_picture(self) -> None:
        """Copy map or ramps as a picture."""
        self._drawing().copy_picture()
        self._session.tell("picture copied")

    def copy_data(self) -> None:
        """Copy map or ramp as text."""
        text, board = self._drawing().data_text(), QApplication.clipboard()
        if not text or board is None:
            self._session.tell("there is nothing to copy yet", "warning")
            return
        board.setText(text)
        self._session.tell("data copied, tab between values")

    def save_picture(self) -> None:
        """Ask where to, and save map or ramps as PNG."""
        picture = self._drawing().picture()
        path, _ = QFileDialog.getSaveFileName(self._window, "Save picture", "nanoprobe.png", "Pictures (*.png)")
        if path:
            image = picture.toImage()
            self._session.read(lambda: image.save(path, "PNG"), lambda saved: self._tell_saved(path, saved))

    def _tell_saved(self, path: str, saved: bool) -> None:
        if saved:
            self._session.tell(f"picture saved: {path}")
        else:
            self._session.tell(f"the picture could not be saved to {path}: choose another folder", "error")

    def _confirmed(self, title: str, question: str) -> bool:
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No
        answer = QMessageBox.question(self._window, title, question, buttons, QMessageBox.StandardButton.No)
        return answer == QMessageBox.StandardButton.Yes
