"""Bias: the voltage output, its ranges, calibration and pulses."""

import math

from sim_instruments.nanonis.bias_output import RANGES
from sim_instruments.nanonis.codes import finite, one_of, positive, switched
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.timeline import Session


class Pulse:
    """A bias pulse under way; an operation of the timeline that ends it."""

    def __init__(self, controller: Controller, width: float, hold: bool) -> None:
        self._controller = controller
        self._before = controller.bias.value
        self._held = hold and controller.z.hold()
        self.due = controller.now + width

    def step(self) -> None:
        """End the pulse: the bias from before, Z regulated again."""
        self._controller.timeline.stop(self)
        self.due = math.inf
        self._controller.bias.set(self._before)
        if self._held:
            self._controller.z.resume()


class Bias(Module):
    """The bias output."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._output = controller.bias
        self._pulse: Pulse | None = None
        self._pulse_hold, self._pulse_relative = False, False

    @command("Bias.Set", "f", cost=Cost.SET)
    def set(self, _: Session, volts: float) -> None:
        """Set the bias (V), coerced to the range."""
        self._output.set(finite(volts, "Bias"))

    @command("Bias.Get", "", "f")
    def get(self, _: Session) -> tuple[float]:
        """Return the bias (V)."""
        return (self._output.value,)

    @command("Bias.RangeSet", "H", cost=Cost.SET)
    def set_range(self, _: Session, index: int) -> None:
        """Select a range; the bias is coerced to it."""
        self._output.select_range(one_of(index, len(RANGES), "Bias range"))

    @command("Bias.RangeGet", "", "as H")
    def get_range(self, _: Session) -> tuple[list[str], int]:
        """Return the ranges and the selected one."""
        return [f"+/-{limit:g} V" for limit in RANGES], self._output.range_index

    @command("Bias.CalibrSet", "f f", cost=Cost.SET)
    def set_calibration(self, _: Session, calibration: float, offset: float) -> None:
        """Set calibration (V/V) and offset (V) of the selected range."""
        if not (math.isfinite(calibration) and calibration):
            raise CommandError(f"Calibration must not be {calibration:g}")
        self._output.calibrate(calibration, finite(offset, "Offset"))

    @command("Bias.CalibrGet", "", "f f")
    def get_calibration(self, _: Session) -> tuple[float, float]:
        """Return calibration (V/V) and offset (V) of the selected range."""
        return self._output.calibration

    @command("Bias.Pulse", "I f f H H", cost=Cost.SET)
    async def pulse(self, session: Session, wait: int, width: float, volts: float, hold: int, relative: int) -> None:
        """Apply `volts` for `width` (s), relative to the bias or absolute, Z held or not; wait for the end if asked."""
        positive(width, "Pulse width")
        finite(volts, "Bias")
        self._pulse_hold = switched(hold, self._pulse_hold, "Z-Controller on hold")
        self._pulse_relative = switched(relative, self._pulse_relative, "Pulse absolute/relative")
        pulse = self._start(width)
        self._output.set(self._output.value + volts if self._pulse_relative else volts)
        if wait:
            await session.until(lambda: math.isinf(pulse.due), math.inf)

    def _start(self, width: float) -> Pulse:
        if self._pulse is not None and math.isfinite(self._pulse.due):
            self._pulse.step()
        self._pulse = Pulse(self.controller, width, self._pulse_hold)
        self.controller.timeline.start(self._pulse)
        return self._pulse
