"""The pictures of the desktop app: the real window, driven through a map on the demo bench, photographed on the way."""

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

import matplotlib
from PyQt6.QtCore import QEventLoop, QSettings
from PyQt6.QtGui import QFont, QFontDatabase
from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.desk import Desk
from gui.session import DEMO
from gui.session_state import Phase
from gui.settings import Settings
from gui.theme import Theme
from gui.window import Window
from nanoprobe.geometry import Frame

SIZE = (1440, 900)
"""Of the window (pixels)."""


class Camera:
    """A window in a folder of its own, and the folder its pictures go to."""

    def __init__(self, folder: Path, pictures: Path) -> None:
        os.environ["NANOPROBE_STATE"] = str(folder / "state")
        os.environ["HOME"] = str(folder)  # what is at home is shown without the rest of its path
        app = QApplication.instance() or QApplication([])
        assert isinstance(app, QApplication)
        self.app, self.pictures = app, pictures
        _use_one_font(app)
        theme.configure_plots()
        store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        settings = Settings(store)
        settings.theme = Theme.LIGHT
        self.desk = Desk(folder / "runs", folder / "plans")
        self.window = Window(self.desk, settings)
        self.window.resize(*SIZE)
        self.window.show()
        self.desk.start()
        self.until(lambda: self.desk.experiment.experiments)

    def until(self, done: Callable[[], object]) -> None:
        """Let the app work until `done`."""
        while not done():
            self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)

    def run(self, procedure: str, **values: object) -> None:
        """Fill in the form and put the plan into the queue."""
        experiment = self.desk.experiment
        experiment.choose(procedure)
        for name, value in values.items():
            experiment.set_value(name, value)  # type: ignore[arg-type]
        self.until(lambda: experiment.ready)
        experiment.enqueue()

    def shoot(self, name: str) -> None:
        """Keep what the window shows now as `name`.png."""
        for view in (self.window.map_view, self.window.ramp_view, self.window.table_view):
            view.draw()
        for _ in range(20):
            self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        self.window.grab().save(str(self.pictures / f"{name}.png"))


def _use_one_font(app: QApplication) -> None:
    """Take the fonts that come with matplotlib, so that the pictures look the same on every machine."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in ("DejaVuSans", "DejaVuSans-Bold"):
        QFontDatabase.addApplicationFont(str(fonts / f"{name}.ttf"))
    app.setFont(QFont("DejaVu Sans", 9))


def take_pictures(folder: Path, pictures: Path) -> None:
    """Go the way the tutorial goes; keep app-start, -scan, -ramps, -stop, -runs and -prediction as PNG in `pictures`."""
    camera = Camera(folder, pictures)
    desk, session = camera.desk, camera.desk.session
    camera.shoot("app-start")
    session.open(DEMO, 0.0)
    camera.until(lambda: session.state.phase is Phase.OPEN)

    camera.run("current-map", sample="LLZO, practice", operator="me")
    camera.until(lambda: desk.map.frame is not None and desk.map.frame.done.sum() > 150)
    camera.shoot("app-scan")
    camera.until(lambda: session.state.last_status == "finished")
    mapped = session.state.last_run
    assert mapped is not None

    camera.window.commands.tool_frame()
    desk.picks.set_frame(Frame(x=0.0, y=0.0, width=4e-6, height=4e-6))
    desk.picks.set_grid(8, 8)
    camera.run("trigger-map", sample="LLZO, practice", operator="me", image_every=0, check_every=0)
    camera.until(lambda: desk.map.points.counts()["triggered"] >= 40)
    camera.window.commands.tool_look()
    camera.shoot("app-ramps")
    session.stop()
    camera.until(lambda: session.state.run is None and session.state.ready)
    camera.window.commands.focus_queue()
    camera.shoot("app-stop")

    stopped = session.state.last_run
    assert stopped is not None
    session.resume_run(stopped)
    camera.until(lambda: session.state.run is None)
    desk.runs.refresh()
    camera.window.commands.theme_dark()
    camera.window.commands.focus_runs()
    desk.runs.open(stopped)
    camera.until(lambda: (entry := desk.runs.entry(stopped)) is not None and entry.status == "finished")
    camera.window.browser.select(*(entry.path for entry in desk.runs.entries))
    camera.until(lambda: len(desk.runs.details) == len(desk.runs.entries))
    camera.window.browser.select(stopped)
    camera.until(lambda: len(desk.runs.details) == 1)
    camera.shoot("app-runs")
    camera.window.commands.theme_light()
    shoot_prediction(camera, mapped)
    camera.window.leave()


def shoot_prediction(camera: Camera, mapped: Path) -> None:
    """Predict from a map, ramp at the places picked, hold one against the other, and keep app-prediction."""
    desk, session, prediction = camera.desk, camera.desk.session, camera.desk.prediction
    predict(camera, mapped)
    prediction.pick()
    before = session.state.last_run
    camera.run("trigger-map", image_every=0, check_every=0)
    camera.until(lambda: session.state.run is None and session.state.last_run != before)
    tried = session.state.last_run
    assert tried is not None
    camera.until(lambda: (entry := desk.runs.entry(tried)) is not None and entry.status == "finished")
    predict(camera, mapped, tried)
    camera.window.commands.focus_prediction()
    camera.shoot("app-prediction")


def predict(camera: Camera, mapped: Path, triggers: Path | None = None) -> None:
    """Open the run with the map, and predict from it until what came out is shown."""
    desk, prediction = camera.desk, camera.desk.prediction
    desk.runs.open(mapped)
    camera.until(lambda: (frame := desk.map.frame) is not None and frame.run == mapped and prediction.can_predict)
    prediction.set_triggers(triggers)
    before = prediction.shown
    prediction.predict()
    camera.until(lambda: prediction.shown is not before)
