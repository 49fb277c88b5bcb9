"""Images of a Nanonis controller, line by line while they are taken."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.nanonis_session import NanonisSession
from drivers.nanonis_signals import Signals
from nanoprobe.errors import BadInput, InstrumentError, InstrumentTimeout
from nanoprobe.roles import ScanLine, ScanPlan, Watch

PIXEL_PACKAGE = 16
"""A line has a multiple of so many pixels."""
GRAB_EVERY = 0.2
"""Wall time between two fetches of the unfinished image (s): each moves the whole of it."""
GRAB_WAITS = 128
"""Waits for a line between two fetches where a scan is not followed by the clock: counted, so that a busy computer
asks for nothing more."""
LINE_WAIT = 0.5
"""Longest wait for a line before `watch` runs again (s)."""
BACKWARD, FORWARD = 0, 1
START, UP = 0, 1
OFF = 2
"""Off, in setters where 0 means no change."""
AUTOSAVE_OFF = 3
DEADLINE_FACTOR, DEADLINE_SLACK = 2.0, 60.0
"""A scan may take so many times its planned duration, and so much more (s)."""
AUTOPASTE_SINCE = 14718
"""Release from which PropsSet carries auto-paste."""
WAIT_END_OF_LINE_SINCE = 11798
"""Oldest release known to have Scan.WaitEndOfLine; in older ones the image itself is looked at."""
TOLERANCE = 1e-3
"""How far a setting may be read back from what was set, as a part of it."""

Image = NDArray[np.float32]


class Scanner:
    """The scan module of one controller."""

    def __init__(self, session: NanonisSession, signals: Signals, release: int, by_clock: bool) -> None:
        """`by_clock`: unfinished images are fetched by the clock, not by the count of waits."""
        self._session = session
        self._signals = signals
        self._release = release
        self._by_clock = by_clock

    def scan(self, plan: ScanPlan, on_line: Callable[[ScanLine], None], watch: Watch, stop: Callable[[], None]) -> None:
        """Take an image from its lower edge up; `stop` ends the scan when `watch` or `on_line` raises."""
        self._configure(plan)
        lines = Lines(plan, on_line, self._grab_all(plan))
        try:
            self._session.call("Scan.Action", "H I", START, UP)
            self._follow(plan, lines, watch)
        except BaseException:
            stop()
            raise

    # --- set-up

    def _configure(self, plan: ScanPlan) -> None:
        if plan.pixels % PIXEL_PACKAGE:
            raise BadInput(f"Nanonis: {plan.pixels} pixels a line; it takes multiples of {PIXEL_PACKAGE} only")
        frame = plan.frame
        place = (frame.x, frame.y, frame.width, frame.height, -math.degrees(frame.angle))  # theirs turns clockwise
        self._session.call("Scan.FrameSet", "f f f f f", *place)
        self._verify("Scan.FrameGet", "f f f f f", place, "frame (centre, size in m, angle in degrees)")
        channels = [self._signals.signal(name).index for name in plan.channels]
        self._session.call("Scan.BufferSet", "ai i i", channels, plan.pixels, plan.lines)
        self._verify_buffer(plan, channels)
        speed = frame.width / plan.line_time
        self._session.call("Scan.SpeedSet", "f f f f H f", speed, speed, plan.line_time, plan.line_time, 2, 1.0)
        self._verify("Scan.SpeedGet", "f f f f", (speed, speed, plan.line_time, plan.line_time), "speed (m/s, s)")
        self._set_properties()

    def _set_properties(self) -> None:
        """One frame, no bouncing, nothing saved or pasted by the controller; names and modules as they are."""
        common: tuple[Any, ...] = (OFF, OFF, AUTOSAVE_OFF, "", "", [])
        if self._release < AUTOPASTE_SINCE:
            self._session.call("Scan.PropsSet", "I I I s s as", *common)
        else:
            self._session.call("Scan.PropsSet", "I I I s s as I", *common, AUTOSAVE_OFF)

    def _verify(self, command: str, returns: str, wanted: tuple[float, ...], what: str) -> None:
        found = self._session.call(command, returns=returns)
        scale = max(abs(value) for value in wanted[:4])
        if any(abs(a - b) > TOLERANCE * scale for a, b in zip(found[:4], wanted[:4], strict=True)):
            raise InstrumentError(
                f"Nanonis took {', '.join(f'{value:.4g}' for value in found)} for the scan's {what} where "
                f"{', '.join(f'{value:.4g}' for value in wanted)} was set: is it within the scanner's range?"
            )

    def _verify_buffer(self, plan: ScanPlan, channels: list[int]) -> None:
        taken, pixels, lines = self._session.call("Scan.BufferGet", returns="ai i i")
        if (pixels, lines) != (plan.pixels, plan.lines) or not set(channels) <= set(taken.tolist()):
            raise InstrumentError(
                f"Nanonis took {pixels} pixels x {lines} lines of channels {taken.tolist()} where {plan.pixels} x "
                f"{plan.lines} of {channels} was set"
            )

    # --- following it, by the time of its answers

    def _follow(self, plan: ScanPlan, lines: "Lines", watch: Watch) -> None:
        deadline = self._session.moment() + DEADLINE_FACTOR * plan.duration + DEADLINE_SLACK
        grab_at = self._session.moment() + GRAB_EVERY
        waits = 0
        while True:
            watch()
            ended = self._line_ended(plan)
            now, waits = self._session.moment(), waits + 1
            if ended or (now >= grab_at if self._by_clock else waits % GRAB_WAITS == 0):
                lines.take()
                grab_at = self._session.moment() + GRAB_EVERY
            if ended:
                return lines.finish()
            if now > deadline:
                raise InstrumentTimeout(f"Nanonis: a scan of {plan.duration:.3g} s has not ended; it was stopped")

    def _line_ended(self, plan: ScanPlan) -> bool:
        """Wait for the next end of a line; say whether it was the last one, or no scan runs any more."""
        if self._release < WAIT_END_OF_LINE_SINCE:
            self._signals.wait(min(plan.line_time, LINE_WAIT))
            return not self._session.value("Scan.StatusGet", returns="I")
        timed_out, line, movement, _ = self._session.call(
            "Scan.WaitEndOfLine", "i", round(1000 * LINE_WAIT), returns="I i H i"
        )
        if timed_out:
            return not self._session.value("Scan.StatusGet", returns="I")
        return bool(line == plan.lines and movement == 1)

    def _grab_all(self, plan: ScanPlan) -> Callable[[], dict[str, tuple[Image, Image]]]:
        indexes = {name: self._signals.signal(name).index for name in plan.channels}
        return lambda: {
            name: (self._grab(index, FORWARD), self._grab(index, BACKWARD)) for name, index in indexes.items()
        }

    def _grab(self, channel: int, direction: int) -> Image:
        """Return an image, lower edge first. The controller's rows are places, row 0 the upper edge, NaN where unscanned."""
        _, table, _ = self._session.call("Scan.FrameDataGrab", "I I", channel, direction, returns="s 2f I")
        image: Image = table[::-1]
        return image


class Lines:
    """Hands on the lines of an image that are whole, each once, lower edge first."""

    def __init__(
        self,
        plan: ScanPlan,
        on_line: Callable[[ScanLine], None],
        grab: Callable[[], Mapping[str, tuple[Image, Image]]],
    ) -> None:
        self._plan = plan
        self._on_line = on_line
        self._grab = grab
        self._next = 0

    def take(self) -> None:
        """Fetch the image as it is now and hand on what is new."""
        if self._next >= self._plan.lines:
            return
        images = self._grab()
        while self._next < self._plan.lines and self._whole(images):
            values = {name: np.stack([ways[0][self._next], ways[1][self._next]]) for name, ways in images.items()}
            self._on_line(ScanLine(self._next, values))
            self._next += 1

    def _whole(self, images: Mapping[str, tuple[Image, Image]]) -> bool:
        return all(bool(np.isfinite(way[self._next]).all()) for ways in images.values() for way in ways)

    def finish(self) -> None:
        """Raise InstrumentError when the scan ended with lines missing."""
        if self._next < self._plan.lines:
            raise InstrumentError(
                f"Nanonis: the scan ended after {self._next} of {self._plan.lines} lines; was it stopped at the controller?"
            )
