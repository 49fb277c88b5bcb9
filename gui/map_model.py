"""What the map shows: images of this session and of opened runs, the points over them, the tip, a path to come. No Qt.

The model takes the run's events in the window's thread and only fills arrays; views look at revisions when they draw.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from gui.colour_scales import ColourScale
from gui.map_frames import DIRECTIONS, MapFrame, Pixels
from gui.map_points import MapPoints
from nanoprobe.events import Event, Recorded, RunEnded, RunStarted
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, RampDone
from nanoprobe.roles import Array

MOST_VALUES = 40_000_000
"""Values (of 4 bytes) of all images kept in memory; older ones are read from their run again when they are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of the model is drawn. `frame`: place in the list of frames, None before the first."""

    frame: int | None = None
    channel: str = "current"
    direction: int = 0
    scale: ColourScale = ColourScale()  # noqa: RUF009 - frozen
    follow: bool = True
    """Go over to an image that begins."""
    without_drift: bool = True
    """Draw points where they lie on the map they were picked on, not where the drifted scanner went."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Points of another run."""

    name: str
    points: MapPoints


class MapModel:
    """Frames, points, tip, path, and points of other runs laid over them.

    Signals: `frames_changed` (the list), `shown_changed` (what is drawn), `points_changed` (layout, verdicts, overlays),
    `point_chosen` (index of a point whose ramp is wanted), `path_changed`, `tip_moved`, `channel_wanted` (image and
    channel of a stored run that have to be read).
    """

    frames_changed = Signal()
    shown_changed = Signal(Shown)
    points_changed = Signal()
    point_chosen = Signal(int)
    path_changed = Signal()
    tip_moved = Signal(object)
    channel_wanted = Signal(MapFrame, str)

    def __init__(self) -> None:
        self.frames: list[MapFrame] = []
        self.points = MapPoints()
        """The points that are drawn: of the run that goes on, or of a stored one."""
        self.layouts = 0
        """How often other points came: of a run that laid them out, or of one that was opened. The view takes them in."""
        self.overlays: tuple[Overlay, ...] = ()
        self.shown = Shown()
        self.path: Array = np.empty((0, 2))
        self.tip: tuple[float, float] | None = None
        self.range: float | None = None
        """Largest |x|, |y| the bench allows (m)."""
        self.simulated = False
        self.drift = (0.0, 0.0)
        """How far the surface has moved under the scanner since the map that points were picked on (m)."""
        self.run: Path | None = None
        """The run that goes on, or went on last."""
        self._live = self.points
        self._pixels: Pixels | None = None

    # --- from the run

    def take(self, event: Event) -> None:
        """Take an event of the run."""
        if isinstance(event, RunStarted):
            self.run = event.path
        elif isinstance(event, Recorded):
            self._record(event.record)
        elif isinstance(event, RunEnded):
            self.set_path(np.empty((0, 2)))

    def _record(self, record: object) -> None:
        if isinstance(record, FrameLine):
            self._line(record)
        elif isinstance(record, FrameBegin):
            self.set_tip(None)
            self.add_frame(MapFrame.begun(self.run or Path("run"), record, self.simulated))
        elif isinstance(record, PointLayout):
            self._live = MapPoints()
            self._live.lay_out(record)
            self.layouts += 1
            self.show_points(self._live)
        elif isinstance(record, PointBegin):
            self._live.begin(record)
            self.drift = (record.drift_x, record.drift_y)
            self.set_tip((record.x, record.y))
            self.points_changed.emit()
        elif isinstance(record, RampDone):
            self._live.finish(record)
            self.points_changed.emit()

    def _line(self, record: FrameLine) -> None:
        for frame in reversed(self.frames):
            if frame.index == record.frame and frame.run == self.run:
                frame.add(record.line)
                return

    # --- from the operator and the disk

    def add_frame(self, frame: MapFrame) -> None:
        """Add an image; it is shown when it is a map or the first of its kind and the view follows."""
        self.frames.append(frame)
        self._release_oldest()
        self.frames_changed.emit()
        if self.shown.frame is None or (self.shown.follow and frame.purpose == "map"):
            self.show(frame=len(self.frames) - 1)

    def _release_oldest(self) -> None:
        """Keep memory flat however many images there are: the oldest ones are on disk, and the list stays whole."""
        held = sum(frame.held for frame in self.frames)
        for frame in self.frames[:-1]:
            if held <= MOST_VALUES:
                return
            if frame is not self.frame and (frame.stored or frame.done.all()):
                held -= frame.held
                frame.release()

    def load(self, path: Path, frames: list[MapFrame], points: MapPoints) -> None:
        """Show a stored run: its images join the list, its points replace those over the map."""
        self.frames = [frame for frame in self.frames if frame.run != path]
        self._pixels = None
        self.drift = (0.0, 0.0)
        if self.shown.frame is not None and self.shown.frame >= len(self.frames):
            self.show(frame=len(self.frames) - 1 if self.frames else None)
        for frame in frames:
            self.frames.append(frame)
        self._release_oldest()
        self.frames_changed.emit()
        maps = [place for place, frame in enumerate(self.frames) if frame.run == path and frame.purpose == "map"]
        if maps:
            self.show(frame=maps[-1])
        elif frames:
            self.show(frame=len(self.frames) - 1)
        self.layouts += 1
        self.show_points(points)

    def refresh(self, path: Path, frames: list[MapFrame], points: MapPoints) -> None:
        """Show what another process has added to a run that is shown: its images stay, and what is looked at."""
        known = {frame.index: frame for frame in self.frames if frame.run == path}
        for frame in frames:
            if frame.index in known:
                known[frame.index].take_over(frame)
            else:
                self.add_frame(frame)
        self.show_points(points, self.overlays)

    def show_live(self) -> None:
        """Go back to the run that goes on."""
        places = [place for place, frame in enumerate(self.frames) if frame.run == self.run]
        if places:
            self.show(frame=places[-1], follow=True)
        self.show_points(self._live)

    def show_points(self, points: MapPoints, overlays: tuple[Overlay, ...] = ()) -> None:
        """Draw other points."""
        self.points, self.overlays = points, overlays
        self.points_changed.emit()

    def lay_over(self, name: str, points: MapPoints) -> None:
        """Draw the points of another run over those that are drawn."""
        others = tuple(overlay for overlay in self.overlays if overlay.name != name)
        self.show_points(self.points, (*others, Overlay(name, points)))

    def show(self, **changes: Any) -> None:
        """Change what is drawn; keywords as in `Shown`."""
        new = replace(self.shown, **changes)
        frame = None if new.frame is None or not self.frames else self.frames[new.frame]
        if frame is not None and frame.channels and new.channel not in frame.channels:
            new = replace(new, channel=frame.channels[0])
        if new != self.shown or frame is None:
            self.shown = new
            self._pixels = None
            self.shown_changed.emit(new)
            if frame is not None and frame.stored and new.channel not in frame.values:
                self.channel_wanted.emit(frame, new.channel)

    def show_scale(self, **changes: Any) -> None:
        """Change how values become colours; keywords as in `ColourScale`."""
        self.show(scale=replace(self.shown.scale, **changes))

    def set_path(self, path: Array) -> None:
        """Draw the path of a plan (m, shape (n, 2)); empty for none."""
        self.path = path
        self.path_changed.emit()

    def set_tip(self, tip: tuple[float, float] | None) -> None:
        """The tip is at scanner x, y (m); None while it scans."""
        if self.tip != tip:
            self.tip = tip
            self.tip_moved.emit(self.tip_on_map)

    @property
    def tip_on_map(self) -> tuple[float, float] | None:
        """Where to draw the tip (m): as points are drawn, on the map they were picked on, or where the scanner is."""
        if self.tip is None or not self.shown.without_drift:
            return self.tip
        return self.tip[0] - self.drift[0], self.tip[1] - self.drift[1]

    # --- for the view

    @property
    def frame(self) -> MapFrame | None:
        """The image that is drawn."""
        return None if self.shown.frame is None or not self.frames else self.frames[self.shown.frame]

    @property
    def on_map(self) -> bool:
        """Whether points are drawn over a map: not on the bare ground, or beside an image that tells the drift."""
        return self.frame is not None and not self.frame.beside

    @property
    def unit(self) -> str:
        """Unit of the drawn channel."""
        return "" if self.frame is None else self.frame.units.get(self.shown.channel, "")

    def pixels(self) -> Pixels | None:
        """Return the bytes of the drawn image; call `update` on them before they are drawn."""
        frame = self.frame
        if frame is None:
            return None
        if self._pixels is None:
            self._pixels = Pixels(frame, self.shown.channel, self.shown.direction, self.shown.scale)
        return self._pixels

    def value_at(self, x: float, y: float) -> float:
        """Return the measured value under x, y (m) of the drawn channel; NaN where there is none."""
        if self.frame is None:
            return float("nan")
        return self.frame.value_at(self.shown.channel, self.shown.direction, x, y)

    @property
    def direction_name(self) -> str:
        """Trace or retrace."""
        return DIRECTIONS[self.shown.direction]
