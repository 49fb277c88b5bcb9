"""The role `Potentiostat`: what an experiment on a cell needs of an instrument."""

from typing import Protocol, runtime_checkable

from nanoprobe.roles import Watch
from nanoprobe.techniques import Dc, Impedance, OnSpectrum, OnTrace, Reach, Spectrum, Trace


@runtime_checkable
class Potentiostat(Protocol):
    """A potentiostat and galvanostat with impedance. Whatever happens, the cell is off when a method has ended.

    `off` and `confirm_off` may be called from any thread at any time. Techniques raise BadInput for what the device
    cannot do (nothing is switched on then) and InstrumentError for what it reports, an overload among them; when
    `watch` raises, the cell goes off first and the exception passes.
    """

    @property
    def identity(self) -> str:
        """Model, firmware and serial number."""

    @property
    def reach(self) -> Reach:
        """What the device can do."""

    def check(self, technique: Dc | Impedance) -> None:
        """Raise BadInput, naming value, unit and limit, for a technique this device cannot run."""

    def measure(self, technique: Dc, watch: Watch, on_trace: OnTrace) -> Trace:
        """Run a technique; `on_trace` gets the samples as they come."""

    def spectrum(self, technique: Impedance, watch: Watch, on_spectrum: OnSpectrum) -> Spectrum:
        """Measure a spectrum; `on_spectrum` gets it as it grows."""

    def rest_voltage(self) -> float:
        """Read the open-circuit voltage once (V)."""

    def temperature(self) -> float:
        """Read the cell's temperature (K), NaN without a thermometer."""

    def off(self) -> None:
        """End whatever runs and switch the cell off, at once."""

    def confirm_off(self) -> None:
        """Return when the instrument has said that it has switched the cell off. Raises InstrumentError."""

    def close(self) -> None:
        """Give the link back."""
