"""CyclicVoltammetry: the voltage swept to and fro, the current recorded."""

from collections.abc import Iterable
from typing import ClassVar

from nanoprobe.cell_outlook import CellOutlook
from nanoprobe.errors import BadInput
from nanoprobe.techniques import CyclicSweep, Dc, Ended, Impedance, Trace
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.cell_experiment import CellExperiment
from procedures.cell_series import Series
from procedures.columns import column
from procedures.inputs import number, whole

COLUMNS = (column("time", "s"), column("voltage", "V"), column("current", "A"))


class CyclicVoltammetry(CellExperiment):
    """Sweep from start to first, to second and back, some times over; ends when the current passes its limit."""

    DATA_COLUMNS: ClassVar[list[str]] = list(COLUMNS)

    start = number("Start", "V", 0.0, -10.0, 10.0, "sweep", "where each scan begins and ends")
    first = number("First turn", "V", 0.1, -10.0, 10.0, "sweep", "where the sweep turns first")
    second = number("Second turn", "V", -0.1, -10.0, 10.0, "sweep", "where it turns again")
    rate = number("Rate", "V/s", 1e-3, 1e-6, 10.0, "sweep", "of the voltage")
    step = number("Step", "V", 1e-3, 1e-4, 0.1, "sweep", "between two samples")
    scans = whole("Scans", "", 3, 1, 10000, "sweep", "how often")
    current_limit = number("Current limit", "A", 5e-3, 1e-9, 1.0, "sweep", "|current| that ends the run")

    def sweep(self) -> CyclicSweep:
        """Return the sweep."""
        return CyclicSweep(
            start=self.start,
            first=self.first,
            second=self.second,
            step=self.step,
            rate=self.rate,
            scans=self.scans,
            current_limit=self.current_limit,
        )

    def techniques(self) -> Iterable[Dc | Impedance]:
        """See CellExperiment."""
        return (self.sweep(),)

    def foresee(self, wiring: Wiring) -> CellOutlook:
        """See Experiment."""
        turns = (self.start, self.first, self.second)
        if min(abs(self.first - self.start), abs(self.second - self.first)) < self.step:
            raise BadInput(f"turning points {', '.join(si(turn, 'V') for turn in turns)} leave nothing to sweep")
        return CellOutlook(
            duration=self.sweep().duration,
            voltage_min=min(turns),
            voltage_max=max(turns),
            current=self.current_limit,
            further=(("scans", f"{self.scans} at {si(self.rate, 'V/s')}"),),
        )

    def perform(self) -> None:
        """Sweep."""
        series, sweep = Series(self.emit), self.sweep()

        def take(trace: Trace) -> None:
            series.add(trace, 0, 0)
            self.progress(float(trace.time[-1]), sweep.duration)
            for values in zip(trace.time, trace.voltage, trace.current, strict=True):
                self.emit("results", dict(zip(COLUMNS, map(float, values), strict=True)))

        try:
            trace = self.opened.potentiostat.measure(sweep, self.watch, take)
        finally:
            series.commit()
        if trace.ended is Ended.CURRENT:
            self.note(f"ended by the current limit of {si(self.current_limit, 'A')}")
