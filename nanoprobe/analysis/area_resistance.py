"""Area-specific resistance of one lithium/ceramic interface, from the spectra of a run; analysis of `eis`."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.estimate import Estimate, unknown
from nanoprobe.analysis.findings import Findings, Plot, Table
from nanoprobe.analysis.impedance import METHOD, Circuit, fit_circuit
from nanoprobe.analysis.kind import Choices, Kind
from nanoprobe.analysis.kramers_kronig import linear_test
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.techniques import Complexes
from nanoprobe.units import si

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nanoprobe.storage import Run

NAME = "area_specific_resistance"
METHOD_SENTENCE = (
    "Equivalent circuit (grains, grain boundaries, lithium/ceramic interfaces) fitted with modulus weights to the points that "
    "pass the linear Kramers-Kronig test; resistance of all interfaces, divided by their number, times the electrode area; "
    "95 % interval by the profile of the sum of squares, widened by what the grain boundaries' arc may hide."
)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A spectrum as analysed: `frequency` Hz, `impedance` ohm, shape (n,); the `circuit` fitted to it; ASR in ohm m2."""

    frequency: Array
    impedance: Complexes
    circuit: Circuit
    asr: Estimate


def interfaces_of(run: "Run") -> int:
    """Return how many lithium/ceramic interfaces the cell of a run has: two in a symmetric one, else one."""
    return 1 if run.header.parameters.get("cell") == "full" else 2


def spectrum_of(run: "Run", which: slice) -> Spectrum:
    """Return the mean of the run's spectra `which`, points that were not kept left out, with its circuit. Raises BadInput."""
    table = run.tables.get("spectra")
    if table is None or not table.sizes["spectrum"]:
        raise BadInput("the run holds no spectrum")
    impedance = np.asarray(table["impedance"].values)[which]
    kept = np.asarray(table["kept"].values)[which] > 0
    frequency, mean = _mean(np.asarray(table["frequency"].values), impedance, kept)
    interfaces = interfaces_of(run)
    circuit = fit_circuit(frequency, mean, cathode=interfaces == 1)
    return Spectrum(frequency, mean, circuit, asr(circuit, interfaces, float(run.header.parameters["area"])))


def _mean(frequency: Array, impedance: Complexes, kept: NDArray[np.bool_]) -> tuple[Array, Complexes]:
    count = kept.sum(axis=0)
    total = np.where(kept, impedance, 0).sum(axis=0)
    return frequency[count > 0], total[count > 0] / count[count > 0]


def asr(circuit: Circuit, interfaces: int, area: float) -> Estimate:
    """Return the area-specific resistance of one interface (ohm m2)."""
    scale, whole = area / interfaces, circuit.interface
    return Estimate(
        value=whole.value * scale, low=whole.low * scale, high=whole.high * scale, unit="ohm m^2", method=METHOD
    )


def sentence(found: Estimate) -> str:
    """Return the result in the unit of the field."""
    value, low, high = (1e4 * number for number in (found.value, found.low, found.high))
    return f"The resistance of one lithium/ceramic interface is {value:.3g} ohm cm2 ({low:.3g} to {high:.3g} ohm cm2)."


def analyse(run: "Run", choices: Choices, seed: int) -> Findings:
    """Return what the spectra of a run show, taken together."""
    found = spectrum_of(run, slice(None))
    return Findings(
        numbers={NAME: found.asr},
        concluded=(sentence(found.asr), _quality(found)),
        parts=(circuit_table(found.circuit), nyquist(found), bode(found)),
        methods={NAME: METHOD_SENTENCE},
    )


def or_unknown(run: "Run", which: slice) -> tuple[Estimate, Spectrum | None]:
    """Return the ASR of the spectra `which` and how it came about; an unknown one where the run has none to fit."""
    try:
        found = spectrum_of(run, which)
    except BadInput as error:
        return unknown("ohm m^2", METHOD, str(error)), None
    return found.asr, found


def _quality(found: Spectrum) -> str:
    worst = linear_test(found.frequency, found.impedance).worst
    return (
        f"The spectrum deviates from Kramers and Kronig by {100 * worst:.2g} % at most, from the circuit by "
        f"{100 * found.circuit.misfit:.2g} % (rms)."
    )


def circuit_table(circuit: Circuit) -> Table:
    """Return the circuit's elements as a table."""
    rows = [
        ("grains", si(circuit.bulk, "ohm"), ""),
        ("grain boundaries", si(circuit.boundaries, "ohm"), ""),
        ("lithium/ceramic interfaces, together", circuit.interface.text, si(circuit.interface_time, "s")),
    ]
    if np.isfinite(circuit.transfer):
        rows.append(("cathode", si(circuit.transfer, "ohm"), ""))
    return Table(
        title="Equivalent circuit", headings=("element", "resistance", "time constant"), rows=tuple(rows), brief=(0, 1)
    )


def nyquist(found: Spectrum) -> Plot:
    """Return the Nyquist plot."""
    return Plot(
        title="Nyquist", caption="Dots: measured; line: circuit. Both axes to one scale.", draw=partial(_nyquist, found)
    )


def bode(found: Spectrum) -> Plot:
    """Return the Bode plot."""
    return Plot(title="Bode", caption="Dots: measured; line: circuit.", draw=partial(_bode, found))


def _nyquist(found: Spectrum) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(found.impedance.real, -found.impedance.imag, "o", ms=3.5, color="#1F5FA8", label="measured")
    axes.plot(found.circuit.fitted.real, -found.circuit.fitted.imag, "-", color="#C4571B", label="circuit")
    axes.set(xlabel="Re Z (ohm)", ylabel="−Im Z (ohm)", aspect="equal")
    axes.legend(frameon=False)
    return figure


def _bode(found: Spectrum) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    for axes, view, name in ((above, np.abs, "|Z| (ohm)"), (below, _phase, "−phase (°)")):
        axes.semilogx(found.frequency, view(found.impedance), "o", ms=3.5, color="#1F5FA8")
        axes.semilogx(found.frequency, view(found.circuit.fitted), "-", color="#C4571B")
        axes.set_ylabel(name)
    below.set_xlabel("frequency (Hz)")
    return figure


def _phase(impedance: Complexes) -> Array:
    return -np.degrees(np.angle(impedance))


KIND = Kind(title="impedance spectrum", analyse=analyse, choices=Choices)
