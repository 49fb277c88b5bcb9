"""ChronoGrowth: hold the bias and watch the current: how lithium grows, until charge, current or time ends it."""

from nanoprobe.errors import BadInput
from nanoprobe.units import si
from nanoprobe.waveform import Waveform
from procedures.growing import GrowthProcedure
from procedures.inputs import number


class ChronoGrowth(GrowthProcedure):
    """Growth at constant bias: I-t, charge, equivalent radius. The charge stop saves the tip."""

    bias = number("Bias", "V", -3.0, -8.0, 0.0, "growth", "bias of the growth; plating is negative")
    stop_current = number("Stop current", "A", 10e-9, 100e-12, 100e-9, "growth", "|current| that ends growth")
    compliance = number("Compliance", "A", 20e-9, 1e-9, 1e-6, "growth", "largest |current| the source lets through")

    def waveform(self) -> Waveform:
        """See GrowthProcedure. Raises BadInput where the current could never be reached."""
        if self.stop_current >= self.compliance:
            raise BadInput(
                f"stop_current {si(self.stop_current, 'A')} must lie below compliance {si(self.compliance, 'A')}: the "
                f"source would never let it through"
            )
        steps, repeats = self.constant(self.bias)
        return Waveform(steps=steps, repeats=repeats, compliance=self.compliance, stop_current=self.stop_current)
