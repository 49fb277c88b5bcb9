"""Switching a filament on and off at one spot: the inputs, the forming of a pristine place, and when to give up."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.records import ColumnInfo
from nanoprobe.roles import OnTrip, RampPlan
from nanoprobe.units import si
from nanoprobe.wiring import CurrentReading, Wiring
from procedures.inputs import number, switch, whole
from procedures.ramp_watch import RampWatch
from procedures.reading import ReadPlan, Resistance, ResistanceReader, check_bias
from procedures.spot import SpotProcedure

WINDOW = 10.0
"""Least R_off/R_on of a switch that works."""
PATIENCE = 5
"""Cycles in a row without a window, or without a current, after which a run ends."""
CLEARANCE = 10.0
"""The compliance must be so many times the read floor, else nothing could be said of the states."""
READ_TIME = 0.05
"""Longest time one reading of the preamp takes (s)."""
FORMING_RATE, FORMING_INTERVAL = 0.5, 0.02
"""Ramp of the forming (V/s) and its sample interval (s)."""

READS: Mapping[str, ColumnInfo] = {
    "r_on": ColumnInfo(
        "ohm", "resistance after the set pulse, behind the series resistor; a lower bound where on_below"
    ),
    "r_off": ColumnInfo("ohm", "resistance after the reset pulse; a lower bound where off_below"),
    "i_on": ColumnInfo("A", "current read after the set pulse, offset taken off"),
    "i_off": ColumnInfo("A", "current read after the reset pulse, offset taken off"),
    "on_below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "off_below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "on_by": ColumnInfo("1", "0 read by the preamp, 1 by the source", "u1"),
    "off_by": ColumnInfo("1", "0 read by the preamp, 1 by the source", "u1"),
}


class Verdict(StrEnum):
    """Why a run of cycles ended."""

    DONE = ""
    STUCK = "R_off/R_on stayed below 10 for 5 cycles: the filament is stuck"
    OPEN = "no current was read in the on state for 5 cycles: open tip, or stuck off"


def reads_of(on: Resistance, off: Resistance) -> dict[str, float]:
    """Return two readings as columns of READS."""
    return {
        "r_on": on.ohm,
        "r_off": off.ohm,
        "i_on": on.current,
        "i_off": off.current,
        "on_below": int(on.below),
        "off_below": int(off.below),
        "on_by": int(on.by),
        "off_by": int(off.by),
    }


class Health:
    """Looks whether a filament still switches, cycle after cycle."""

    def __init__(self) -> None:
        self._stuck = self._open = 0

    def judge(self, reads: Mapping[str, float]) -> Verdict:
        """Take the reads of a cycle and say whether to go on."""
        works = not reads["on_below"] and reads["r_off"] >= WINDOW * reads["r_on"]
        self._open = self._open + 1 if reads["on_below"] else 0
        self._stuck = 0 if works or reads["on_below"] else self._stuck + 1
        if self._open >= PATIENCE:
            return Verdict.OPEN
        return Verdict.STUCK if self._stuck >= PATIENCE else Verdict.DONE


@dataclass(frozen=True, slots=True)
class Formed:
    """How a place was formed: whether it triggered, at which applied bias (V), and the charge (C) that passed; NaN where not."""

    formed: bool
    voltage: float
    charge: float


class SwitchingProcedure(SpotProcedure):
    """What sweeps, endurance and retention share. The set bias plates (negative), the reset bias strips."""

    compliance = number("Compliance", "A", 100e-9, 1e-9, 1e-6, "switching", "largest |current| the source lets through")
    read_bias = number("Read bias", "V", -0.1, -0.2, 0.2, "reading", "bias at which resistances are read")
    read_settle = number(
        "Read settle", "s", 1.0, 0.0, 10.0, "reading", "wait at the read bias, for the displacement current to die away"
    )
    reads = whole("Reads", "", 4, 1, 100, "reading", "preamp publications averaged in one reading")
    form = switch("Form", True, "forming", "ramp the place until it triggers, before the first cycle")
    forming_bias = number("Forming bias", "V", -6.0, -10.0, -0.5, "forming", "end of the forming ramp")
    forming_current = number(
        "Forming current", "A", 2e-9, 10e-12, 100e-9, "forming", "|current| at which the place has formed"
    )

    def forming(self) -> RampPlan:
        """Return the ramp that forms a pristine place."""
        return RampPlan(
            start=0.0,
            stop=self.forming_bias,
            rate=FORMING_RATE,
            sample_interval=FORMING_INTERVAL,
            trip_current=self.forming_current,
            compliance=self.compliance,
            on_trip=OnTrip.OFF,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput where the opened `lab` could not tell the states apart, or not form; nothing is touched."""
        check_bias(self.read_bias, "read_bias")
        floor = lab.source.reading_floor(self.compliance)
        if self.compliance < CLEARANCE * floor:
            raise BadInput(
                f"compliance {si(self.compliance, 'A')} lies too close to the read floor of the "
                f"{lab.wiring.bias_source.value}, {si(floor, 'A')}: the on state could not be told from nothing. Use "
                f"{si(CLEARANCE * floor, 'A')} or more"
            )
        if self.form:
            lab.source.check(self.forming())

    def reader(self) -> ResistanceReader:
        """Return what reads resistances here."""
        plan = ReadPlan(bias=self.read_bias, settle=self.read_settle, reads=self.reads)
        return ResistanceReader(self.opened, plan, self.compliance)

    def shape_spot(self) -> Formed:
        """Ramp until the place triggers, output off afterwards; says how it went.

        A resumed run forms it anew: the tip was lifted, which tears the neck.
        """
        if not self.form:
            return Formed(False, math.nan, math.nan)
        source, plan = self.opened.source, self.forming()
        way = source.choose(None)
        source.prepare(plan, way)
        ramp = source.ramp(plan, way, RampWatch(self.opened, self.contact(), self.watch, way), lambda *samples: None)
        peak = float(np.nanmax(np.abs(ramp.current), initial=0.0))
        self.wear.ramped(peak, ramp.tripped)
        if not ramp.tripped:
            self.note(f"the place did not form up to {si(self.forming_bias, 'V')}")
            return Formed(False, math.nan, math.nan)
        voltage = float(ramp.bias[-1] + ramp.current[-1] * source.series_resistance)
        self.note(f"the place formed at {si(voltage, 'V')}")
        charge = float(np.trapezoid(np.nan_to_num(np.abs(ramp.current)), ramp.time))
        return Formed(True, voltage, charge)

    def by_preamp(self, lab: Bench) -> bool:
        """Say whether the preamp reads too."""
        return lab.wiring.current_reading is not CurrentReading.SOURCE_METER

    def read_charge(self, wiring: Wiring) -> float:
        """Return the most charge (C) one reading passes: the series resistor, or the compliance, limits its current."""
        series = wiring.series_resistance
        largest = min(self.compliance, abs(self.read_bias) / series) if series > 0 else self.compliance
        return float(largest * (self.read_settle + READ_TIME * self.reads))
