"""The EmStat4 family in numbers: what each model reaches, and which of its ranges holds a value.

Sources: MethodSCRIPT manual v1.8, appendix B; data sheets of EmStat4 and Nexus.
"""

from dataclasses import dataclass

from nanoprobe.errors import BadInput
from nanoprobe.techniques import Reach
from nanoprobe.units import si


@dataclass(frozen=True, slots=True)
class Model:
    """`prefixes`: how its answer to `t` begins; `voltage` V, `current_ranges` A (smallest first), `frequency` Hz."""

    name: str
    prefixes: tuple[str, ...]
    voltage: float
    current_ranges: tuple[float, ...]
    frequency: float = 200e3

    @property
    def reach(self) -> Reach:
        """What the model can do."""
        return Reach(
            voltage=self.voltage,
            current=self.current_ranges[-1],
            lowest_frequency=1e-3,
            highest_frequency=self.frequency,
            shortest_interval=SHORTEST_INTERVAL,
        )

    def current_range(self, amperes: float) -> float:
        """Return the smallest range (A) that reads |`amperes`| without an overload warning. Raises BadInput."""
        for full_scale in self.current_ranges:
            if abs(amperes) <= READABLE * full_scale * (1 + 1e-9):
                return full_scale
        raise BadInput(
            f"{si(abs(amperes), 'A')} is beyond the {self.name}: it carries up to "
            f"{si(READABLE * self.current_ranges[-1], 'A')}; choose less, or another model"
        )


READABLE = 0.95
"""Share of a range that is used: above, the device warns of an overload."""
SHORTEST_INTERVAL = 1e-3
"""Shortest interval of a loop that sends packages (s): more would not come through the link."""

MODELS = (
    Model("EmStat4 LR", ("es4_lr", "mes4lr"), 3.0, tuple(10.0**n for n in range(-9, -1))),
    Model("EmStat4 HR", ("es4_hr", "mes4hr"), 6.0, tuple(10.0**n for n in range(-7, 0))),
    Model("Nexus", ("nexus1",), 10.0, tuple(10.0**n for n in range(-10, 1))),
)


def model_of(version: str) -> Model | None:
    """Return the model whose answer to `t` this is; None for another device."""
    return next((model for model in MODELS if version.startswith(model.prefixes)), None)
