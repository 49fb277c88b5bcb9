"""The table of cycles, and the books that are kept of a cell's charge through interruptions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nanoprobe.records import ColumnInfo, TableBegin
from nanoprobe.techniques import Ended, Trace
from procedures.half_cycle import HalfCycle

if TYPE_CHECKING:
    import xarray as xr

    from nanoprobe.storage import Run

ENDS: Mapping[Ended, int] = {
    Ended.COMPLETED: 0,
    Ended.VOLTAGE_MAX: 1,
    Ended.VOLTAGE_MIN: 2,
    Ended.CURRENT: 3,
    Ended.TAPER: 4,
}
_WHY = "0 completed, 1 upper cut-off, 2 lower cut-off, 3 current limit, 4 taper"

CYCLES = TableBegin(
    name="cycles",
    dim="cycle",
    columns={
        "number": ColumnInfo("1", "cycle, from 0", kind="i4"),
        "current": ColumnInfo("A", "of the constant-current parts"),
        "charge_capacity": ColumnInfo("C", "charge taken up, to the cut-off"),
        "discharge_capacity": ColumnInfo("C", "charge given back, to the cut-off"),
        "coulombic_efficiency": ColumnInfo("1", "discharge over charge capacity"),
        "charge_voltage": ColumnInfo("V", "mean over the charge"),
        "discharge_voltage": ColumnInfo("V", "mean over the discharge"),
        "polarisation": ColumnInfo("V", "charge minus discharge voltage"),
        "charge_ended": ColumnInfo("1", _WHY, kind="i4"),
        "discharge_ended": ColumnInfo("1", _WHY, kind="i4"),
        "net_charge": ColumnInfo("C", "everything that passed since the run began, conditioning included"),
        "resumed": ColumnInfo("1", "1: interrupted and put together, or repeated", kind="u1"),
        "temperature": ColumnInfo("K", "of the cell after the cycle; NaN without a thermometer"),
    },
    meaning="whole cycles in order",
)


@dataclass
class Bookkeeping:
    """What has passed through the cell. `cycles` are whole; `before`: charge of the begun cycle's parts, by sign (C).

    `resumed`: the next cycle follows an interruption.
    """

    cycles: int = 0
    net_charge: float = 0.0
    before: dict[int, float] = field(default_factory=dict)
    capacities: list[float] = field(default_factory=list)
    resumed: bool = False

    @classmethod
    def of(cls, run: "Run") -> "Bookkeeping":
        """Return the books of a stored run: whole cycles from their table, the begun one from its samples.

        A cycle may have begun of which no sample was stored: the run is taken for one interrupted within a cycle.
        """
        books = cls(resumed=True)
        if (cycles := run.tables.get("cycles")) is not None and cycles.sizes["cycle"]:
            books.cycles = int(cycles.sizes["cycle"])
            books.net_charge = float(cycles["net_charge"].values[-1])
            books.capacities = [float(value) for value in cycles["discharge_capacity"].values]
        if (series := run.tables.get("series")) is not None and series.sizes["sample"]:
            books._add_begun(series)
        return books

    def _add_begun(self, series: "xr.Dataset") -> None:
        begun = np.asarray(series["cycle"].values) == self.cycles
        if not begun.any():
            return
        part = np.asarray(series["part"].values)[begun]
        time, current = (np.asarray(series[name].values)[begun] for name in ("time", "current"))
        for sign in np.unique(part):
            piece = part == sign
            charge = _charge(time[piece], current[piece])
            self.before[int(sign)] = charge
            self.net_charge += charge

    # --- one cycle

    def begin(self, cycle: int) -> None:
        """A cycle begins."""
        if cycle != self.cycles:
            raise ValueError(f"cycle {cycle} begins after {self.cycles} whole ones")

    def missing(self, sign: int, charge: float) -> float:
        """Return which share of a half-cycle of `charge` (C) has not passed yet."""
        return max(0.0, 1.0 - abs(self.before.get(sign, 0.0)) / charge)

    def done(self, sign: int) -> HalfCycle:
        """Return a half-cycle that had passed whole before the interruption."""
        charge = self.before.pop(sign)
        empty = np.empty(0)
        return HalfCycle(Trace(time=empty, voltage=empty, current=empty), charge, abs(charge), math.nan)

    def passed(self, sign: int, half: HalfCycle) -> HalfCycle:
        """Take a half-cycle into the books; return it with what had passed before the interruption."""
        self.net_charge += half.charge
        earlier = self.before.pop(sign, 0.0)
        return HalfCycle(half.trace, half.charge + earlier, half.capacity + abs(earlier), half.voltage)

    def conditioned(self, charge: float) -> None:
        """Take a conditioning into the books: what was begun does not count, what passed does."""
        self.net_charge += charge
        self.before.clear()

    def close(
        self, cycle: int, charge: HalfCycle, discharge: HalfCycle, current: float, temperature: float
    ) -> dict[str, float]:
        """Return the cycle's row."""
        resumed, self.resumed = self.resumed, False
        self.cycles = cycle + 1
        self.capacities.append(discharge.capacity)
        return {
            "number": cycle,
            "current": current,
            "charge_capacity": charge.capacity,
            "discharge_capacity": discharge.capacity,
            "coulombic_efficiency": discharge.capacity / charge.capacity if charge.capacity else math.nan,
            "charge_voltage": charge.voltage,
            "discharge_voltage": discharge.voltage,
            "polarisation": charge.voltage - discharge.voltage,
            "charge_ended": ENDS[charge.ended],
            "discharge_ended": ENDS[discharge.ended],
            "net_charge": self.net_charge,
            "resumed": resumed,
            "temperature": temperature,
        }

    def share_left(self, formation: int) -> float:
        """Return the latest capacity over the first after `formation` cycles (1); 1 before there is one."""
        counted = self.capacities[formation:]
        return counted[-1] / counted[0] if counted and counted[0] > 0 else 1.0


def _charge(
    time: np.ndarray[tuple[int], np.dtype[np.float64]], current: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> float:
    """Return the charge (C) of samples of one part, whose clock may have begun anew in between."""
    steps = np.diff(time, prepend=0.0)
    steps = np.where(steps < 0, time, steps)
    return float(np.sum(steps * np.nan_to_num(current)))
