"""What a plan with a potentiostat will do, held against the bench's limits for its cell."""

from dataclasses import dataclass, field

from nanoprobe.limits import Limits
from nanoprobe.outlook import no_places
from nanoprobe.roles import Array
from nanoprobe.units import duration, si


@dataclass(frozen=True, kw_only=True)
class CellOutlook:
    """A plan's reach. `duration` s, at most; `voltage_min`, `voltage_max` V; `current` A, the largest magnitude.

    `further`: what else a person wants to know, as (label, value with unit). No tip goes anywhere: no `points`, no `places`.
    """

    duration: float
    voltage_min: float
    voltage_max: float
    current: float
    further: tuple[tuple[str, str], ...] = ()
    points: Array = field(default_factory=no_places, repr=False)
    places: Array = field(default_factory=no_places, repr=False)

    def check(self, limits: Limits) -> None:
        """Raise LimitExceeded, naming value, unit and limit, when any part of the plan is beyond `limits`."""
        for volts in (self.voltage_min, self.voltage_max):
            limits.check_cell_voltage(volts, "the plan's cell voltage")
        limits.check_cell_current(self.current, "the plan's cell current")

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person wants to know first, as (label, value with unit)."""
        return [
            ("time, at most", duration(self.duration)),
            *self.further,
            ("cell voltage", f"{si(self.voltage_min, 'V')} to {si(self.voltage_max, 'V')}"),
            ("cell current, at most", si(self.current, "A")),
        ]
