"""How spectra are taken: the inputs, and the Kramers-Kronig check while they grow."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.kramers_kronig import linear_test
from nanoprobe.techniques import Impedance, Spectrum
from procedures.cell_experiment import CellExperiment
from procedures.cell_series import spectra_table, spectrum_row
from procedures.inputs import number, percent, whole

WORST = 0.04
"""Points that deviate more from Kramers and Kronig (1) are not kept (Eckhardt 2023, 10.1002/admi.202202354)."""
LOOK_EVERY = 8
"""Points between two looks at a spectrum that grows."""


class SpectrumInputs:
    """Mixin: the parameters of a spectrum."""

    highest = number("Highest frequency", "Hz", 200e3, 1.0, 1e6, "spectrum", "where a spectrum begins")
    lowest = number("Lowest frequency", "Hz", 0.1, 1e-3, 1e5, "spectrum", "where it ends")
    per_decade = whole("Points a decade", "", 10, 1, 50, "spectrum", "points in a factor of ten")
    amplitude = number("Amplitude", "V", 10e-3, 1e-3, 50e-3, "spectrum", "of the excitation")
    largest_current = number(
        "Largest current", "A", 1e-3, 1e-9, 1.0, "spectrum", "most the cell may draw in a spectrum"
    )

    def impedance(self) -> Impedance:
        """Return the spectrum, around the open-circuit voltage."""
        decades = float(np.log10(self.highest / self.lowest))
        return Impedance(
            amplitude=self.amplitude,
            highest=self.highest,
            lowest=self.lowest,
            points=max(2, round(decades * self.per_decade) + 1),
            largest_current=self.largest_current,
        )


class Spectrometer:
    """Takes spectra with the inputs of a procedure (a SpectrumInputs) and stores them."""

    def __init__(self, procedure: CellExperiment, technique: Impedance) -> None:
        self._procedure = procedure
        self._technique = technique
        self._frequency = technique.frequencies()
        self._warned = False
        procedure.emit("table", spectra_table(self._frequency))

    @property
    def duration(self) -> float:
        """Time of one spectrum (s), about."""
        return duration(self._technique)

    def take(
        self, step: int = -1, density: float = 0.0, on_growth: Callable[[int, int], None] = lambda done, of: None
    ) -> tuple[Spectrum, NDArray[np.bool_]]:
        """Take one spectrum, store it, and return it with what is kept of it."""
        procedure, self._warned = self._procedure, False
        temperature = procedure.warmth()
        seen = 0

        def grown(spectrum: Spectrum) -> None:
            nonlocal seen
            on_growth(len(spectrum.frequency), len(self._frequency))
            if len(spectrum.frequency) >= seen + LOOK_EVERY:
                seen = len(spectrum.frequency)
                self._look(spectrum)

        spectrum = procedure.opened.potentiostat.spectrum(self._technique, procedure.watch, grown)
        test = linear_test(spectrum.frequency, spectrum.impedance)
        kept = ~spectrum.overload & ~(test.residual > WORST)
        procedure.emit("rows", spectrum_row(spectrum, test, kept, step, density, temperature, len(self._frequency)))
        if not kept.all():
            procedure.note(
                f"{int((~kept).sum())} of {len(kept)} points of a spectrum are not kept: overload, or Kramers-Kronig"
            )
        return spectrum, kept

    def _look(self, spectrum: Spectrum) -> None:
        worst = linear_test(spectrum.frequency, spectrum.impedance).worst
        if worst > WORST and not self._warned:
            self._warned = True
            self._procedure.note(
                f"a spectrum deviates by {percent(worst)} from Kramers and Kronig while it is measured: the cell is not "
                f"steady, or the amplitude of {self._technique.amplitude:.3g} V too large"
            )


def duration(technique: Impedance) -> float:
    """Return what a spectrum takes (s), about: some periods of each frequency."""
    return float(np.sum(np.maximum(0.1, 4 / technique.frequencies())))
