"""Do the intervals of fits cover? Growth exponents, moduli, interface resistances: `make validate` prints the table.

Every data set has a truth of its own that the simulated lab's physics made, not the formulas that are fitted.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from nanoprobe.analysis.area_resistance import asr
from nanoprobe.analysis.force_curve import Indenter, Lever, fit_curve
from nanoprobe.analysis.growth import MODEL, fit_power_law
from nanoprobe.analysis.impedance import FLOOR, OVERLAP, fit_circuit
from nanoprobe.errors import BadInput
from nanoprobe.roles import ForceCurve
from sim_instruments import force_law
from sim_instruments.noise import Noise
from sim_instruments.pellet import CellSettings, PelletCell
from sim_instruments.pellet.cell import BOUNDARY_CAPACITANCE

Rng = np.random.Generator
Held = Iterator[bool | None]
"""Whether each interval held its truth; None for a data set without a fit."""

RADIUS, SENSITIVITY, LEVER, BENT_NOISE, PEAK, SAMPLES = 25e-9, 50e-9, 40.0, 0.03e-9, 200e-9, 400
POISSON = 0.26
TWO_SIDED = 1.96
"""Half width of a 95 % interval over its standard uncertainty."""


def exponents(exponent: float) -> Callable[[Rng, int], Held]:
    """Growth that begins at an unknown moment, read with 2 % of noise, its regime as impure as is admitted."""

    def held(rng: Rng, sets: int) -> Held:
        for _ in range(sets):
            time = np.linspace(0.05, 10.0, 400)
            impure = exponent * (1 + MODEL / TWO_SIDED * rng.normal())
            grown = (time - rng.uniform(0.0, 0.04)) ** impure
            found = fit_power_law(time, grown * (1 + 0.02 * rng.normal(size=time.size))).exponent
            yield found.low <= exponent <= found.high

    return held


def force_curve(rng: Rng, modulus: float) -> ForceCurve:
    """A curve by the simulator's law, with a lever and a tip that differ from what is believed by as much as is admitted."""
    sensitivity = SENSITIVITY * (1 + 0.01 * rng.normal())
    radius, lever = RADIUS * (1 + 0.1 * rng.normal()), LEVER * (1 + 0.05 * rng.normal())
    pull, reduced = force_law.adhesion_force(radius, 0.05), force_law.reduced_modulus(modulus)
    z, *ways = force_law.curve(PEAK, lever, radius, reduced, pull, SAMPLES)
    inward, outward = ((force / lever + rng.normal(0, BENT_NOISE, SAMPLES)) / sensitivity for force in ways)
    return ForceCurve(z, inward, outward[::-1])


def moduli(modulus: float) -> Callable[[Rng, int], Held]:
    """Young's modulus of a ceramic under a lever of 40 N/m."""

    def held(rng: Rng, sets: int) -> Held:
        for _ in range(sets):
            fit = fit_curve(
                force_curve(rng, modulus),
                Lever(sensitivity=SENSITIVITY, spring_constant=LEVER),
                Indenter(radius=RADIUS),
                POISSON,
            )
            yield fit.modulus_low <= modulus <= fit.modulus_high

    return held


def resistances(sample: str) -> Callable[[Rng, int], Held]:
    """One lithium/ceramic interface of a symmetric pellet cell: every set is another cell, read with 0.1 % of noise by an
    instrument that is off by as much as is admitted, its arcs mixed by as much."""

    def held(rng: Rng, sets: int) -> Held:
        frequency = np.logspace(0, np.log10(200e3), 54)
        for seed in range(sets):
            settings = CellSettings()
            cell = PelletCell(sample, settings, Noise(seed))
            clean = np.array([cell.impedance(float(each)) for each in frequency]) + mixed(cell, frequency, rng)
            noise = 1e-3 * (rng.normal(size=54) + 1j * rng.normal(size=54))
            try:
                found = asr(fit_circuit(frequency, clean * (1 + FLOOR * rng.normal() + noise)), 2, settings.area)
            except BadInput:
                yield None
                continue
            yield found.low <= float(str(cell.truth["area_specific_resistance"])) <= found.high

    return held


def mixed(cell: PelletCell, frequency: np.ndarray, rng: Rng) -> np.ndarray:
    """Return what it adds to the impedance (ohm) that a share of the boundaries' resistance stands in the interface's arc."""
    omega, interface = 2 * np.pi * frequency, cell._interfaces[0]
    own = 1 / (1 + 1j * omega * cell._boundaries * BOUNDARY_CAPACITANCE)
    other = np.array([interface.impedance(each) for each in omega]) / interface.resistance
    share = OVERLAP / TWO_SIDED * rng.normal()
    return np.asarray(share * cell._boundaries / cell.settings.area * (other - own))


ROWS: dict[str, Callable[[Rng, int], Held]] = {
    "growth exponent 0.5": exponents(0.5),
    "growth exponent 2": exponents(2.0),
    "modulus 150 GPa": moduli(150e9),
    "modulus 90 GPa": moduli(90e9),
    "interface of a bare pellet": resistances("bare"),
    "interface of a coated pellet": resistances("ppc"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="simulated data sets a row")
    sets = parser.parse_args().sets
    print("\n| what | data sets | 95 % intervals that hold the truth |\n|---|---|---|")
    for number, (name, held) in enumerate(ROWS.items()):
        found = [one for one in held(np.random.default_rng(number), sets) if one is not None]
        print(f"| {name} | {len(found)} | {100 * np.mean(found):.1f} % |", flush=True)


if __name__ == "__main__":
    main()
