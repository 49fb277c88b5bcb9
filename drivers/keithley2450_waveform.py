"""Waveforms run by the 2450 itself: a source configuration list of levels and a trigger model that repeats them.

Pulse trains, staircases and long series at one level are all the same program: recall a level, wait, read, go on. The
output goes off in the model, with no computer in the loop; readings are fetched from the buffer while it runs.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drivers import keithley2450_ranges as ranges
from drivers.keithley2450_program import NAME, lines
from nanoprobe.errors import BadInput, GarbledAnswer, InstrumentError, InstrumentTimeout
from nanoprobe.roles import Array, Watch
from nanoprobe.units import si
from nanoprobe.waveform import OnReadings, Runner, Waveform, WaveformEnd

if TYPE_CHECKING:
    from drivers.keithley2450 import Keithley2450

READING_OVERHEAD, STEP_OVERHEAD = 130e-6, 250e-6
"""Time a reading takes beyond its aperture, and a change of level beyond its delay (s)."""
LINE_PERIOD = 0.02
"""Length of a power line cycle (s), on 50 Hz mains: the longer of the two."""
MOST_READINGS = 6_000_000
"""Readings that fit into the instrument's memory with room to spare."""
MOST_BLOCKS = 250
"""Blocks a trigger model may have."""
MOST_FETCHED = 20_000
"""Readings fetched in one block."""
SPARE = 16
FETCH_EVERY, FETCH_POLLS = 0.25, 2
"""Time between two fetches (s) where there is a pause between polls, and polls between two where there is none."""
DEADLINE_FACTOR, DEADLINE_SLACK = 2.0, 30.0
"""A waveform may take so many times its planned duration, and so much more (s)."""
STATE_AGE = 0.15
"""The state of the model may be so old (s): IDLE is not believed so soon after the start."""
RUNNING = frozenset({"RUNNING", "WAITING", "BUILDING"})


class Look(NamedTuple):
    """One look at a running model: its state, readings so far, output on."""

    state: str
    readings: int
    output: bool


class WaveformProgram:
    """The waveforms of one 2450."""

    def __init__(self, meter: "Keithley2450") -> None:
        self._meter = meter

    def run(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        """Load `plan` and run it; the output is off when it returns or raises."""
        self._check(plan)
        try:
            self._load(plan)
            end = self._follow(plan, watch, on_readings)
        finally:
            self._meter.off()
            self._unload(plan)
        return end

    def _check(self, plan: Waveform) -> None:
        readings = plan.repeats * plan.reads
        if readings > MOST_READINGS:
            raise BadInput(
                f"{self._meter.name}: a waveform of {readings} readings does not fit into its buffer, which holds "
                f"{MOST_READINGS}; ask for fewer, or read less often"
            )
        if not _uniform(plan) and len(plan.steps) * 4 + 5 > MOST_BLOCKS:
            raise BadInput(f"{self._meter.name}: {len(plan.steps)} unequal steps do not fit into a trigger model")
        least = self._reading_time(plan)
        shortest = min((step.dwell for step in plan.steps if step.read), default=least)
        if shortest < least * (1 - 1e-9):
            raise BadInput(
                f"{self._meter.name}: a reading every {si(shortest, 's')} is too fast: at "
                f"{self._meter.settings.nplc:g} NPLC one takes {si(least, 's')}; read less often, or set a smaller nplc in "
                f"the bench file"
            )

    def _reading_time(self, plan: Waveform) -> float:
        step = STEP_OVERHEAD if len(plan.steps) > 1 else 0.0
        return self._meter.settings.nplc * LINE_PERIOD + READING_OVERHEAD + step

    # --- loading

    def _load(self, plan: Waveform) -> None:
        meter = self._meter
        if plan.forced_current:
            meter.force_current(plan.forced_current, plan.voltage_limit)
        else:
            meter.configure(plan.compliance, plan.stop_current or 0.0)
        meter.write(f':TRAC:MAKE "{NAME}",{max(10, plan.repeats * plan.reads + SPARE)}')
        levels = () if plan.forced_current else _levels(plan)
        for line in lines((*levels, *_model(plan, self._reading_time(plan)))):
            meter.write(line)
        meter.check_errors()

    def _unload(self, plan: Waveform) -> None:
        stored = "" if plan.forced_current else f':SOUR:CONF:LIST:DEL "{NAME}";'
        self._meter.write(f':TRIG:LOAD "EMPTY";:TRAC:DEL "{NAME}";{stored}*CLS')

    # --- running

    def _follow(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        meter, planned = self._meter, plan.repeats * plan.reads
        meter.write(":INIT")
        started = meter.moment()
        pause = meter.settings.poll_interval
        deadline = started + DEADLINE_FACTOR * plan.duration + DEADLINE_SLACK
        fetch_at, polls, have = started + FETCH_EVERY, 0, 0
        while True:
            watch()
            polls += 1
            look, now = self._look(), meter.moment()
            over = look.state not in RUNNING and (not pause or now >= started + STATE_AGE)
            if over or (now >= fetch_at if pause else polls % FETCH_POLLS == 0):
                enough = self._fetch(plan, have, look.readings, on_readings)
                have, fetch_at = look.readings, now + FETCH_EVERY
                if enough or (over and not look.output):
                    return WaveformEnd(runner=Runner.INSTRUMENT, readings=have, stopped=enough or have < planned)
                if over:
                    self._refuse(look.state)
            if now > deadline:
                raise InstrumentTimeout(
                    f"{meter.name}: a waveform of {plan.duration:.3g} s still runs after {now - started:.3g} s; output "
                    f"switched off"
                )
            if pause:
                meter.rest(pause)

    def _look(self) -> Look:
        """Ask how far the model is, in one question. Raises GarbledAnswer."""
        answer = self._meter.ask(f':TRIG:STAT?;:TRAC:ACT? "{NAME}";:OUTP?')
        try:
            state, _, _, readings, output = answer.split(";")
            return Look(state.strip().upper(), int(float(readings)), output.strip() in ("1", "ON"))
        except (ValueError, OverflowError):
            raise GarbledAnswer(
                f"{self._meter.name} answers '{answer:.80}' when asked how far its waveform is"
            ) from None

    def _refuse(self, state: str) -> None:
        self._meter.check_errors()
        raise InstrumentError(f"{self._meter.name}: its trigger model is {state} with the output on; switched off")

    def _fetch(self, plan: Waveform, have: int, count: int, on_readings: OnReadings) -> bool:
        enough = False
        for first in range(have + 1, count + 1, MOST_FETCHED):
            time, source, reading = self._meter.fetch(NAME, first, min(count, first + MOST_FETCHED - 1))
            enough = on_readings(time + _lead(plan), *_electrical(plan, source, reading)) or enough
        return enough


def _electrical(plan: Waveform, source: Array, reading: Array) -> tuple[Array, Array]:
    """Return voltage (V) and current (A), whichever of the two was sourced."""
    if plan.forced_current:
        return np.where(np.isnan(reading), np.copysign(plan.voltage_limit, plan.forced_current), reading), source
    return source, reading


def _lead(plan: Waveform) -> float:
    """Return the time from output on to the first reading (s): the buffer counts from that reading."""
    lead = 0.0
    for step in plan.steps:
        lead += step.dwell
        if step.read:
            break
    return lead


def _uniform(plan: Waveform) -> bool:
    """Say whether every step waits as long as the others and reads."""
    first = plan.steps[0]
    return all(step.read and step.dwell == first.dwell for step in plan.steps)


def _levels(plan: Waveform) -> Iterator[str]:
    yield f':SOUR:VOLT:DEL 0;:SOUR:CONF:LIST:CRE "{NAME}"'
    for step in plan.steps:
        yield f':SOUR:VOLT {step.level:.9g};:SOUR:CONF:LIST:STOR "{NAME}"'
    yield ":SOUR:VOLT 0"


def _model(plan: Waveform, reading_time: float) -> Iterator[str]:
    """Yield the commands that build the trigger model (blocks numbered from 1)."""
    yield ':TRIG:LOAD "EMPTY"'
    yield f':TRIG:BLOC:BUFF:CLE 1,"{NAME}"'
    yield ":TRIG:BLOC:NOP 2" if plan.forced_current else f':TRIG:BLOC:CONF:REC 2,"{NAME}"'
    yield ":TRIG:BLOC:SOUR:STAT 3,ON"
    body = list(_loop(plan, reading_time) if _uniform(plan) else _unrolled(plan, reading_time))
    count = plan.repeats * (len(plan.steps) if _uniform(plan) else 1)
    off = 4 + len(body) + 1
    for number, words in enumerate(body, 4):
        yield f":TRIG:BLOC:{words.format(number=number, off=off, measured=number - 1)}"
    yield f":TRIG:BLOC:BRAN:COUN {off - 1},{count},4"
    yield f":TRIG:BLOC:SOUR:STAT {off},OFF"


def _loop(plan: Waveform, reading_time: float) -> Iterator[str]:
    yield from _read(plan, plan.steps[0].dwell - reading_time)
    if len(plan.steps) > 1:
        yield f'CONF:NEXT {{number}},"{NAME}"'


def _unrolled(plan: Waveform, reading_time: float) -> Iterator[str]:
    for index, step in enumerate(plan.steps, 1):
        yield f'CONF:REC {{number}},"{NAME}",{index}'
        if step.read:
            yield from _read(plan, step.dwell - reading_time)
        else:
            yield f"DEL:CONS {{number}},{step.dwell:.9g}"


def _read(plan: Waveform, delay: float) -> Iterator[str]:
    yield f"DEL:CONS {{number}},{max(0.0, delay):.9g}"
    yield f'MEAS {{number}},"{NAME}"'
    if plan.stop_current is not None:
        stop = plan.stop_current
        yield f"BRAN:LIM:CONS {{number}},OUT,{-stop:.9g},{stop:.9g},{{off}},{{measured}}"


def forced_current_range(current: float) -> float:
    """Return the lowest range (A) that forces `current` (A). Raises BadInput below what the instrument can hold."""
    span = (
        ranges.current_range(abs(current), 0.0)
        if abs(current) >= ranges.CURRENT_RANGES[0]
        else ranges.CURRENT_RANGES[0]
    )
    floor = ranges.current_floor(span)
    if abs(current) < floor:
        raise BadInput(
            f"Keithley 2450: a current of {si(abs(current), 'A')} cannot be forced: its offset on the {si(span, 'A')} range "
            f"is as large; from {si(floor, 'A')} on it can"
        )
    return span
