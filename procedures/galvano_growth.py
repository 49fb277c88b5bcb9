"""GalvanoGrowth: force a current and watch the bias: the dip of nucleation, then the plateau of growth."""

import numpy as np

from nanoprobe.roles import Array
from nanoprobe.waveform import Waveform
from procedures.growing import GrowthProcedure, Zero
from procedures.inputs import number

AT_LIMIT = 0.99
"""A bias of this part of the voltage limit is the limit."""
LONGEST_AT_LIMIT = 0.5
"""Time (s) at the voltage limit after which the current is not being held, and growth ends."""


class GalvanoGrowth(GrowthProcedure):
    """Growth at constant current: V-t, charge, nucleation and plateau. Needs a source that can force a current."""

    current = number(
        "Current", "A", 100e-12, 100e-15, 100e-9, "growth", "plating current that is forced (its magnitude)"
    )
    voltage_limit = number("Voltage limit", "V", 8.0, 0.1, 10.0, "growth", "largest |voltage| of the source, hard")

    _at_limit = 0

    def waveform(self) -> Waveform:
        """See GrowthProcedure."""
        steps, repeats = self.constant(0.0)
        return Waveform(
            steps=steps,
            repeats=repeats,
            compliance=self.current,
            forced_current=-self.current,
            voltage_limit=self.voltage_limit,
        )

    def reaches(self, bias: Array) -> bool:
        """Say whether the source has stood at its voltage limit for too long."""
        away = np.flatnonzero(np.abs(bias) < AT_LIMIT * self.voltage_limit)
        self._at_limit = len(bias) - 1 - int(away[-1]) if len(away) else self._at_limit + len(bias)
        return bool(self._at_limit > LONGEST_AT_LIMIT * self.sample_rate)

    def zero(self) -> Zero:
        """See GrowthProcedure: a forced current is known."""
        return Zero(0.0, 0.0)
