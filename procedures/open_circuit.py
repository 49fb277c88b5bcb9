"""OpenCircuit: the voltage of a cell at rest over time."""

from collections.abc import Iterable
from typing import ClassVar

from nanoprobe.cell_outlook import CellOutlook
from nanoprobe.errors import BadInput
from nanoprobe.techniques import Dc, Impedance, Trace
from nanoprobe.techniques import OpenCircuit as Technique
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.cell_experiment import CellExperiment
from procedures.cell_series import Series
from procedures.columns import column
from procedures.inputs import number

COLUMNS = (column("time", "s"), column("voltage", "V"))


class OpenCircuit(CellExperiment):
    """Watch the open-circuit voltage; the cell is off all the time."""

    DATA_COLUMNS: ClassVar[list[str]] = list(COLUMNS)

    duration = number("Duration", "s", 60.0, 0.1, 1e7, "time", "how long to watch")
    interval = number("Interval", "s", 1.0, 1e-3, 1e5, "time", "between two readings")

    def techniques(self) -> Iterable[Dc | Impedance]:
        """See CellExperiment."""
        return (Technique(duration=self.duration, interval=self.interval),)

    def foresee(self, wiring: Wiring) -> CellOutlook:
        """See Experiment."""
        if self.interval > self.duration:
            raise BadInput(f"interval {si(self.interval, 's')} is longer than the duration {si(self.duration, 's')}")
        return CellOutlook(duration=self.duration, voltage_min=0.0, voltage_max=0.0, current=0.0)

    def perform(self) -> None:
        """Watch."""
        series = Series(self.emit)

        def take(trace: Trace) -> None:
            series.add(trace, 0, 0)
            self.progress(float(trace.time[-1]), self.duration)
            for moment, volts in zip(trace.time, trace.voltage, strict=True):
                self.emit("results", dict(zip(COLUMNS, (float(moment), float(volts)), strict=True)))

        try:
            for technique in self.techniques():
                assert isinstance(technique, Technique)
                self.opened.potentiostat.measure(technique, self.watch, take)
        finally:
            series.commit()
