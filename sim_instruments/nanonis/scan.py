"""Module Scan: images line by line."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim_instruments.nanonis.acquisition import check_signals, require_release
from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.registry import CommandError, Cost, command
from sim_instruments.nanonis.routine import Routine
from sim_instruments.nanonis.scan_buffer import ScanBuffer
from sim_instruments.nanonis.scan_frame import Frame, Raster, SpeedRequest, coerced_pixels
from sim_instruments.nanonis.scan_raster import LineEnd, RasterScan, to_centre
from sim_instruments.nanonis.scan_saving import SavingCommands
from sim_instruments.nanonis.signals import NAMES, X, Y
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

MAX_PIXELS = 8192
WAIT_END_OF_LINE_SINCE = 11798
"""Oldest release known here to have it; the protocol description of R10862 does not."""


class Scan(SavingCommands):
    """One frame at a time. Changing frame or buffer while a scan runs starts it anew."""

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        self.frozen = self.paused = False
        self._routine: Routine | None = None
        self._raster: RasterScan | None = None
        self._last_line: LineEnd | None = None
        self._lines_ended = self._scans_ended = 0
        self._last_path = ""
        controller.scanning = lambda: self.running
        controller.on_safe_tip.append(self.pause)
        controller.signals.bind(X, lambda: self.position[0])
        controller.signals.bind(Y, lambda: self.position[1])

    # --- state
    @property
    def started(self) -> bool:
        """Whether a scan is under way, paused or not."""
        return self._raster is not None and self._routine is not None and not self._routine.done

    @property
    def running(self) -> bool:
        """Whether the scan moves the tip."""
        return self.started and not (self.paused and self._routine is not None and math.isinf(self._routine.due))

    @property
    def position(self) -> tuple[float, float]:
        """Scanner place now (m)."""
        return self._raster.position if self._raster and self.running else self.controller.motion.position

    def line_ended(self, end: LineEnd) -> None:
        """Take note of the end of a movement."""
        self._last_line = end
        self._lines_ended += 1

    def frame_ended(self, complete: bool) -> bool:
        """Take note of the end of a frame; return whether the scan goes on."""
        self._last_path = self.keep_frame() if complete else ""
        self._scans_ended += 1
        again = complete and self.properties.continuous
        if again:
            self.buffer.clear(self.buffer.upwards != self.properties.bouncy)
        return again

    # --- actions
    @command("Scan.Action", "H I", cost=Cost.SET)
    def action(self, session: Session, action: int, direction: int) -> None:
        """Start, stop, pause, resume, freeze, unfreeze the scan, or go to the frame's centre."""
        one_of(action, 7, "Scan action")
        one_of(direction, 2, "Scan direction")
        if action == 0:
            self.start(upwards=direction == 1)
        else:
            (self.stop, self.pause, self.resume, self._freeze, self._unfreeze, self._go_to_centre)[action - 1]()

    def start(self, upwards: bool) -> None:
        """Start the scan at the frame's lower edge (`upwards`) or upper edge."""
        self.stop()
        self.paused = self.frozen = False
        self.buffer.clear(upwards)
        raster = Raster(self.frame, self.buffer.pixels, self.buffer.lines)
        self._raster = RasterScan(self.controller, raster, self.buffer, self)
        self._routine = Routine(self.controller.timeline, self._raster.steps())

    def stop(self) -> None:
        """End the scan where the tip is now."""
        if self._routine is not None:
            self._routine.interrupt()
        self._routine = self._raster = None

    def pause(self) -> None:
        """Halt the scan at the end of the present line."""
        self.paused = True

    def resume(self) -> None:
        """Go on with a paused scan."""
        if self._routine is not None and self.paused and math.isinf(self._routine.due):
            self._routine.wake()
        self.paused = False

    def _freeze(self) -> None:
        self.frozen = True

    def _unfreeze(self) -> None:
        self.frozen = False

    def _go_to_centre(self) -> None:
        self.stop()
        raster = Raster(self.frame, self.buffer.pixels, self.buffer.lines)
        speed = self.speed.linear(self.frame.width)[0]
        self._routine = Routine(self.controller.timeline, to_centre(self.controller, raster, speed, self.line_ended))

    def _restart(self) -> None:
        if self.started:
            self.start(self.buffer.upwards)

    @command("Scan.StatusGet", reply="I", cost=Cost.POLL)
    def status(self, session: Session) -> tuple[int]:
        """Return 1 while the scan moves the tip, 0 when it is over or paused."""
        return (int(self.running),)

    # --- waiting
    @command("Scan.WaitEndOfScan", "i", "I S", Cost.OWN)
    async def wait_end_of_scan(self, session: Session, timeout: int) -> tuple[int, str]:
        """Wait for the next end of a scan, at most `timeout` ms (-1: for ever); return the saved file's path."""
        seen = self._scans_ended
        ended = await self._wait(session, lambda: self._scans_ended != seen, timeout)
        return int(not ended), self._last_path if ended else ""

    @command("Scan.WaitEndOfLine", "i", "I i H i", Cost.OWN)
    async def wait_end_of_line(self, session: Session, timeout: int) -> tuple[int, int, int, int]:
        """Wait for the next end of a line, at most `timeout` ms (-1: for ever)."""
        require_release(self.controller, WAIT_END_OF_LINE_SINCE, "Scan.WaitEndOfLine")
        seen = self._lines_ended
        ended = await self._wait(session, lambda: self._lines_ended != seen, timeout)
        if not ended or self._last_line is None:
            return 1, 0, 0, 0
        return 0, self._last_line.line, int(self._last_line.movement), self._last_line.scan_pass

    async def _wait(self, session: Session, done: Callable[[], bool], timeout: int) -> bool:
        return await session.until(done, timeout / 1000 if timeout >= 0 else math.inf)

    # --- frame, buffer, speed
    @command("Scan.FrameSet", "f f f f f", cost=Cost.SET)
    def set_frame(self, session: Session, x: float, y: float, width: float, height: float, angle: float) -> None:
        """Set centre and size (m) and angle (degrees, clockwise); coerced to the scanner's range."""
        if not all(map(math.isfinite, (x, y, width, height, angle))) or width <= 0 or height <= 0:
            raise CommandError(f"Frame of {width:g} x {height:g} m at {x:g}, {y:g} m, {angle:g} deg is not possible")
        motion = self.controller.motion
        new = Frame(x, y, width, height, angle).within(motion.x_limits, motion.y_limits)
        self.speed = self.speed.resized(self.frame.width, new.width)
        self.frame = new
        self._restart()

    @command("Scan.FrameGet", reply="f f f f f")
    def get_frame(self, session: Session) -> tuple[float, ...]:
        """Return centre and size (m) and angle (degrees)."""
        return tuple(vars(self.frame).values())

    @command("Scan.BufferSet", "ai i i", cost=Cost.SET)
    def set_buffer(self, session: Session, channels: list[int], pixels: int, lines: int) -> None:
        """Set recorded signals, pixels (coerced to a multiple of 16) and lines (0: as the present resolution ratio)."""
        if not (0 < pixels <= MAX_PIXELS and 0 <= lines <= MAX_PIXELS):
            raise CommandError(f"{pixels} pixels x {lines} lines are out of range (1 to {MAX_PIXELS})")
        if len(set(channels)) != len(channels):
            raise CommandError("A channel is given more than once")
        coerced = coerced_pixels(pixels)
        ratio = self.buffer.lines / self.buffer.pixels
        self.buffer = ScanBuffer(check_signals(channels), coerced, lines or max(1, round(coerced * ratio)))
        self._restart()

    @command("Scan.BufferGet", reply="ai i i")
    def get_buffer(self, session: Session) -> tuple[Any, ...]:
        """Return recorded signals, pixels and lines."""
        return list(self.buffer.channels), self.buffer.pixels, self.buffer.lines

    @command("Scan.SpeedSet", "f f f f H f", cost=Cost.SET)
    def set_speed(
        self,
        session: Session,
        forward_speed: float,
        backward_speed: float,
        forward_time: float,
        backward_time: float,
        keep: int,
        ratio: float,
    ) -> None:
        """Set linear speeds (m/s) or times per line (s), whichever `keep` keeps constant (1 speeds, 2 times)."""
        if one_of(keep, 3, "Keep parameter constant"):
            self.speed = replace(self.speed, keeps_time=keep == 2)
        request = SpeedRequest(forward_speed, backward_speed, forward_time, backward_time, ratio)
        self.speed = request.applied(self.speed, self.frame.width)

    @command("Scan.SpeedGet", reply="f f f f H f")
    def get_speed(self, session: Session) -> tuple[float, ...]:
        """Return speeds (m/s), times (s), what is kept (0 speeds, 1 times), and the ratio backward over forward."""
        speed = self.speed
        linear = speed.linear(self.frame.width)
        return *linear, speed.forward_time, speed.backward_time, int(speed.keeps_time), speed.ratio

    # --- data
    @command("Scan.FrameDataGrab", "I I", "s 2f I")
    def grab(self, session: Session, channel: int, direction: int) -> tuple[Any, ...]:
        """Return an image (row 0 is the upper edge, unscanned pixels are NaN) and the scan's direction."""
        one_of(direction, 2, "Data direction")
        check_signals([channel])
        if channel not in self.buffer.channels:
            raise CommandError(f"Channel {channel} ({NAMES[channel]}) is not in the scan buffer")
        return NAMES[channel], self.buffer.image(channel, direction), int(self.buffer.upwards)

    @command("Scan.XYPosGet", "I", "f f", Cost.OWN)
    async def get_position(self, session: Session, newest: int) -> tuple[float, float]:
        """Return X and Y (m) at their next publication, at the one after it for `newest` 1."""
        signals = self.controller.signals
        await signals.next_publication(session, bool(newest))
        return signals.hold(session, X), signals.hold(session, Y)
