"""How the bench is wired, and the one place where a source's numbers become bias and electrode current.

bias = V_tip - V_counter after the drop over the series resistor; plating is negative, cathodic current is negative.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from nanoprobe.roles import Array, RampPlan


class Source(StrEnum):
    """Which instrument biases the sample."""

    SOURCE_METER = "source_meter"
    PROBE = "probe"


class Side(StrEnum):
    """The electrode the bias is applied to."""

    TIP = "tip"
    SAMPLE = "sample"


class CurrentReading(StrEnum):
    """Which current is read."""

    SOURCE_METER = "source_meter"
    PREAMP = "preamp"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """`series_resistance` in ohm, between source and electrode."""

    bias_source: Source = Source.SOURCE_METER
    bias_applied_to: Side = Side.SAMPLE
    current_reading: CurrentReading = CurrentReading.BOTH
    series_resistance: float = 10e6

    @property
    def sign(self) -> int:
        """+1 where the source drives the tip, -1 where it drives the sample."""
        return 1 if self.bias_applied_to is Side.TIP else -1

    def source_voltage(self, bias: float) -> float:
        """Return the source's level (V) for a bias (V) at no current."""
        return self.sign * bias

    def source_plan(self, plan: RampPlan) -> RampPlan:
        """Return a ramp given in bias as the source has to run it."""
        return replace(plan, start=self.sign * plan.start, stop=self.sign * plan.stop)

    def current(self, source_current: float) -> float:
        """Return the electrode current (A) of a source or preamp reading (A)."""
        return self.sign * source_current

    def bias(self, source_voltage: float, source_current: float) -> float:
        """Return the bias (V) behind the series resistor."""
        return self.sign * (source_voltage - source_current * self.series_resistance)

    def currents(self, source_current: Array) -> Array:
        """Return electrode currents (A, shape (n,)) of source readings."""
        return self.sign * source_current

    def biases(self, source_voltage: Array, source_current: Array) -> Array:
        """Return biases (V, shape (n,)) behind the series resistor."""
        return self.sign * (source_voltage - source_current * self.series_resistance)
