"""Retention: put a filament into one state, then read its resistance at times that grow by a constant factor."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.outlook import Outlook
from nanoprobe.records import ColumnInfo
from nanoprobe.roles import Array, ScanPlan
from nanoprobe.units import si
from nanoprobe.waveform import Runner
from nanoprobe.wiring import Wiring
from procedures.columns import columns, row
from procedures.drift_watch import Correction, DriftWatch
from procedures.imaging import Imager, scan_length
from procedures.inputs import choice, number, percent, whole
from procedures.ramping import LANDING
from procedures.reading import ResistanceReader
from procedures.switching import READ_TIME, SwitchingProcedure

LRS, HRS = "lrs", "hrs"
LONGEST_STEP = 1.0
"""Longest wait (s) before the operator's wish is looked at again."""
FIRST_READ = 1.0
"""Time of the first read behind the last pulse (s), unless reading itself takes longer."""

RETENTION: Mapping[str, ColumnInfo] = {
    "time": ColumnInfo("s", "time since the pulse that made the state"),
    "resistance": ColumnInfo("ohm", "behind the series resistor; a lower bound where below"),
    "current": ColumnInfo("A", "current read, offset taken off"),
    "below": ColumnInfo("1", "1 the current was below the read floor", "u1"),
    "by": ColumnInfo("1", "0 read by the preamp, 1 by the source", "u1"),
    "x": ColumnInfo("m", "scanner x of the tip, which follows the drift"),
    "y": ColumnInfo("m", "scanner y of the tip, which follows the drift"),
    "force": ColumnInfo("N", "force on the tip"),
}


class Retention(SwitchingProcedure):
    """Log-spaced reads of one state. The tip stays in contact, and follows the drift measured before.

    Lifting the tip would tear the filament: so the drift is measured on two images beside the spot first, and its speed is
    fed forward while the tip stands. A run that was cut short is not taken up again: the tip has left the filament.
    """

    DATA_COLUMNS: ClassVar[list[str]] = columns(RETENTION)

    state = choice("State", [LRS, HRS], LRS, "retention", "state that is kept: low or high resistance")
    duration = number("Duration", "s", 1e4, 1e2, 1e6, "retention", "time of the last read")
    per_decade = whole("Reads per decade", "", 5, 1, 50, "retention", "reads a decade of time")
    set_bias = number("Set bias", "V", -3.0, -8.0, -0.1, "pulses", "bias of the set pulse; plating is negative")
    set_time = number("Set time", "s", 10e-3, 1e-3, 10.0, "pulses", "length of the set pulse")
    reset_bias = number("Reset bias", "V", 2.0, 0.1, 4.0, "pulses", "bias of the reset pulse")
    reset_time = number("Reset time", "s", 50e-3, 1e-3, 10.0, "pulses", "length of the reset pulse")
    read_bias = number("Read bias", "V", -0.05, -0.2, 0.2, "reading", "bias at which resistances are read")
    read_settle = number("Read settle", "s", 0.5, 0.0, 10.0, "reading", "wait at the read bias before it is read")
    drift_wait = number(
        "Drift wait", "s", 60.0, 0.0, 3600.0, "drift", "time between the two images that tell the drift; 0: none"
    )
    image_size = number("Image size", "m", 2e-6, 0.2e-6, 20e-6, "drift", "edge of a drift image")
    image_pixels = whole("Image pixels", "px", 128, 16, 1024, "drift", "pixels a line, and lines, of a drift image")
    image_line_rate = number("Image line rate", "Hz", 2.0, 0.01, 50.0, "drift", "lines a second of a drift image")
    min_confidence = number("Least confidence", "1", 0.5, 0.0, 1.0, "drift", "image match below which the run stops")

    _read_charge = 0.0

    def times(self) -> Array:
        """Return the times of the reads (s, shape (n,)), growing by a constant factor up to the duration."""
        decades = math.log10(self.duration / FIRST_READ)
        return np.asarray(np.geomspace(FIRST_READ, self.duration, max(2, round(decades * self.per_decade) + 1)))

    def image_plan(self, frame: Frame) -> ScanPlan:
        """Return the scan of a drift image."""
        pixels = 16 * max(1, round(self.image_pixels / 16))
        return ScanPlan(
            frame=frame, pixels=pixels, lines=pixels, line_time=0.5 / self.image_line_rate, channels=("height",)
        )

    def image_frame(self) -> Frame:
        """Return where the drift images stand: beside the spot."""
        x, y = self.place()
        return Frame(x=x + self.image_size, y=y, width=self.image_size, height=self.image_size)

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure."""
        x, y = self.place()
        times = self.times()
        images = [self.image_plan(self.image_frame())] * (2 if self.drift_wait else 0)
        reading = self.read_settle + READ_TIME * self.reads
        return Outlook(
            points=np.array([[x, y]]),
            places=self.image_frame().corners() if images else np.empty((0, 2)),
            duration=self.duration + len(times) * reading + self.drift_wait + LANDING + sum(i.duration for i in images),
            bias_min=min(self.set_bias, self.forming_bias if self.form else 0.0),
            bias_max=max(self.reset_bias, self.read_bias),
            current=self.compliance,
            charge=self.compliance * (self.set_time + self.reset_time) + len(times) * self.read_charge(wiring),
            force=self.force,
            frames=len(images),
            scan_length=sum(scan_length(image) for image in images),
            series_resistance=wiring.series_resistance,
        )

    def check_on(self, lab: Bench) -> None:
        """Raise BadInput where reading alone would use up the filament, besides what SwitchingProcedure refuses."""
        super().check_on(lab)
        if self.read_settle + READ_TIME * self.reads > self.duration / 2:
            raise BadInput(f"a read takes longer than half the duration of {si(self.duration, 's')}: settle for less")

    def perform(self) -> None:
        """Measure the drift, land, form, make the state, read."""
        if self.done_rows.get("retention", 0):
            self.note("the tip has left the filament since the last read: what was read is kept, no read is added")
            return
        velocity = self.drift() if self.drift_wait else (0.0, 0.0)
        force = self.touch()
        self.begin_table("retention", "read", RETENTION, f"resistance of the {self.state} over time")
        begin = self.begin_spot()
        self.follow_drift(*velocity)
        self.note(f"the host reads; drift of {si(math.hypot(*velocity), 'm/s')} is fed forward")
        formed = self.shape_spot()
        reader = self.reader()
        try:
            self._keep(reader)
        finally:
            self.opened.source.off()
        share = (
            ""
            if math.isnan(formed.charge)
            else f", {percent(self._read_charge / formed.charge)} of what formed the place"
        )
        self.note(f"reading has passed {si(self._read_charge, 'C')}{share}")
        self.follow_drift(0.0, 0.0)
        self.end_spot(begin, {"force": force}, Runner.HOST)

    def drift(self) -> tuple[float, float]:
        """Take an image beside the spot, wait, take it again, no drift followed meanwhile: the speed of the drift (m/s)."""
        self.follow_drift(0.0, 0.0)
        imager = Imager(self.opened, self.emit, self.watch)

        def take(frame: Frame) -> Array:
            plan = self.image_plan(frame)
            self.contact().go(frame.x, frame.y)
            image = imager.take(self.take_frame_index(), plan, "drift", lambda line: None)
            self.wear.scanned(scan_length(plan))
            return image.trace("height")

        # Simulated and real time differ: the clock is what the images and the wait take on the controller's own.
        passed = [0.0]
        span = self.image_plan(self.image_frame()).duration + self.drift_wait
        watch = DriftWatch(
            take, self.image_frame(), lambda: passed[0], self.min_confidence, self.ask_operator, Correction()
        )
        watch.begin()
        self._idle(self.drift_wait)
        passed[0] = span
        moved = watch.update()
        return moved.x / span, moved.y / span

    def _idle(self, seconds: float) -> None:
        """Let time pass with the output off, looking at the operator's wish."""
        left = seconds
        while left > 0:
            self.watch()
            self.opened.probe.wait(min(LONGEST_STEP, left))
            left -= LONGEST_STEP

    def _keep(self, reader: ResistanceReader) -> None:
        """Make the state and read it at every time."""
        source, times = self.opened.source, self.times()
        source.hold(0.0, self.compliance)
        reader.zero()
        source.step(self.set_bias, self.set_time)
        if self.state == HRS:
            source.step(self.reset_bias, self.reset_time)
        reading = self.read_settle + READ_TIME * self.reads
        passed = 0.0
        for time in times.tolist():
            passed += self._rest(max(0.0, time - passed - reading))
            passed += self._read(reader, passed)
            self.progress(time, self.duration)

    def _rest(self, seconds: float) -> float:
        """Hold 0 V for `seconds`, looking at force and the operator's wish; return them."""
        source, left = self.opened.source, seconds
        while left > 0:
            self.watch()
            source.step(0.0, min(LONGEST_STEP, left))
            left -= LONGEST_STEP
        return seconds

    def _read(self, reader: ResistanceReader, passed: float) -> float:
        """Read once, `passed` (s) after the pulse; return how long that takes (s)."""
        probe = self.opened.probe
        found = reader.read()
        taken = float(self.read_settle + READ_TIME * self.reads)
        self._read_charge += abs(found.current) * taken
        self.opened.source.step(0.0, 0.0)
        force, (x, y) = probe.force(), probe.position()
        self.contact().judge_force(force)
        values: dict[str, Any] = {
            "time": passed + taken,
            "resistance": found.ohm,
            "current": found.current,
            "below": int(found.below),
            "by": int(found.by),
            "x": x,
            "y": y,
            "force": force,
        }
        self.add_rows("retention", values)
        self.emit("results", row(RETENTION, values))
        return taken
