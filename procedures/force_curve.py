"""ForceCurve: press at one place and pull back; modulus, adhesion, deformation, or the lever's own calibration."""

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nanoprobe.analysis import lever_calibration
from nanoprobe.analysis.lever_calibration import Calibrated
from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput, ContactLost
from nanoprobe.outlook import Outlook
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.roles import ForceCurve as Curve
from nanoprobe.units import si
from nanoprobe.wiring import Wiring
from procedures import curve_inputs
from procedures.base import BenchProcedure
from procedures.contact import LIFT
from procedures.curve_inputs import CurveInputs
from procedures.curving import CURVE_COLUMNS, CurveTaker
from procedures.inputs import choice, number, values_of, whole
from procedures.ramping import LANDING

if TYPE_CHECKING:
    from nanoprobe.storage import Run

HIGHEST_RESONANCE = 1e6
"""Where the lever's resonance is looked for at first (Hz)."""
AVERAGES = 100
SPECTRUM_TIME = 10.0
"""Time of the thermal spectra (s), for the estimate."""


class Calibrate(StrEnum):
    """What is calibrated besides: the sensitivity needs a stiff spot, the spring constant a free lever."""

    NOTHING = "nothing"
    SENSITIVITY = "sensitivity"
    BOTH = "both"


class ForceCurve(CurveInputs, BenchProcedure):
    """Force curves at one place: modulus (DMT), adhesion, deformation, dissipation; or a calibration of the lever.

    With `calibrate` the place must be a stiff spot of modulus `reference_modulus`, such as sapphire; what is found stands
    in table `calibration`, and goes into the bench file by hand.
    """

    DATA_COLUMNS: ClassVar[list[str]] = list(CURVE_COLUMNS)

    x = number("x", "m", 0.0, -1e-3, 1e-3, "place", "scanner x of the curves")
    y = number("y", "m", 0.0, -1e-3, 1e-3, "place", "scanner y of the curves")
    curves = whole("Curves", "", 1, 1, 1000, "curve", "curves at this place")
    samples = curve_inputs.samples(500)
    rate = curve_inputs.rate(1.0)
    calibrate = choice("Calibrate", values_of(Calibrate), Calibrate.NOTHING, "calibration", "the lever itself, besides")
    reference_modulus = number(
        "Reference modulus", "Pa", 400e9, 1e9, 1.2e12, "calibration", "of the stiff spot; sapphire's"
    )
    reference_poisson = number("Reference Poisson ratio", "1", 0.25, 0.0, 0.5, "calibration", "of the stiff spot")

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure. No bias stands while the tip presses."""
        self.check_forces()
        return Outlook(
            points=np.array([[self.x, self.y]]),
            duration=LANDING + self.curves / self.rate + SPECTRUM_TIME * (self.calibrate == Calibrate.BOTH),
            current=0.0,
            charge=0.0,
            force=self.peak_force,
            series_resistance=wiring.series_resistance,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for a lever without calibration, or too soft for the modulus that is asked for."""
        super().check_on(lab)
        if self.calibrate == Calibrate.NOTHING:
            self.judge_lever(lab)

    def recall(self, run: "Run") -> None:
        """See Experiment. Raises BadInput for a calibration: all of its curves belong to one contact of one lever."""
        if self.calibrate != Calibrate.NOTHING:
            raise BadInput("a calibration is not resumed: start a new run")

    def perform(self) -> None:
        """Land, press, and, where asked for, listen to the free lever."""
        taker = CurveTaker(self)
        taker.begin()
        if self.calibrate == Calibrate.NOTHING and (warning := self.judge_lever(self.opened)):
            self.note(warning)
        self.contact().go(self.x, self.y)
        done = self.done_rows.get("curves", 0)
        curves = []
        for count in range(done, self.curves):
            self.between()
            curves.append(taker.take(0, self.x, self.y).curve)
            self.progress(count + 1, self.curves)
        if self.calibrate != Calibrate.NOTHING:
            self._calibrate(curves)

    def _calibrate(self, curves: list[Curve]) -> None:
        sensitivity = self._sensitivity(curves)
        found = {"deflection_sensitivity": sensitivity}
        if self.calibrate == Calibrate.BOTH:
            found["spring_constant"] = self._spring_constant(sensitivity)
        self._report(found)

    def _sensitivity(self, curves: list[Curve]) -> Calibrated:
        """Return the mean over the curves; their scatter shows noise, what they share (the spot) stays."""
        lab = self.opened
        each = []
        for curve in curves:
            try:
                each.append(
                    lever_calibration.sensitivity(
                        curve,
                        lab.probe.calibration.spring_constant,
                        self.indenter(lab),
                        self.reference_modulus,
                        self.reference_poisson,
                    )
                )
            except BadInput as problem:
                raise ContactLost(f"the lever could not be calibrated: {problem}") from problem
        return Calibrated(float(np.mean([one.value for one in each])), float(np.mean([one.error for one in each])))

    def _spring_constant(self, sensitivity: Calibrated) -> Calibrated:
        probe = self.opened.probe
        probe.lift(LIFT)
        first = lever_calibration.resonance(probe.thermal_spectrum(HIGHEST_RESONANCE, AVERAGES, self.watch))
        spectrum = probe.thermal_spectrum(3 * first.frequency, AVERAGES, self.watch)
        found, resonance = lever_calibration.spring_constant(spectrum, sensitivity)
        self.note(
            f"thermal method (Butt and Jaschke 1995): resonance {si(resonance.frequency, 'Hz')}, quality factor "
            f"{resonance.quality:.0f}"
        )
        return found

    def _report(self, found: dict[str, Calibrated]) -> None:
        units = {"deflection_sensitivity": "m/V", "spring_constant": "N/m"}
        columns = {name: ColumnInfo(units[name], name.replace("_", " ")) for name in found}
        columns |= {f"{name}_error": ColumnInfo(units[name], "its standard uncertainty") for name in found}
        self.emit("table", TableBegin(name="calibration", dim="calibration", columns=columns, meaning="the lever"))
        values = {name: np.array([one.value]) for name, one in found.items()}
        values |= {f"{name}_error": np.array([one.error]) for name, one in found.items()}
        self.emit("rows", TableRows(table="calibration", values=values))
        for name, one in found.items():
            self.note(
                f"write {name} = {one.value:.4g} into the bench file ({si(one.value, units[name])}, standard "
                f"uncertainty {si(one.error, units[name])}, {100 * one.error / one.value:.1f} %)"
            )
