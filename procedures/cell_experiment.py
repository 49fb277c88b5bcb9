"""What our procedures on a cell share: electrode area, kind of cell, the checks before it is switched on."""

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.techniques import Dc, Impedance
from nanoprobe.units import si
from procedures.experiment import Experiment
from procedures.inputs import choice, number, values_of

RESTING = 0.5
"""A symmetric cell rests within this of 0 V, a full cell does not (V)."""


class CellKind(StrEnum):
    """What is clipped to the leads."""

    SYMMETRIC = "symmetric"
    """Lithium on both sides of the ceramic."""
    FULL = "full"
    """A cathode as the working electrode, lithium as the other."""


def kind_of_cell() -> Any:
    """Return the parameter `cell`."""
    return choice(
        "Cell", values_of(CellKind), CellKind.SYMMETRIC, "cell", "lithium on both sides, or a full cell with a cathode"
    )


class CellExperiment(Experiment):
    """An experiment at the potentiostat; see `Experiment`. Subclasses write `techniques`, `perform` and `foresee`."""

    area = number("Electrode area", "m^2", 1e-4, 1e-8, 1e-1, "cell", "area of the lithium/ceramic contact")

    def techniques(self) -> Iterable[Dc | Impedance]:
        """Return what this plan asks of the potentiostat at most, to be checked before anything is stored."""
        return ()

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for what the potentiostat cannot do, or where another cell is at the leads."""
        for technique in self.techniques():
            lab.potentiostat.check(technique)
        kind = getattr(self, "cell", None)
        if kind is not None:
            check_cell(CellKind(kind), lab.potentiostat.rest_voltage())

    def rest(self) -> None:
        """The cell is off: every technique ends so."""
        self.note("the run leaves the cell at open circuit")

    def warmth(self) -> float:
        """Return the cell's temperature (K), NaN without a thermometer; beyond the limit latches the interlock."""
        return self.opened.potentiostat.temperature()


def check_cell(kind: CellKind, rest: float) -> None:
    """Raise BadInput where the voltage `rest` (V) at open circuit is not that of such a cell."""
    if math.isfinite(rest) and (abs(rest) <= RESTING) is not (kind is CellKind.SYMMETRIC):
        other = CellKind.FULL if kind is CellKind.SYMMETRIC else CellKind.SYMMETRIC
        raise BadInput(
            f"the cell rests at {si(rest, 'V')}: that is no {kind} cell (within ±{RESTING} V: symmetric); look at the "
            f"leads, or set cell = '{other}'"
        )
