"""Ramps run by the 2450 itself: load the program once a plan, start it, follow it, fetch what it measured."""

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drivers.host_loop import Sample, Trace, record, return_leg, walk
from drivers.keithley2450_program import (
    DEAD_MAN,
    LAST,
    NAME,
    SPARE,
    TRIPPED,
    Program,
    lines,
    store_levels,
    trigger_model,
)
from drivers.ramp_health import check_followed, check_silent
from nanoprobe.errors import BadInput, GarbledAnswer, InstrumentError, InstrumentTimeout, SourceFault
from nanoprobe.roles import OnSamples, OnTrip, RampPlan, RampRecord, TripWay, Watch
from nanoprobe.units import si

if TYPE_CHECKING:
    from drivers.keithley2450 import Keithley2450

_log = logging.getLogger(__name__)

TRIAL_TURNS = 8
"""Turns of the loop run with the output off to learn how long one takes."""
FETCH_EVERY = 0.25
"""Wall time between two partial fetches (s) where there is a pause between polls."""
FETCH_POLLS = 100
"""Polls between two partial fetches where there is none: counted, so that a busy computer asks for nothing more."""
DEADLINE_FACTOR, DEADLINE_SLACK = 2.0, 10.0
"""A ramp may take so many times its planned duration, and so much more (s)."""
RUNNING = frozenset({"RUNNING", "WAITING", "BUILDING"})
RESTING = frozenset({"IDLE", "ABORTED"})
STATE_AGE = 0.15
"""The instrument refreshes its trigger state every 100 ms: IDLE is not believed so soon after the start (s)."""
INTERVAL_TOLERANCE = 0.02
"""How far the loop may be longer than the sample interval that was asked for, as a part of it."""


class Look(NamedTuple):
    """One look at a running model: its state, the last block it ran, readings so far, output on."""

    state: str
    block: int
    readings: int
    output: bool


class Sweep:
    """The on-instrument ramps of one 2450."""

    def __init__(self, meter: "Keithley2450") -> None:
        self._meter = meter
        self._program: Program | None = None
        self._last_block: int | None = None

    # --- loading

    def prepare(self, plan: RampPlan) -> None:
        """Load the program of `plan` unless it is there. Raises BadInput when the instrument is too slow for it."""
        if self._program is not None and self._program.plan == plan:
            return
        self.unload()
        self._load_levels(plan)
        self._program = self._timed(plan)

    @property
    def undisturbed(self) -> bool:
        """Ask cheaply whether what was loaded is still there: a reset, or another model, leaves another state behind."""
        if self._program is None:
            return True
        state, block = self._state()
        return state in RESTING and self._last_block is not None and block in (self._last_block, LAST)

    def forget(self) -> None:
        """Note that the instrument was reset, and nothing of ours is in it."""
        self._program = None

    def unload(self) -> None:
        """Take out of the instrument what was loaded, so that something else can be."""
        if self._program is not None:
            self._meter.write(f':TRIG:LOAD "EMPTY";:TRAC:DEL "{NAME}";:SOUR:CONF:LIST:DEL "{NAME}";*CLS')
        self._program = None

    def _load_levels(self, plan: RampPlan) -> None:
        levels = plan.levels()
        self._meter.write(f':TRAC:MAKE "{NAME}",{len(levels) + SPARE};:SOUR:VOLT:DEL 0')
        for line in lines(store_levels(float(level) for level in levels)):
            self._meter.write(line)
        self._meter.write(":SENS:AZER:ONCE")
        self._meter.check_errors()

    def _load_model(self, program: Program) -> None:
        for line in lines(trigger_model(program)):
            self._meter.write(line)
        self._meter.check_errors()

    def _timed(self, plan: RampPlan) -> Program:
        """Run a few turns with the output off, and return the program whose turns take the sample interval."""
        trial = Program(replace(plan, on_trip=OnTrip.OFF), TRIAL_TURNS, plan.sample_interval / 2, source=False)
        self._load_model(trial)
        self._start()
        self._follow(TRIAL_TURNS * plan.sample_interval, lambda: None, None, trial.readings_untripped)
        moments, _, _ = self._meter.fetch(NAME, 1, TRIAL_TURNS)
        overhead = float(np.median(np.diff(moments))) - trial.delay
        if overhead > plan.sample_interval * (1 + INTERVAL_TOLERANCE):
            raise BadInput(
                f"{self._meter.name}: a sample every {si(plan.sample_interval, 's')} is too fast: at "
                f"{self._meter.settings.nplc:g} NPLC one takes {si(overhead, 's')}; ask for fewer samples per second or "
                f"set a smaller nplc in the bench file"
            )
        program = Program(plan, len(plan.levels()), max(0.0, plan.sample_interval - overhead))
        self._load_model(program)
        self._last_block = self._state()[1]
        return program

    # --- running

    def run(self, plan: RampPlan, watch: Watch, on_samples: OnSamples) -> RampRecord:
        """Run the loaded program; the output is off when it returns or raises."""
        program = self._program
        if program is None or program.plan != plan:
            raise BadInput(f"{self._meter.name}: this ramp was not prepared")
        trace = Trace(on_samples)
        try:
            self._start()
            last = self._follow(plan.duration, watch, trace, 1)
            self._last_block = last.block
            result = self._finish(program, last, watch, trace)
            self._check_errors()
        except BaseException as error:
            self._meter.off()
            self._last_block = None
            if isinstance(error, SourceFault):
                trace.hand_on()  # kept with the point, now that the output is off
            raise
        return result

    def _start(self) -> None:
        # Cleared here as well as by the model: a count above zero then says that this run has begun to measure.
        self._meter.write(f':TRAC:CLE "{NAME}";:INIT')

    def _follow(self, duration: float, watch: Watch, trace: Trace | None, least: int) -> Look:
        """Look until the model has ended with `least` readings or more, or waits for us."""
        started = self._meter.moment()
        pause = self._meter.settings.poll_interval
        deadline = started + DEADLINE_FACTOR * duration + DEADLINE_SLACK
        believed_from = started + STATE_AGE if pause else started
        fetch_at = started + FETCH_EVERY
        polls = 0
        while True:
            watch()
            polls += 1
            state, block = self._state()
            now = self._meter.moment()
            if state not in RUNNING or self._may_wait(block):
                look = Look(state, block, *self._progress())
                if self._waits(look) or (self._ended(look, least) and now >= believed_from):
                    return look
            if now > deadline:
                raise InstrumentTimeout(
                    f"{self._meter.name}: a ramp of {duration:.3g} s still runs after {now - started:.3g} s "
                    f"(block {block} of its trigger model); output switched off"
                )
            due = now >= fetch_at if pause else polls % FETCH_POLLS == 0
            if trace is not None and due:
                self._fetch(trace, self._progress()[0])
                fetch_at = now + FETCH_EVERY
            if pause:
                self._meter.rest(pause)

    def _state(self) -> tuple[str, int]:
        """Ask for state and block of the model: the one question asked while it runs."""
        answer = self._meter.ask(":TRIG:STAT?")
        try:
            state, *_, block = answer.split(";")
            return state.strip().upper(), int(block)
        except ValueError:
            raise InstrumentError(
                f"{self._meter.name} answers '{answer:.80}' when asked for its trigger model"
            ) from None

    def _progress(self) -> tuple[int, bool]:
        """Ask for the number of readings and whether the output is on."""
        answer = self._meter.ask(f':TRAC:ACT? "{NAME}";:OUTP?')
        try:
            readings, output = answer.split(";")
            return int(float(readings)), output.strip() in ("1", "ON")
        except (ValueError, OverflowError):
            raise GarbledAnswer(f"{self._meter.name} answers '{answer:.80}' when asked how far its ramp is") from None

    def _ended(self, look: Look, least: int) -> bool:
        """Say whether the model has ended. Its state may be a moment old, the other two are live."""
        if look.state in RUNNING:
            return False
        if look.state != "IDLE":
            self._meter.check_errors()
            raise InstrumentError(
                f"{self._meter.name}: its trigger model is {look.state}; was it stopped at the panel?"
            )
        return look.readings >= least and not look.output

    def _waits(self, look: Look) -> bool:
        return look.state in RUNNING and self._may_wait(look.block) and look.output

    def _may_wait(self, block: int) -> bool:
        return self._program is not None and self._program.plan.on_trip is OnTrip.RETURN and block >= TRIPPED

    def _fetch(self, trace: Trace, count: int) -> None:
        have = len(trace.samples)
        if count > have:
            moments, volts, amperes = self._meter.fetch(NAME, have + 1, count)
            trace.extend(moments, volts, amperes)
            self._check_followed(trace, count - 2)  # the last two may have been read after the end

    def _check_followed(self, trace: Trace, end: int) -> None:
        """Raise SourceFault when one of the first `end` samples is not at its level."""
        if self._program is not None and end > 0:
            plan, (_, volts, amperes) = self._program.plan, trace.arrays(0, end)
            check_followed(self._meter.name, plan.levels()[:end], volts, amperes, plan.compliance)

    def _check_errors(self) -> None:
        """Raise SourceFault when something was put into the error queue while the ramp ran."""
        try:
            self._meter.check_errors()
        except InstrumentError as error:
            raise SourceFault(f"{error} (after a ramp)") from None

    # --- the end of a ramp

    def _finish(self, program: Program, last: Look, watch: Watch, trace: Trace) -> RampRecord:
        self._fetch(trace, last.readings)
        tripped = last.readings != program.readings_untripped
        if not tripped:
            return self._off_and_record(program, trace, program.count, False)
        if program.plan.on_trip is OnTrip.OFF:
            return self._off_and_record(program, trace, last.readings - 1, True)
        return self._return(program, last, watch, trace)

    def _off_and_record(self, program: Program, trace: Trace, forward: int, tripped: bool) -> RampRecord:
        self._meter.off()
        self._check_followed(trace, forward)
        check_silent(self._meter.name, trace.arrays(forward)[2])
        latency = trace.samples[forward][0] - trace.samples[forward - 1][0] if tripped else math.nan
        del trace.samples[forward:]  # read with the output off: no samples of the ramp
        return record(program.plan, TripWay.SOURCE_METER, trace, tripped, forward, latency)

    def _return(self, program: Program, last: Look, watch: Watch, trace: Trace) -> RampRecord:
        """Take over from the waiting model and step back to the start."""
        plan, forward = program.plan, len(trace.samples)
        self._check_followed(trace, forward)
        latency = math.nan
        if last.output:
            self._meter.write(":ABOR")
            levels, interval = return_leg(plan, float(plan.levels()[forward - 1]))
            walk(self._step, levels, interval, None, watch, trace)
            latency = trace.samples[forward][0] - trace.samples[forward - 1][0]
            check_silent(self._meter.name, trace.arrays(len(trace.samples) - 1)[2])
        else:
            _log.warning("%s waited %g s for its return leg and switched off by itself", self._meter.name, DEAD_MAN)
        self._meter.off()
        self._last_block = self._state()[1]
        return record(plan, TripWay.SOURCE_METER, trace, True, forward, latency)

    def _step(self, level: float, delay: float) -> Sample:
        return self._meter.step(level, delay, NAME)
