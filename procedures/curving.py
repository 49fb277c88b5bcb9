"""Taking force curves at place after place: measured, fitted, held against what would have broken the tip, stored."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from nanoprobe.analysis.force_curve import ContactFit, fit_curve, lost_force
from nanoprobe.errors import BadInput, ContactLost
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.roles import Array, CurvePlan, ForceCurve
from nanoprobe.units import si
from procedures.base import BenchProcedure
from procedures.columns import column
from procedures.curve_inputs import CurveInputs

TABLE = "curves"

FIT_COLUMNS: Mapping[str, ColumnInfo] = {
    "modulus": ColumnInfo(
        "Pa", "Young's modulus of the sample from the way out (DMT); infinite where the tip is softer"
    ),
    "modulus_low": ColumnInfo("Pa", "lower end of the 95 % interval of the modulus"),
    "modulus_high": ColumnInfo("Pa", "upper end of the 95 % interval of the modulus"),
    "loading_modulus": ColumnInfo("Pa", "Young's modulus of the sample from the way in"),
    "reduced_modulus": ColumnInfo("Pa", "reduced modulus of tip and sample, from the way out"),
    "adhesion": ColumnInfo("N", "pull-off force, positive"),
    "adhesion_error": ColumnInfo("N", "standard uncertainty of the pull-off force"),
    "snap_in": ColumnInfo("N", "force at which the tip was first in contact on the way in, negative"),
    "snap_in_error": ColumnInfo("N", "standard uncertainty of the snap-in force"),
    "deformation": ColumnInfo("m", "indentation at the largest force"),
    "deformation_error": ColumnInfo("m", "standard uncertainty of the indentation"),
    "dissipation": ColumnInfo("J", "work lost between the way in and the way out"),
    "dissipation_error": ColumnInfo("J", "standard uncertainty of the dissipation"),
    "peak_force": ColumnInfo("N", "largest force of the curve"),
    "contact_stiffness": ColumnInfo("N/m", "2aE* at the largest force"),
    "contact_z": ColumnInfo("m", "where the lever is straight in contact, above the place feedback held"),
    "noise": ColumnInfo("N", "rms of the force over the free part of the way out"),
}
PLACE_COLUMNS: Mapping[str, ColumnInfo] = {
    "point": ColumnInfo("1", "number of the place", "i4"),
    "x": ColumnInfo("m", "scanner x of the curve, as corrected for drift"),
    "y": ColumnInfo("m", "scanner y of the curve, as corrected for drift"),
    "height": ColumnInfo("m", "Z of the controller at which the lever is straight in contact"),
    "samples": ColumnInfo("1", "samples in contact that were fitted; 0: the curve could not be evaluated", "i4"),
}
SERIES: Mapping[str, ColumnInfo] = {
    "force_in": ColumnInfo("N", "force on the way in; NaN where it turned back before", dims=("z",)),
    "force_out": ColumnInfo("N", "force on the way out; NaN where it turned back before", dims=("z",)),
}
CURVE_COLUMNS = tuple(column(name, info.unit) for name, info in {**PLACE_COLUMNS, **FIT_COLUMNS}.items())
"""The columns of a curve's row in PyMeasure's `results`."""


@dataclass(frozen=True, slots=True)
class Curved:
    """A curve and what came of it: the row without its samples."""

    curve: ForceCurve
    values: Mapping[str, float]


class CurveTaker:
    """Takes one and the same curve at every place the tip is brought to. `procedure` is a CurveInputs as well."""

    def __init__(self, procedure: BenchProcedure) -> None:
        assert isinstance(procedure, CurveInputs)
        self._procedure = procedure
        self._lab = procedure.opened
        self.plan: CurvePlan = procedure.curve_plan(self._lab)
        self._calibration = self._lab.probe.calibration
        self._lever = procedure.lever(self._calibration)
        self._indenter = procedure.indenter(self._lab)
        self._poisson = procedure.poisson

    def begin(self) -> None:
        """Say what table the curves go into; a lever that is soft for the modulus is noted."""
        levels = self.plan.lift - np.linspace(0.0, self.plan.lift + self.plan.depth, self.plan.samples)
        self._procedure.emit(
            "table",
            TableBegin(
                name=TABLE,
                dim="curve",
                columns={**PLACE_COLUMNS, **FIT_COLUMNS, **SERIES},
                coords={"z": (levels, "m", "height above the place at which feedback held the tip")},
                meaning="force curves in the order they were taken",
            ),
        )

    def take(self, point: int, x: float, y: float) -> Curved:
        """Take a curve where the tip stands in contact, store it, and return it.

        Raises ContactLost when something broke under the tip; the curve is stored then as well.
        """
        curve = self._lab.probe.force_curve(self.plan, self._procedure.watch)
        fitted = self._fit(point, curve)
        values = {"point": float(point), "x": x, "y": y, "height": curve.base + fitted.get("contact_z", math.nan)}
        values |= {name: fitted.get(name, math.nan) for name in FIT_COLUMNS} | {"samples": fitted.get("samples", 0.0)}
        self._store(curve, values)
        self._refuse_damage(curve)
        return Curved(curve, values)

    def _fit(self, point: int, curve: ForceCurve) -> Mapping[str, float]:
        try:
            fit: ContactFit = fit_curve(curve, self._lever, self._indenter, self._poisson)
        except BadInput as problem:
            self._procedure.note(f"curve at point {point} could not be evaluated: {problem}")
            return {}
        return asdict(fit)

    def _store(self, curve: ForceCurve, values: Mapping[str, float]) -> None:
        rows = {
            name: np.array([value], dtype=np.int32 if name in ("point", "samples") else np.float64)
            for name, value in values.items()
        }
        series = {"force_in": self._padded(curve.inward), "force_out": self._padded(curve.outward)}
        self._procedure.emit("rows", TableRows(table=TABLE, values=rows | series))
        infos = {**PLACE_COLUMNS, **FIT_COLUMNS}
        self._procedure.emit("results", {column(name, info.unit): values[name] for name, info in infos.items()})

    def _padded(self, volts: Array) -> Array:
        """Return a way's force (N), shape (1, samples), NaN beyond where it turned back."""
        full = np.full((1, self.plan.samples), np.nan)
        full[0, : len(volts)] = volts * self._calibration.force(1.0)
        return full

    def _refuse_damage(self, curve: ForceCurve) -> None:
        lost = lost_force(curve, self._lever)
        if lost:
            raise ContactLost(
                f"the tip gave way: {si(lost, 'N')} of force were lost at once on the way to {si(self.plan.force, 'N')}; the "
                f"tip or the surface has broken. Exchange the tip, or stay below with peak_force"
            )
