"""MemSweep: hysteresis loops 0, -V1, 0, +V2, 0 with compliance; both states read after their own half of the loop."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nanoprobe.analysis.switching import find_reset, find_set, loop_area
from nanoprobe.bench import Bench
from nanoprobe.outlook import Outlook
from nanoprobe.records import ColumnInfo, TableBegin
from nanoprobe.roles import Array
from nanoprobe.waveform import Step, Waveform
from nanoprobe.wiring import Wiring
from procedures.columns import columns, row
from procedures.inputs import number, whole
from procedures.ramping import LANDING
from procedures.reading import Resistance, ResistanceReader
from procedures.switching import READ_TIME, READS, Health, SwitchingProcedure, Verdict, reads_of

ON_LEVEL = 0.1
"""The filament is on from this part of the compliance."""

LOOP: Mapping[str, ColumnInfo] = {
    "set_last_below": ColumnInfo("V", "applied bias of the last sample before the set; NaN where none was seen"),
    "set_first_above": ColumnInfo("V", "applied bias of the first sample after the set"),
    "reset_last_before": ColumnInfo("V", "applied bias of the last sample before the reset; NaN where none was seen"),
    "reset_first_after": ColumnInfo("V", "applied bias of the first sample after the reset"),
    "area": ColumnInfo("W", "integral of current over bias around the loop"),
    **READS,
}
_SAMPLES: Mapping[str, ColumnInfo] = {
    "time": ColumnInfo("s", "since the first sample of its half of the loop", dims=("sample",)),
    "bias": ColumnInfo("V", "behind the series resistor; plating is negative", dims=("sample",)),
    "applied": ColumnInfo("V", "bias as programmed, the drop over the series resistor included", dims=("sample",)),
    "current": ColumnInfo("A", "electrode current; cathodic is negative", dims=("sample",)),
}


class MemSweep(SwitchingProcedure):
    """Loops at one spot until they are done, the filament is stuck, or the tip is open. Resumable at the next loop."""

    DATA_COLUMNS: ClassVar[list[str]] = ["loop", *columns(LOOP)]

    loops = whole("Loops", "", 10, 1, 1000, "sweep", "hysteresis loops")
    set_bias = number("Set reach", "V", -3.0, -8.0, -0.5, "sweep", "how far the negative half goes")
    reset_bias = number("Reset reach", "V", 2.0, 0.5, 4.0, "sweep", "how far the positive half goes")
    rate = number("Ramp rate", "V/s", 10.0, 0.01, 10.0, "sweep", "how fast the bias changes")
    sample_rate = number("Sample rate", "Hz", 400.0, 1.0, 1700.0, "sweep", "samples a second")

    def half(self, reach: float) -> Waveform:
        """Return one half of a loop: to `reach` (V) and back."""
        steps = max(1, round(abs(reach) / self.rate * self.sample_rate))
        out = np.linspace(0.0, reach, steps + 1)
        levels = np.concatenate([out, out[-2::-1]])
        return Waveform(
            steps=tuple(Step(float(level), 1.0 / self.sample_rate) for level in levels), compliance=self.compliance
        )

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure. The charge is that of a loop's plating half: the other half takes it back."""
        x, y = self.place()
        plating, stripping = self.half(self.set_bias), self.half(self.reset_bias)
        reads = 2 * (self.read_settle + READ_TIME * self.reads)
        return Outlook(
            points=np.array([[x, y]]),
            duration=self.loops * (plating.duration + stripping.duration + reads) + LANDING,
            bias_min=min(self.set_bias, self.forming_bias if self.form else 0.0),
            bias_max=self.reset_bias,
            slew_rate=self.rate,
            current=self.compliance,
            charge=charge_bound(plating, wiring.series_resistance) + self.read_charge(wiring),
            force=self.force,
            series_resistance=wiring.series_resistance,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for sweeps the opened `lab` cannot run, besides what SwitchingProcedure refuses."""
        super().check_on(lab)
        for reach in (self.set_bias, self.reset_bias):
            lab.source.check_waveform(self.half(reach))

    def perform(self) -> None:
        """Land, form, loop, report; a resumed run goes on behind its last loop."""
        force = self.touch()
        self._begin_loops()
        begin = self.begin_spot()
        self.shape_spot()
        done, health, verdict = self.done_rows.get("loops", 0), Health(), Verdict.DONE
        reader = self._zeroed()
        runner = self.opened.source.run_by(self.half(self.set_bias)).runner
        self.note(f"sweeps are run by the {runner.value}; read floor {reader.floor:.3g} A")
        while done < self.loops and verdict is Verdict.DONE:
            self.between()
            values = self._loop(reader)
            self.emit("results", {"loop": float(done), **row(LOOP, values)})
            verdict = health.judge(values)
            done += 1
            self.progress(done, self.loops)
        if verdict is not Verdict.DONE:
            self.note(f"stopped after {done} loops: {verdict.value}")
        self.end_spot(begin, {"force": force}, runner, verdict.value)

    def _begin_loops(self) -> None:
        samples = np.arange(sum(len(self.half(reach).steps) for reach in (self.set_bias, self.reset_bias)), dtype=float)
        table = TableBegin(
            name="loops",
            dim="loop",
            columns={**LOOP, **_SAMPLES},
            coords={"sample": (samples, "1", "sample of the loop, the negative half first")},
            meaning="hysteresis loops",
        )
        self.emit("table", table)

    def _zeroed(self) -> ResistanceReader:
        reader = self.reader()
        self.opened.source.hold(0.0, self.compliance)
        try:
            reader.zero()
        finally:
            self.opened.source.off()
        return reader

    def _loop(self, reader: ResistanceReader) -> dict[str, Any]:
        negative = self._sweep(self.set_bias)
        on = self._read(reader)
        positive = self._sweep(self.reset_bias)
        off = self._read(reader)
        found = judge(negative, positive, self.compliance, self.opened.source.reading_floor(self.compliance))
        values = {**found, **reads_of(on, off)}
        samples = {name: np.concatenate([negative[name], positive[name]])[None, :] for name in _SAMPLES}
        self.add_rows("loops", {**values, **samples})
        return values

    def _sweep(self, reach: float) -> dict[str, Array]:
        """Run one half and return its samples by the names of _SAMPLES, NaN where it was cut short."""
        parts: list[tuple[Array, ...]] = []

        def take(*samples: Array) -> bool:
            parts.append(samples)
            return False

        plan, source = self.half(reach), self.opened.source
        source.waveform(plan, self.opened.probe.wait, self.looking(source.run_by(plan).runner), take)
        time, bias, _, current = (np.concatenate(part) for part in zip(*parts, strict=True))
        applied = np.array([step.level for step in plan.steps])
        missing = np.full(len(applied) - len(time), np.nan)
        found = {"time": time, "bias": bias, "current": current}
        return {"applied": applied, **{name: np.append(values, missing) for name, values in found.items()}}

    def _read(self, reader: ResistanceReader) -> Resistance:
        self.opened.source.hold(0.0, self.compliance)
        try:
            return reader.read()
        finally:
            self.opened.source.off()


def charge_bound(plan: Waveform, series: float) -> float:
    """Return the most charge (C) a waveform passes behind `series` (ohm): the compliance, or what the resistor lets by."""
    drive = (abs(step.level) / series if series > 0 else plan.compliance for step in plan.steps)
    steps = zip(drive, plan.steps, strict=True)
    return sum(min(plan.compliance, current) * step.dwell for current, step in steps)


def judge(
    negative: Mapping[str, Array], positive: Mapping[str, Array], compliance: float, floor: float
) -> dict[str, Any]:
    """Return the columns of LOOP that its samples decide; the way out of each half is searched."""
    turn, back = len(negative["current"]) // 2 + 1, len(positive["current"]) // 2 + 1
    on = find_set(negative["applied"][:turn], negative["current"][:turn], max(ON_LEVEL * compliance, floor))
    off = find_reset(positive["applied"][:back], positive["current"][:back], floor)
    area = sum(loop_area(half["bias"], half["current"]) for half in (negative, positive))
    return {
        "set_last_below": on.before,
        "set_first_above": on.after,
        "reset_last_before": off.before,
        "reset_first_after": off.after,
        "area": area,
    }
