"""UserOut: eight analog outputs, seen as the signals "Output n"."""

import math
from dataclasses import dataclass

from sim_instruments.nanonis.codes import finite, one_of
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.signals import COUNT, NAMES, OUTPUT_1
from sim_instruments.timeline import Session

OUTPUTS = 8
USER, MONITOR, CALCULATED = range(3)
OPERATIONS = (0, 1, 2, 3, 4, 6)
"""None, add, subtract, multiply, divide, log."""
RAW_LIMIT = 10.0
"""V"""


@dataclass
class Output:
    """One output: its mode, what it puts out in that mode, calibration (unit/V) and offset (unit), limits (unit, V)."""

    mode: int = USER
    value: float = 0.0
    monitored: int = 0
    calibration: float = 1.0
    offset: float = 0.0
    limits: tuple[float, float] = (RAW_LIMIT, -RAW_LIMIT)
    raw_limits: tuple[float, float] = (RAW_LIMIT, -RAW_LIMIT)
    calculation: tuple[int, int, int] = (0, 0, 0)
    name: str = "Calculated signal"

    def bounded(self, value: float) -> float:
        """Return `value` (unit) within the physical limits and, as volts, the raw ones."""
        value = max(self.limits[1], min(self.limits[0], value))
        volts = max(self.raw_limits[1], min(self.raw_limits[0], (value - self.offset) / self.calibration))
        return volts * self.calibration + self.offset


def calculate(operation: int, first: float, second: float) -> float:
    """Return the result of `operation` on two signals, 0 where there is none."""
    match operation:
        case 1:
            return first + second
        case 2:
            return first - second
        case 3:
            return first * second
        case 4:
            return first / second if second else 0.0
        case 6:
            return math.log10(abs(first)) if first else 0.0
    return first


class UserOut(Module):
    """The user outputs, numbered from 1."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._outputs = [Output() for _ in range(OUTPUTS)]
        for number, output in enumerate(self._outputs):
            controller.signals.bind(OUTPUT_1 + number, lambda output=output: self._present(output))  # type: ignore[misc]

    def _present(self, output: Output) -> float:
        """Return what the output puts out now (unit)."""
        if output.mode == USER:
            return output.bounded(output.value)
        if output.mode == MONITOR:
            return output.bounded(self.controller.signals.true(output.monitored))
        first, operation, second = output.calculation
        signals = self.controller.signals
        return output.bounded(calculate(operation, signals.true(first), signals.true(second)))

    def _output(self, index: int) -> Output:
        return self._outputs[one_of(index, OUTPUTS, "Output index", 1) - 1]

    def _source(self, index: int) -> int:
        """Return a signal's index; an output cannot follow an output (no loops)."""
        one_of(index, COUNT, "Signal index")
        if OUTPUT_1 <= index < OUTPUT_1 + OUTPUTS:
            raise CommandError(f"{NAMES[index]} cannot be put out again")
        return index

    @command("UserOut.ModeSet", "i H", cost=Cost.SET)
    def set_mode(self, _: Session, index: int, mode: int) -> None:
        """Set the mode: 0 user, 1 monitor, 2 calculated."""
        self._output(index).mode = one_of(mode, 3, "Output mode")

    @command("UserOut.ModeGet", "i", "H")
    def mode(self, _: Session, index: int) -> tuple[int]:
        """Return the mode."""
        return (self._output(index).mode,)

    @command("UserOut.MonitorChSet", "i i", cost=Cost.SET)
    def set_monitored(self, _: Session, index: int, channel: int) -> None:
        """Set the signal to monitor."""
        self._output(index).monitored = self._source(channel)

    @command("UserOut.MonitorChGet", "i", "i")
    def monitored(self, _: Session, index: int) -> tuple[int]:
        """Return the monitored signal."""
        return (self._output(index).monitored,)

    @command("UserOut.ValSet", "i f", cost=Cost.SET)
    def set_value(self, _: Session, index: int, value: float) -> None:
        """Put out `value` (unit), coerced to the limits; only in mode 0."""
        output = self._output(index)
        if output.mode != USER:
            raise CommandError(f"Output {index} is not in User Output mode")
        self.controller.signals.mark()
        output.value = output.bounded(finite(value, "Output value"))

    @command("UserOut.CalibrSet", "i f f", cost=Cost.SET)
    def set_calibration(self, _: Session, index: int, calibration: float, offset: float) -> None:
        """Set calibration (unit/V) and offset (unit)."""
        output = self._output(index)
        if not (math.isfinite(calibration) and calibration):
            raise CommandError("Calibration must not be 0")
        output.calibration, output.offset = calibration, finite(offset, "Offset")
        span = RAW_LIMIT * abs(calibration)
        output.limits = (offset + span, offset - span)

    @command("UserOut.CalcSignalNameSet", "i s", cost=Cost.SET)
    def set_name(self, _: Session, index: int, name: str) -> None:
        """Name the calculated signal."""
        self._output(index).name = name

    @command("UserOut.CalcSignalNameGet", "i", "s")
    def name(self, _: Session, index: int) -> tuple[str]:
        """Return the calculated signal's name."""
        return (self._output(index).name,)

    @command("UserOut.CalcSignalConfigSet", "i H H H", cost=Cost.SET)
    def set_calculation(self, _: Session, index: int, first: int, operation: int, second: int) -> None:
        """Set what is calculated: signal, operation (0 none, 1 +, 2 -, 3 *, 4 /, 6 log), signal."""
        if operation not in OPERATIONS:
            raise CommandError(f"Operation must be one of {OPERATIONS}, not {operation}")
        self._output(index).calculation = (self._source(first), operation, self._source(second))

    @command("UserOut.CalcSignalConfigGet", "i", "H H H")
    def calculation(self, _: Session, index: int) -> tuple[int, int, int]:
        """Return what is calculated."""
        return self._output(index).calculation

    @command("UserOut.LimitsSet", "i f f ?I", cost=Cost.SET)
    def set_limits(self, _: Session, index: int, upper: float, lower: float, raw: int | None) -> None:
        """Set the limits, in the unit or, for `raw` 1, in volts; the value is coerced to them."""
        output = self._output(index)
        if not upper >= lower:
            raise CommandError(f"The upper limit ({upper:g}) must not be below the lower limit ({lower:g})")
        if raw:
            output.raw_limits = (min(RAW_LIMIT, upper), max(-RAW_LIMIT, lower))
        else:
            output.limits = (upper, lower)
        output.value = output.bounded(output.value)

    @command("UserOut.LimitsGet", "i ?I", "f f")
    def limits(self, _: Session, index: int, raw: int | None) -> tuple[float, float]:
        """Return upper and lower limit, in the unit or, for `raw` 1, in volts."""
        return self._output(index).raw_limits if raw else self._output(index).limits
