"""GalvanostaticCycling: charge and discharge, hundreds of times; goes on at the next cycle after an interruption."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nanoprobe.cell_outlook import CellOutlook
from nanoprobe.errors import BadInput, CellFailed
from nanoprobe.records import TableRows
from nanoprobe.techniques import ConstantCurrent, ConstantVoltage, Dc, Ended, Impedance, OpenCircuit
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.cell_experiment import CellExperiment, CellKind, kind_of_cell
from procedures.cell_series import Series
from procedures.columns import column
from procedures.cycles_table import CYCLES, Bookkeeping
from procedures.half_cycle import HalfCycle, add_hold, evaluate, even_interval, run_technique
from procedures.inputs import choice, number, percent, whole
from procedures.short_watch import ShortWatch

if TYPE_CHECKING:
    from nanoprobe.storage import Run

CC, CC_CV = "cc", "cc-cv"
CHARGE, DISCHARGE, REST, CONDITIONING = 1, -1, 0, 2
"""Parts of a cycle as the series names them."""
HOUR = 3600.0
COLUMNS = ("number", column("charge_capacity", "C"), column("discharge_capacity", "C"), "coulombic_efficiency",
           column("polarisation", "V"))  # fmt: skip


class GalvanostaticCycling(CellExperiment):
    """Cycle a symmetric cell by charge, or a full cell between two voltages, with constant current (and constant voltage)."""

    DATA_COLUMNS: ClassVar[list[str]] = list(COLUMNS)

    cell = kind_of_cell()
    cycles = whole("Cycles", "", 300, 1, 100000, "cycling", "cycles in all")
    interval = number("Interval", "s", 20.0, 0.01, 3600.0, "cycling", "between two readings")
    rest_time = number("Rest", "s", 0.0, 0.0, 1e5, "cycling", "at open circuit after each half-cycle")
    density = number(
        "Current density", "A/m^2", 2.0, 1e-3, 1e3, "symmetric", "of a symmetric cell (2 A/m2 = 0.2 mA/cm2)"
    )
    capacity = number(
        "Capacity", "C/m^2", 7200.0, 1.0, 1e6, "symmetric", "of each half-cycle (7200 C/m2 = 0.2 mAh/cm2)"
    )
    voltage_limit = number("Voltage limit", "V", 5.0, 0.01, 10.0, "symmetric", "|voltage| that ends the run")
    nominal = number(
        "Nominal capacity",
        "C/m^2",
        1.08e4,
        1.0,
        1e6,
        "full",
        "of the cathode (1.08e4 C/m2 = 0.3 mAh/cm2): what 1 C means",
    )
    mode = choice("Mode", [CC, CC_CV], CC, "full", "constant current, or constant voltage after the charge as well")
    formation_rate = number("Formation rate", "1", 0.1, 1e-3, 10.0, "full", "C-rate of the first cycles")
    formation_cycles = whole("Formation cycles", "", 3, 0, 100, "full", "cycles at the formation rate")
    rate = number("Rate", "1", 0.5, 1e-3, 10.0, "full", "C-rate of all other cycles")
    voltage_max = number("Upper cut-off", "V", 3.8, 0.0, 10.0, "full", "ends a charge")
    voltage_min = number("Lower cut-off", "V", 2.5, 0.0, 10.0, "full", "ends a discharge")
    taper = number("Taper", "1", 0.05, 1e-3, 1.0, "full", "C-rate at which a constant voltage ends")
    least_capacity = number(
        "Least capacity", "1", 0.8, 0.0, 1.0, "full", "share of the first capacity that ends the run"
    )

    books: Bookkeeping | None = None

    # --- what the parameters mean

    def current(self, cycle: int) -> float:
        """Return the current of `cycle` (A)."""
        if self.cell == CellKind.SYMMETRIC:
            return float(self.density * self.area)
        rate = self.formation_rate if cycle < self.formation_cycles else self.rate
        return float(rate * self.nominal * self.area / HOUR)

    def half(self, cycle: int, sign: int, missing: float = 1.0) -> ConstantCurrent:
        """Return a half-cycle; `missing`: share of a symmetric one's charge that is still to pass (1)."""
        current = self.current(cycle)
        if self.cell == CellKind.SYMMETRIC:
            low, high, charge = -self.voltage_limit, self.voltage_limit, missing * self.capacity * self.area
        else:
            low, high, charge = self.voltage_min, self.voltage_max, 3 * self.nominal * self.area
        time = charge / current
        return ConstantCurrent(
            current=sign * current,
            duration=time,
            interval=even_interval(time, self.interval),
            voltage_min=low,
            voltage_max=high,
        )

    def hold(self, cycle: int) -> ConstantVoltage:
        """Return the constant voltage after a charge."""
        current = self.current(cycle)
        return ConstantVoltage(
            voltage=self.voltage_max,
            duration=2 * HOUR / self.taper,
            interval=self.interval,
            current_limit=1.5 * current,
            taper=self.taper * self.nominal * self.area / HOUR,
        )

    def techniques(self) -> Iterable[Dc | Impedance]:
        """See CellExperiment."""
        for cycle in (0, self.cycles - 1):
            yield self.half(cycle, 1)
        if self.cell == CellKind.FULL and self.mode == CC_CV:
            yield self.hold(self.cycles - 1)
        if self.rest_time:
            yield self._rest()

    def foresee(self, wiring: Wiring) -> CellOutlook:
        """See Experiment."""
        symmetric = self.cell == CellKind.SYMMETRIC
        if not symmetric and self.voltage_min >= self.voltage_max:
            raise BadInput(
                f"lower cut-off {si(self.voltage_min, 'V')} is not below the upper one, {si(self.voltage_max, 'V')}"
            )
        charge = self.capacity if symmetric else 1.2 * self.nominal
        time = sum(2 * (charge * self.area / self.current(cycle) + self.rest_time) for cycle in range(self.cycles))
        return CellOutlook(
            duration=time,
            voltage_min=-self.voltage_limit if symmetric else self.voltage_min,
            voltage_max=self.voltage_limit if symmetric else self.voltage_max,
            current=max(self.current(0), self.current(self.cycles - 1)),
            further=(("cycles", f"{self.cycles}"), ("current", si(self.current(self.cycles - 1), "A"))),
        )

    # --- running

    def recall(self, run: "Run") -> None:
        """See Experiment: what the cell went through so far."""
        self.books = Bookkeeping.of(run)

    def perform(self) -> None:
        """Cycle, from the cycle that is not there yet."""
        series = Series(self.emit)
        self.emit("table", CYCLES)
        books = self.books or Bookkeeping()
        if books.resumed and self.cell == CellKind.FULL:
            self._recondition(series, books)
        for cycle in range(books.cycles, self.cycles):
            self.between()
            books.begin(cycle)
            halves = [self._half(series, books, cycle, sign) for sign in (CHARGE, DISCHARGE)]
            self._store(books, cycle, *halves)
            self.progress(cycle + 1, self.cycles)
            if self._worn(books):
                return

    def _half(self, series: Series, books: Bookkeeping, cycle: int, sign: int) -> HalfCycle:
        """Run a half-cycle, or what an interruption left of it."""
        missing = books.missing(sign, self.capacity * self.area) if self.cell == CellKind.SYMMETRIC else 1.0
        technique = self.half(cycle, sign, missing)
        judge = ShortWatch(technique.current, float("nan")) if self.cell == CellKind.SYMMETRIC else None
        if missing <= 0.0:
            return books.done(sign)
        half = evaluate(run_technique(self, series, technique, cycle, sign, judge), technique)
        self._check_end(half, technique)
        if sign == CHARGE and self.cell == CellKind.FULL and self.mode == CC_CV:
            half = add_hold(half, run_technique(self, series, self.hold(cycle), cycle, sign))
        if self.rest_time:
            run_technique(self, series, self._rest(), cycle, REST)
        return books.passed(sign, half)

    def _rest(self) -> OpenCircuit:
        return OpenCircuit(duration=max(self.rest_time, self.interval), interval=self.interval)

    def _check_end(self, half: HalfCycle, technique: ConstantCurrent) -> None:
        """Raise CellFailed where the cell did not do what such a cell does; nothing is on then."""
        if self.cell == CellKind.SYMMETRIC and half.ended is not Ended.COMPLETED:
            raise CellFailed(f"the voltage of a symmetric cell reached {si(self.voltage_limit, 'V')}: contact is lost")
        if self.cell == CellKind.FULL and half.ended is Ended.COMPLETED:
            raise CellFailed(
                f"no cut-off was reached after three times the nominal capacity at {si(technique.current, 'A')}: the cell is "
                f"shorted, or 'nominal' far too small"
            )

    def _recondition(self, series: Series, books: Bookkeeping) -> None:
        """Bring a full cell whose cycle was interrupted to where a cycle begins: discharged."""
        cycle = books.cycles
        self.note(
            f"cycle {cycle} was interrupted: the cell is discharged to {si(self.voltage_min, 'V')}, then the cycle is repeated"
        )
        discharge = self.half(cycle, DISCHARGE)
        trace = run_technique(self, series, discharge, cycle, CONDITIONING)
        self._check_end(evaluate(trace, discharge), discharge)
        books.conditioned(trace.charge)

    def _store(self, books: Bookkeeping, cycle: int, charge: HalfCycle, discharge: HalfCycle) -> None:
        values = books.close(cycle, charge, discharge, self.current(cycle), self.warmth())
        kinds = {name: info.kind for name, info in CYCLES.columns.items()}
        rows = {name: np.array([value], dtype=kinds[name]) for name, value in values.items()}
        self.emit("rows", TableRows(table=CYCLES.name, values=rows))
        self.emit("results", {name: float(values[name.partition(" ")[0]]) for name in COLUMNS})

    def _worn(self, books: Bookkeeping) -> bool:
        share = books.share_left(self.formation_cycles)
        if self.cell == CellKind.FULL and share < self.least_capacity:
            self.note(
                f"ended: {percent(share)} of the first capacity are left, {percent(self.least_capacity)} is the least"
            )
            return True
        return False
