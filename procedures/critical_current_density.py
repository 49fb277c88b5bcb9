"""CriticalCurrentDensity: a staircase of current densities until a dendrite shorts the cell, with spectra in between."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import numpy as np

from nanoprobe.analysis.impedance import direct_resistance
from nanoprobe.bench import Bench
from nanoprobe.cell_outlook import CellOutlook
from nanoprobe.errors import BadInput
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.techniques import ConstantCurrent, Dc, Impedance, Trace
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.cell_experiment import CellExperiment, CellKind, check_cell
from procedures.cell_series import Series
from procedures.columns import column
from procedures.half_cycle import HalfCycle, evaluate, even_interval, run_technique
from procedures.inputs import choice, number, switch, whole
from procedures.short_watch import OF_SPECTRUM, Shorted, ShortWatch, contact_lost
from procedures.spectra import Spectrometer, SpectrumInputs, duration

CAPACITY, TIME = "capacity", "time"
"""What is the same in every half-cycle."""

HALF_CYCLES = TableBegin(
    name="half_cycles",
    dim="half_cycle",
    columns={
        "step": ColumnInfo("1", "step of the staircase, from 0", kind="i4"),
        "half": ColumnInfo("1", "1 strips the working electrode, -1 plates it", kind="i4"),
        "current_density": ColumnInfo("A/m^2", "magnitude"),
        "charge": ColumnInfo("C", "passed, with its sign"),
        "voltage_first": ColumnInfo("V", "first reading"),
        "voltage_mean": ColumnInfo("V", "mean over time"),
        "voltage_last": ColumnInfo("V", "last reading"),
        "duration": ColumnInfo("s", "of the half-cycle"),
        "shorted": ColumnInfo("1", "1: a dendrite came through", kind="u1"),
        "contact_lost": ColumnInfo("1", "1: the voltage rose as it does over voids", kind="u1"),
        "cut_off": ColumnInfo("1", "1: ended by the voltage limit", kind="u1"),
    },
    meaning="half-cycles of the staircase in order",
)
COLUMNS = ("step", "half", column("current_density", "A/m^2"), column("voltage_mean", "V"), "shorted", "contact_lost")


class CriticalCurrentDensity(SpectrumInputs, CellExperiment):
    """Plate and strip a symmetric cell at rising current density until it shorts, loses contact, or the last step is done."""

    DATA_COLUMNS: ClassVar[list[str]] = list(COLUMNS)

    first = number(
        "First", "A/m^2", 1.0, 0.01, 1e3, "staircase", "current density of the first step (10 A/m2 = 1 mA/cm2)"
    )
    step = number("Step", "A/m^2", 1.0, 0.05, 100.0, "staircase", "between two steps: the resolution of the result")
    last = number("Last", "A/m^2", 30.0, 0.05, 1e3, "staircase", "current density after which the staircase ends")
    cycles = whole("Cycles a step", "", 1, 1, 100, "staircase", "cycles of two half-cycles at each step")
    fixed = choice("Fixed", [CAPACITY, TIME], CAPACITY, "staircase", "what is the same in every half-cycle")
    capacity = number("Capacity", "C/m^2", 3600.0, 1.0, 1e6, "staircase", "of a half-cycle (3600 C/m2 = 0.1 mAh/cm2)")
    half_time = number("Half-cycle time", "s", 1800.0, 1.0, 1e6, "staircase", "of a half-cycle where time is fixed")
    voltage_limit = number("Voltage limit", "V", 5.0, 0.01, 10.0, "limits", "|voltage| that ends the staircase")
    interval = number(
        "Interval", "s", 1.0, 0.01, 10.0, "staircase", "between two readings; a short is a matter of seconds"
    )
    fall = number("Fall", "1", 0.3, 0.01, 0.99, "short", "share of the voltage whose loss within 10 s is a short")
    rise = number(
        "Rise", "1", 0.5, 0.01, 10.0, "short", "rise of the voltage in a half-cycle that is a loss of contact"
    )
    between_steps = switch("Spectra between", True, "spectrum", "take a spectrum before the first step and after each")

    # --- what the parameters mean

    def densities(self) -> list[float]:
        """Return the current densities of the staircase (A/m2)."""
        count = int(np.floor((self.last - self.first) / self.step + 1e-6)) + 1
        return [self.first + n * self.step for n in range(max(count, 0))]

    def half_cycle(self, density: float, sign: int) -> ConstantCurrent:
        """Return a half-cycle at `density` (A/m2); `sign` 1 strips the working electrode."""
        time = self.capacity / density if self.fixed == CAPACITY else self.half_time
        return ConstantCurrent(
            current=sign * density * self.area,
            duration=time,
            interval=even_interval(time, self.interval),
            voltage_min=-self.voltage_limit,
            voltage_max=self.voltage_limit,
        )

    def techniques(self) -> Iterable[Dc | Impedance]:
        """See CellExperiment."""
        yield self.half_cycle(self.densities()[0], 1)
        yield self.half_cycle(self.densities()[-1], -1)
        if self.between_steps:
            yield self.impedance()

    def check_on(self, lab: Bench) -> None:
        """See CellExperiment: the cell is a symmetric one."""
        super().check_on(lab)
        if not self.done_rows:
            check_cell(CellKind.SYMMETRIC, lab.potentiostat.rest_voltage())

    def foresee(self, wiring: Wiring) -> CellOutlook:
        """See Experiment."""
        densities = self.densities()
        if not densities:
            raise BadInput(f"last {si(self.last, 'A/m2')} lies below the first step, {si(self.first, 'A/m2')}")
        time = sum(2 * self.cycles * self.half_cycle(density, 1).duration for density in densities)
        spectra = (len(densities) + 1) * duration(self.impedance()) if self.between_steps else 0.0
        return CellOutlook(
            duration=time + spectra,
            voltage_min=-self.voltage_limit,
            voltage_max=self.voltage_limit,
            current=densities[-1] * self.area,
            further=(("steps", f"{len(densities)}, {si(densities[0], 'A/m2')} to {si(densities[-1], 'A/m2')}"),),
        )

    # --- running

    def perform(self) -> None:
        """Climb the stairs from the first half-cycle that is not there yet."""
        series = Series(self.emit)
        self.emit("table", HALF_CYCLES)
        spectrometer = Spectrometer(self, self.impedance()) if self.between_steps else None
        resistance = self._spectrum(spectrometer, -1, 0.0)
        done = self.done_rows.get("half_cycles", 0)
        for index, (step, density, sign) in enumerate(self._plan()):
            if index < done:
                continue
            self.between()
            ended = self._half(series, step, density, sign, resistance)
            if not ended and (index + 1) % (2 * self.cycles) == 0:
                before, resistance = resistance, self._spectrum(spectrometer, step, density)
                ended = self._shorted_by_spectrum(before, resistance)
            self.progress(index + 1, 2 * self.cycles * len(self.densities()))
            if ended:
                self.note(f"the staircase ends at step {step}, {si(density, 'A/m2')}: {ended}")
                return

    def _plan(self) -> Iterator[tuple[int, float, int]]:
        for step, density in enumerate(self.densities()):
            for _ in range(self.cycles):
                yield step, density, 1
                yield step, density, -1

    def _half(self, series: Series, step: int, density: float, sign: int, resistance: float) -> str:
        """Run one half-cycle and store it; return why the staircase ends, nothing where it goes on."""
        technique = self.half_cycle(density, sign)
        watch = _Kept(ShortWatch(technique.current, resistance, self.fall))
        shorted = ""
        try:
            trace = run_technique(self, series, technique, step, sign, watch)
        except Shorted as error:
            shorted, trace = str(error), watch.whole()
        half = evaluate(trace, technique)
        lost = not shorted and contact_lost(trace, self.rise)
        cut_off = not shorted and trace.ended != "completed"
        self._store(step, sign, density, half, bool(shorted), lost, cut_off)
        if cut_off:
            return f"the voltage reached {si(self.voltage_limit, 'V')}"
        return shorted or ("contact is lost: the voltage rises as it does over voids" if lost else "")

    def _store(
        self, step: int, sign: int, density: float, half: HalfCycle, shorted: bool, lost: bool, cut_off: bool
    ) -> None:
        trace = half.trace
        values = {
            "step": step,
            "half": sign,
            "current_density": density,
            "charge": half.charge,
            "voltage_first": trace.voltage[0],
            "voltage_mean": half.voltage,
            "voltage_last": trace.voltage[-1],
            "duration": trace.time[-1],
            "shorted": shorted,
            "contact_lost": lost,
            "cut_off": cut_off,
        }
        kinds = {name: info.kind for name, info in HALF_CYCLES.columns.items()}
        rows = {name: np.array([value], dtype=kinds[name]) for name, value in values.items()}
        self.emit("rows", TableRows(table="half_cycles", values=rows))
        row = (step, sign, density, half.voltage, shorted, lost)
        self.emit("results", dict(zip(COLUMNS, map(float, row), strict=True)))

    def _spectrum(self, spectrometer: Spectrometer | None, step: int, density: float) -> float:
        """Take a spectrum and return the cell's resistance to direct current (ohm); NaN without spectra."""
        if spectrometer is None:
            self.warmth()
            return float("nan")
        spectrum, kept = spectrometer.take(step, density)
        return direct_resistance(spectrum.frequency[kept], spectrum.impedance[kept])

    def _shorted_by_spectrum(self, before: float, after: float) -> str:
        if after < OF_SPECTRUM * before:
            return f"short: the spectrum's resistance fell from {si(before, 'ohm')} to {si(after, 'ohm')}"
        return ""


class _Kept:
    """A watch that keeps what it saw, for a half-cycle it ends."""

    def __init__(self, watch: ShortWatch) -> None:
        self._watch = watch
        self._pieces: list[Trace] = []

    def take(self, trace: Trace) -> None:
        """Take new samples. Raises Shorted."""
        self._pieces.append(trace)
        self._watch.take(trace)

    def whole(self) -> Trace:
        """Return everything that came."""
        return Trace(
            time=np.concatenate([piece.time for piece in self._pieces]),
            voltage=np.concatenate([piece.voltage for piece in self._pieces]),
            current=np.concatenate([piece.current for piece in self._pieces]),
        )
