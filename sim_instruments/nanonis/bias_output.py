"""The controller's bias output: the source named "probe" of the world."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

RANGES = (10.0, 1.0)
"""Full scale of the selectable ranges (V)."""
SOURCE = "probe"


class BiasOutput:
    """Bias value (V) as shown by the software, and what stands at the terminal.

    The converter puts out (value - offset) / calibration; both are right at 1 V/V and 0 V, so a wrong calibration
    really falsifies the voltage, as on the instrument.
    """

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self.value = 0.0
        self.range_index = 0
        self._calibrations = [(1.0, 0.0) for _ in RANGES]
        self._apply()

    @property
    def calibration(self) -> tuple[float, float]:
        """Calibration (V/V) and offset (V) of the selected range."""
        return self._calibrations[self.range_index]

    @property
    def limit(self) -> float:
        """Full scale of the selected range (V)."""
        return RANGES[self.range_index]

    @property
    def terminal(self) -> float:
        """Voltage at the output's terminal (V)."""
        calibration, offset = self.calibration
        return max(-self.limit, min(self.limit, (self.value - offset) / calibration))

    def set(self, volts: float) -> None:
        """Put out `volts` (V), coerced to the range; NaN changes nothing."""
        if math.isnan(volts):
            return
        self._controller.signals.mark()
        self.value = max(-self.limit, min(self.limit, volts))
        self._apply()

    def select_range(self, index: int) -> None:
        """Use range `index`; the value is coerced to it."""
        self.range_index = index
        self.set(self.value)

    def calibrate(self, calibration: float, offset: float) -> None:
        """Set calibration (V/V, not 0) and offset (V) of the selected range."""
        self._calibrations[self.range_index] = (calibration, offset)
        self.set(self.value)

    def _apply(self) -> None:
        self._controller.world.set_source(SOURCE, self.terminal)
