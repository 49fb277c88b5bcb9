"""EIS: an impedance spectrum around the open-circuit voltage, tested by Kramers and Kronig as it grows."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from nanoprobe.cell_outlook import CellOutlook
from nanoprobe.errors import BadInput
from nanoprobe.techniques import Dc, Impedance
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures.cell_experiment import CellExperiment, kind_of_cell
from procedures.columns import column
from procedures.inputs import whole
from procedures.spectra import Spectrometer, SpectrumInputs, duration

COLUMNS = (column("frequency", "Hz"), column("real", "ohm"), column("imaginary", "ohm"), "kept")


class EIS(SpectrumInputs, CellExperiment):
    """Measure the impedance of a cell at rest, highest frequency first."""

    DATA_COLUMNS: ClassVar[list[str]] = list(COLUMNS)

    cell = kind_of_cell()
    repeats = whole("Spectra", "", 1, 1, 10000, "spectrum", "spectra to take, one after the other")

    def techniques(self) -> Iterable[Dc | Impedance]:
        """See CellExperiment."""
        return (self.impedance(),)

    def foresee(self, wiring: Wiring) -> CellOutlook:
        """See Experiment."""
        if self.lowest >= self.highest:
            raise BadInput(
                f"lowest frequency {si(self.lowest, 'Hz')} is not below the highest, {si(self.highest, 'Hz')}"
            )
        technique = self.impedance()
        return CellOutlook(
            duration=self.repeats * duration(technique),
            voltage_min=-technique.amplitude,
            voltage_max=technique.amplitude,
            current=technique.largest_current,
            further=(("spectra", f"{self.repeats} of {technique.points} frequencies"),),
        )

    def perform(self) -> None:
        """Take the spectra that are not there yet."""
        spectrometer = Spectrometer(self, self.impedance())
        for index in range(self.done_rows.get("spectra", 0), self.repeats):
            self.between()
            spectrum, kept = spectrometer.take(index, on_growth=partial(self._grown, index))
            for frequency, impedance, good in zip(spectrum.frequency, spectrum.impedance, kept, strict=True):
                values = (float(frequency), float(impedance.real), float(impedance.imag), float(good))
                self.emit("results", dict(zip(COLUMNS, values, strict=True)))

    def _grown(self, index: int, done: int, of: int) -> None:
        self.progress(index + done / of, self.repeats)
