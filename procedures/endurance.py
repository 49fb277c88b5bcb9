"""Endurance: set, read, reset, read, thousands of times; every cycle is stored."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.outlook import Outlook
from nanoprobe.records import ColumnInfo
from nanoprobe.roles import Array
from nanoprobe.waveform import Runner, Step, Waveform
from nanoprobe.wiring import Wiring
from procedures.columns import columns, row
from procedures.inputs import choice, number, whole
from procedures.ramping import LANDING
from procedures.switching import READ_TIME, READS, Health, SwitchingProcedure, Verdict, reads_of

if TYPE_CHECKING:
    from nanoprobe.storage import Run

FORCE_EVERY = 20
"""Cycles between two looks at the force; what is run by the instrument is run in trains of so many."""
AUTO, PREAMP, SOURCE = "auto", "preamp", "source"

CYCLES: Mapping[str, ColumnInfo] = {
    "time": ColumnInfo("s", "on the source's clock since cycling began; a resumed run goes on from its last cycle"),
    **READS,
}


class Endurance(SwitchingProcedure):
    """Pulse trains at one spot until they are done, the filament is stuck, or the tip is open. Resumable.

    With the preamp each cycle is stepped by the host, and both states are read; by the source alone whole trains run on
    the instrument, and a high-resistance state below its floor is a bound.
    """

    DATA_COLUMNS: ClassVar[list[str]] = ["cycle", *columns(CYCLES)]

    cycles = whole("Cycles", "", 200, 10, 100_000, "pulses", "set and reset so many times")
    set_bias = number("Set bias", "V", -3.0, -8.0, -0.1, "pulses", "bias of the set pulse; plating is negative")
    set_time = number("Set time", "s", 10e-3, 1e-3, 10.0, "pulses", "length of the set pulse")
    reset_bias = number("Reset bias", "V", 2.0, 0.1, 4.0, "pulses", "bias of the reset pulse")
    reset_time = number("Reset time", "s", 50e-3, 1e-3, 10.0, "pulses", "length of the reset pulse")
    reading = choice(
        "Reading", [AUTO, PREAMP, SOURCE], AUTO, "reading", "auto: the preamp where it is wired; source: fast trains"
    )

    before = 0.0
    """Time (s) of the cycles stored before this session."""

    def recall(self, run: "Run") -> None:
        """See Experiment."""
        if "cycles" in run.tables and run.tables["cycles"].sizes["cycle"]:
            self.before = float(run.tables["cycles"]["time"].values[-1])

    def train(self, cycles: int) -> Waveform:
        """Return `cycles` cycles as the source runs them by itself."""
        steps = (
            Step(self.set_bias, self.set_time, read=False),
            Step(self.read_bias, self.read_settle),
            Step(self.reset_bias, self.reset_time, read=False),
            Step(self.read_bias, self.read_settle),
        )
        return Waveform(steps=steps, repeats=cycles, compliance=self.compliance)

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure. The charge is a cycle's: each takes back what it has plated."""
        x, y = self.place()
        pulses = self.compliance * (self.set_time + self.reset_time)
        return Outlook(
            points=np.array([[x, y]]),
            duration=self.cycles * (self.train(1).duration + 2 * READ_TIME * self.reads) + LANDING,
            bias_min=min(self.set_bias, self.forming_bias if self.form else 0.0),
            bias_max=self.reset_bias,
            current=self.compliance,
            charge=pulses + 2 * self.read_charge(wiring),
            force=self.force,
            series_resistance=wiring.series_resistance,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput for a reading this bench does not have, besides what SwitchingProcedure refuses."""
        super().check_on(lab)
        if self.reading == PREAMP and not self.by_preamp(lab):
            raise BadInput("reading = 'preamp', but the bench's wiring reads the current at the source-meter alone")
        lab.source.check_waveform(self.train(1))

    def perform(self) -> None:
        """Land, form, cycle, report; a resumed run goes on behind its last cycle."""
        force = self.touch()
        self.begin_table("cycles", "cycle", CYCLES, "resistances of each cycle")
        begin = self.begin_spot()
        self.shape_spot()
        done, health, verdict = self.done_rows.get("cycles", 0), Health(), Verdict.DONE
        stepped = self.by_preamp(self.opened) if self.reading == AUTO else self.reading == PREAMP
        cycler = Stepped(self) if stepped else Trains(self)
        self.note(f"cycles are run by the {cycler.runner.value}, {cycler.how}")
        try:
            while done < self.cycles and verdict is Verdict.DONE:
                count = min(FORCE_EVERY, self.cycles - done)
                for cycle in cycler.run(count):
                    self.emit("results", {"cycle": float(done), **row(CYCLES, cycle)})
                    done += 1
                    if (verdict := health.judge(cycle)) is not Verdict.DONE:
                        break
                self.between()
                self.contact().judge_force(self.opened.probe.force())
                self.progress(done, self.cycles)
        finally:
            self.opened.source.off()
        if verdict is not Verdict.DONE:
            self.note(f"stopped after {done} cycles: {verdict.value}")
        self.end_spot(begin, {"force": force}, cycler.runner, verdict.value)


class Stepped:
    """Cycles stepped by this computer, read by preamp and source."""

    runner = Runner.HOST
    how = "read by the preamp, by the source where the preamp overloads"

    def __init__(self, procedure: Endurance) -> None:
        self._procedure = procedure
        self._source = procedure.opened.source
        self._reader = procedure.reader()
        self._began: float | None = None

    def run(self, count: int) -> Iterator[dict[str, Any]]:
        """Run `count` cycles and yield each once it is stored."""
        procedure = self._procedure
        self._source.hold(0.0, procedure.compliance)
        if self._began is None:
            self._reader.zero()
            procedure.note(f"read floor {self._reader.floor:.3g} A")
            self._began, *_ = self._source.step(0.0, 0.0)
        for _ in range(count):
            yield self._cycle(procedure.before - self._began)

    def _cycle(self, shift: float) -> dict[str, Any]:
        """Run a cycle; `shift` (s) takes the source's clock to the time of cycling."""
        procedure = self._procedure
        procedure.watch()
        self._source.step(procedure.set_bias, procedure.set_time)
        on = self._reader.read()
        moment, *_ = self._source.step(procedure.reset_bias, procedure.reset_time)
        off = self._reader.read()
        values = {"time": shift + moment, **reads_of(on, off)}
        procedure.add_rows("cycles", values)
        return values


class Trains:
    """Trains of cycles run by the source itself and read by it alone."""

    how = "read by the source alone: a current below its floor is a bound"

    def __init__(self, procedure: Endurance) -> None:
        self._procedure = procedure
        self._source = procedure.opened.source
        self._reader = procedure.reader()
        self._before = procedure.before
        self.runner = self._source.run_by(procedure.train(1)).runner

    def run(self, count: int) -> list[dict[str, Any]]:
        """Run a train of `count` cycles and store what was read."""
        parts: list[tuple[Array, Array, Array, Array]] = []

        def take(moment: Array, bias: Array, bias_source: Array, current: Array) -> bool:
            parts.append((moment, bias, bias_source, current))
            return False

        procedure = self._procedure
        train = procedure.train(count)
        self._source.waveform(train, procedure.opened.probe.wait, procedure.looking(self.runner), take)
        moments, biases, _, currents = (np.concatenate(part) for part in zip(*parts, strict=True))
        found = self._reader.of_source(biases + currents * self._source.series_resistance, currents)
        cycles = [
            {"time": self._before + float(moment), **reads_of(on, off)}
            for moment, on, off in zip(moments[1::2], found[0::2], found[1::2], strict=True)
        ]
        self._before += train.duration
        if cycles:
            procedure.add_rows("cycles", {name: np.array([cycle[name] for cycle in cycles]) for name in CYCLES})
        return cycles
