"""Keithley 2450 source-meter in its native SCPI: sources voltage, measures current."""

import logging
from typing import Any, Literal, NoReturn

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from pymeasure.instruments import Instrument, SCPIMixin

from drivers import keithley2450_ranges as ranges
from drivers.host_loop import Sample, host_ramp
from drivers.keithley2450_dialect import KEITHLEY2450
from drivers.keithley2450_off import confirm_off, drop_client
from drivers.keithley2450_sweep import Sweep
from drivers.keithley2450_waveform import WaveformProgram, forced_current_range
from drivers.link import Link
from drivers.linked import Linked
from nanoprobe.errors import GarbledAnswer, InstrumentError, InstrumentTimeout, LinkLost, Unreachable
from nanoprobe.plugins import Driver
from nanoprobe.roles import Array, OnSamples, RampPlan, RampRecord, Reading, SourceMeter, TripWay, Watch
from nanoprobe.waveform import OnReadings, Waveform, WaveformEnd

_log = logging.getLogger(__name__)

DEFAULT_BUFFER = "defbuffer1"
RESET_TIME = 10.0
"""Longest time of `*RST` (s)."""
READ_SLACK = 5.0
"""Time allowed for a reading beyond its own (s)."""
OVERFLOW = 9.8e37
"""Readings from here on say "beyond the range"."""
MOST_ERRORS = 20
"""Entries of the error queue read at a time: one that never empties must not hold the run."""
LIMIT_TOLERANCE = 0.01
"""How much of a current limit may be lost to the instrument's own resolution."""


class Options(BaseModel):
    """Options of the driver `keithley2450` in a bench file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_interval: float = Field(
        0.1, ge=0, le=1, description="pause between two looks at a running ramp (s); the 2450's state is as old as that"
    )
    nplc: float = Field(0.1, ge=0.01, le=10, description="aperture of a reading in power line cycles (1)")
    terminals: Literal["front", "rear"] = Field("front", description="terminals in use")
    high_impedance_off: bool = Field(
        False, description="output off opens the relay (wears it, leaves the cell floating)"
    )
    timeout: float = Field(5.0, gt=0, le=60, description="longest wait for an answer (s)")
    dead_socket_port: int | None = Field(
        None, gt=0, lt=65536, description="port that makes it drop a dead client, where it takes one client only"
    )


class Keithley2450(Linked, SCPIMixin, Instrument):
    """A PyMeasure instrument that fulfils the role `SourceMeter`; V and A in the instrument's own sign."""

    source_voltage = Instrument.control(":SOUR:VOLT?", ":SOUR:VOLT %.9g", """Control the source level (V).""")
    source_range = Instrument.control(":SOUR:VOLT:RANG?", ":SOUR:VOLT:RANG %g", """Control the source range (V).""")
    current_range = Instrument.control(":SENS:CURR:RANG?", ":SENS:CURR:RANG %g", """Control the measure range (A).""")
    compliance = Instrument.control(":SOUR:VOLT:ILIM?", ":SOUR:VOLT:ILIM %.9g", """Control the current limit (A).""")
    nplc = Instrument.control(":SENS:CURR:NPLC?", ":SENS:CURR:NPLC %g", """Control the aperture (power line cycles).""")
    protection = Instrument.control(
        ":SOUR:VOLT:PROT?", ":SOUR:VOLT:PROT %s", """Control the overvoltage protection (str).""", cast=str
    )
    output_enabled = Instrument.control(
        ":OUTP?", ":OUTP %d", """Control the output (bool).""", values={True: 1, False: 0}, map_values=True
    )
    limit_tripped = Instrument.measurement(
        ":SOUR:VOLT:ILIM:TRIP?", """Get whether the current limit holds the source now (bool).""", cast=int
    )
    language = Instrument.measurement("*LANG?", """Get the command set (str).""", cast=str)

    def __init__(
        self, adapter: Any, options: Options | None = None, name: str = "Keithley 2450", **kwargs: Any
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self.settings = options or Options()
        self._identity = ""
        self._taken_over = False
        self._configured: tuple[float, float] | None = None
        self._source_range = 20.0
        self._limits: tuple[float, float] | None = None
        self._sweep = Sweep(self)
        self._waveforms = WaveformProgram(self)

    # --- who it is

    def identify(self) -> str:
        """Ask who is there. Raises Unreachable for another model or command set."""
        self._identity = str(self.id)
        if "MODEL 2450" not in self._identity.upper():
            raise Unreachable(
                f"expected a Keithley 2450 but '{self._identity}' answers; check the resource in the bench file"
            )
        if (language := self.language) != "SCPI":
            raise Unreachable(
                f"the Keithley 2450 speaks {language}, not SCPI; choose MENU > Settings > Command Set > SCPI at its "
                f"front panel and restart it"
            )
        return self._identity

    @property
    def identity(self) -> str:
        """The instrument's own words about itself."""
        return self._identity or self.identify()

    # --- settings

    def check_errors(self) -> list[Any]:
        """Raise InstrumentError with everything in the error queue; return nothing when it is empty."""
        found: list[str] = []
        while (answer := self.ask(":SYST:ERR?")).partition(",")[0].strip() not in ("0", "+0"):
            found.append(answer)
            if len(found) == MOST_ERRORS:
                break
        if found:
            raise InstrumentError(f"{self.name} refuses: {'; '.join(found)}")
        return []

    def take_over(self) -> None:
        """Bring the instrument into a known state, once per opening; output off."""
        if self._taken_over:
            return
        self.write("*RST")
        self.ask("*OPC?", timeout=RESET_TIME)
        self.write(f":ROUT:TERM {'FRON' if self.settings.terminals == 'front' else 'REAR'};*CLS")
        self.write(
            f':SOUR:FUNC VOLT;:SENS:FUNC "CURR";:SENS:CURR:NPLC {self.settings.nplc:g};:SENS:CURR:AZER OFF;'
            f":OUTP:VOLT:SMOD {'HIMP' if self.settings.high_impedance_off else 'NORM'};"
            f":SOUR:VOLT:RANG {self._source_range:g};:SOUR:VOLT:DEL 0;:FORM:DATA ASC;:FORM:BORD SWAP"
        )
        self.check_errors()
        self._taken_over, self._configured = True, None
        self._sweep.forget()

    def configure(self, compliance: float, trip_current: float = 0.0) -> None:
        """Set measure range and current limit (A); free when they are set already. Raises BadInput, InstrumentError."""
        self.take_over()
        wanted = (ranges.current_range(compliance, trip_current), compliance)
        if wanted == self._configured:
            return
        self._configured = None
        self.write(f":SENS:CURR:RANG {wanted[0]:g};:SOUR:VOLT:ILIM {compliance:.9g};:SOUR:VOLT:DEL 0")
        self.check_errors()
        self._configured = wanted

    def program_limits(self, *, bias: float, current: float) -> None:
        """Put the hard limits (V, A) into the instrument and read them back. Raises InstrumentError if they differ."""
        self._limits = (bias, current)
        self._source_range = ranges.voltage_range(bias)
        self._taken_over = False
        self.take_over()
        self.protection = (level := ranges.protection(bias))
        self.configure(current)
        if (found := self.protection) != level:
            raise InstrumentError(f"{self.name}: overvoltage protection reads {found} after it was set to {level}")
        if abs((limit := self.compliance) - current) > LIMIT_TOLERANCE * current:
            raise InstrumentError(f"{self.name}: current limit reads {limit:.3g} A after it was set to {current:.3g} A")

    def _restore(self) -> None:
        """Bring everything back after somebody reset the instrument, or a ramp was broken off: the limits first."""
        if self._limits is not None:
            return self.program_limits(bias=self._limits[0], current=self._limits[1])
        self._taken_over = False
        return self.take_over()

    # --- reading and holding

    def hold(self, voltage: float, compliance: float) -> None:
        """Switch on at `voltage` (V) with |I| limited to `compliance` (A)."""
        self.configure(compliance)
        self.write(f":SOUR:VOLT:DEL 0;:SOUR:VOLT {voltage:.9g};:OUTP ON")
        self.check_errors()

    def read(self) -> Reading:
        """Read voltage and current once. (The raw answer PyMeasure's `read` would give is at `adapter.read`.)"""
        voltage, current = self.numbers(f':READ? "{DEFAULT_BUFFER}",SOUR,READ', 2)
        return Reading(voltage, readable(current))

    def read_many(self, count: int) -> list[Reading]:
        """Read `count` times as fast as the instrument can, into its buffer, and fetch them in one block."""
        self.write(f':TRAC:CLE "{DEFAULT_BUFFER}";:SENS:COUN {count}')
        try:
            patience = self.settings.timeout + count * self.slowest
            self.numbers(f':READ? "{DEFAULT_BUFFER}",SOUR,READ', 2, timeout=patience)
        finally:
            self.write(":SENS:COUN 1")
        _, volts, amperes = self.fetch(DEFAULT_BUFFER, 1, count)
        return [Reading(float(volt), float(ampere)) for volt, ampere in zip(volts, amperes, strict=True)]

    @property
    def slowest(self) -> float:
        """Longest time one reading may take (s), on 50 Hz mains with some to spare."""
        return 4 * self.settings.nplc / 50 + 0.1

    def numbers(self, command: str, count: int, timeout: float | None = None) -> list[float]:
        """Ask and return the `count` numbers of the answer. Raises GarbledAnswer."""
        answer = self.ask(command, timeout=timeout or self.settings.timeout + self.slowest)
        try:
            found = [float(word) for word in answer.split(",")]
        except ValueError:
            found = []
        if len(found) != count:
            self.adapter.flush_read_buffer()
            raise GarbledAnswer(f"{self.name} answers '{answer:.80}' to {command}, not {count} numbers")
        return found

    def fetch(self, buffer: str, first: int, last: int) -> tuple[Array, Array, Array]:
        """Return time (s), voltage (V), current (A) of readings `first`..`last` (from 1), NaN beyond the range."""
        count = last - first + 1
        with self.exchange():
            self.discard_stale()
            self.write(f':FORM:DATA REAL;:TRAC:DATA? {first},{last},"{buffer}",SOUR,READ,REL')
            head = self.read_bytes(2)
            if head != b"#0":  # of indefinite length, so it is read by the number of values asked for
                self._garbled(head)
            values = np.frombuffer(self.read_bytes(24 * count), dtype="<f8").reshape(count, 3)
            if (end := self.read_bytes(1)) != b"\n":
                self._garbled(end)
            self.write(":FORM:DATA ASC")
        current = np.where(np.abs(values[:, 1]) < OVERFLOW, values[:, 1], np.nan)
        return values[:, 2].astype(np.float64), values[:, 0].astype(np.float64), current

    def _garbled(self, found: bytes) -> NoReturn:
        self.adapter.flush_read_buffer()
        raise GarbledAnswer(f"{self.name} sends {found!r} where a binary block was asked for, or its end")

    def in_compliance(self) -> bool:
        """Say whether the current limit holds the source now."""
        return bool(self.numbers(":SOUR:VOLT:ILIM:TRIP?", 1)[0])

    def off(self) -> None:
        """Output off, before anything else; then stop whatever could switch it on again."""
        self.urgent(":OUTP OFF")
        self.urgent(":ABOR;:OUTP OFF")

    def confirm_off(self) -> None:
        """Return when the instrument itself says that the output is off. Raises InstrumentError."""
        if isinstance(self.adapter, Link):
            confirm_off(self.adapter)

    # --- ramps

    @property
    def ways(self) -> tuple[TripWay, ...]:
        """The instrument's own trigger model first."""
        return (TripWay.SOURCE_METER, TripWay.HOST)

    @property
    def current_floor(self) -> float:
        """Smallest trip level (A), on the lowest range; `prepare` checks the range that the compliance needs."""
        return ranges.current_floor(ranges.CURRENT_RANGES[0])

    @property
    def current_ceiling(self) -> float:
        """Largest trip level (A): 95 % of the range that holds the hard limit."""
        return ranges.READABLE * ranges.current_range(self._limits[1] if self._limits else ranges.CURRENT_RANGES[-1])

    def prepare(self, plan: RampPlan, way: TripWay) -> None:
        """Load `plan`; quick when it is loaded already. The output stays off."""
        if way is TripWay.SOURCE_METER and not self._sweep.undisturbed:
            self._restore()
        self.configure(plan.compliance, plan.trip_current)
        if way is TripWay.SOURCE_METER:
            self._sweep.prepare(plan)

    def ramp(self, plan: RampPlan, way: TripWay, watch: Watch, on_samples: OnSamples) -> RampRecord:
        """Run `plan` as prepared; the output is off when it returns or raises."""
        if way is TripWay.SOURCE_METER:
            return self._sweep.run(plan, watch, on_samples)
        return host_ramp(self, plan, watch, on_samples)

    # --- waveforms

    def waveform(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        """Run `plan` by the instrument's own trigger model; the output is off when it returns or raises."""
        self.take_over()
        self._sweep.unload()
        try:
            return self._waveforms.run(plan, watch, on_readings)
        finally:
            if plan.forced_current:
                self._restore()

    def force_current(self, current: float, voltage_limit: float) -> None:
        """Make ready to force `current` (A) and read the voltage, limited to `voltage_limit` (V); the output stays off."""
        span = forced_current_range(current)
        self._configured = None
        self.write(
            f':SOUR:FUNC CURR;:SENS:FUNC "VOLT";:SOUR:CURR:RANG {span:g};:SOUR:CURR:DEL 0;:SOUR:CURR:VLIM {voltage_limit:.9g};'
            f":SENS:VOLT:RANG {ranges.voltage_range(voltage_limit):g};:SENS:VOLT:NPLC {self.settings.nplc:g};"
            f":SENS:VOLT:AZER OFF;:SOUR:CURR {current:.9g}"
        )
        self.check_errors()

    def reading_floor(self, compliance: float) -> float:
        """Return the smallest current (A) that a reading under `compliance` (A) tells from none: its offset accuracy."""
        return ranges.current_floor(
            ranges.current_range(max(compliance, ranges.LEAST_LIMIT * ranges.CURRENT_RANGES[0]))
        )

    @property
    def forced_current_floor(self) -> float:
        """Smallest current that can be forced (A)."""
        return ranges.current_floor(ranges.CURRENT_RANGES[0])

    def begin(self, level: float, compliance: float) -> None:
        """Start a host loop: output on at `level` (V); the clock of its samples starts with the first."""
        self.configure(compliance)
        self.write(f':TRAC:CLE "{DEFAULT_BUFFER}";:SOUR:VOLT {level:.9g};:OUTP ON')
        self.check_errors()

    def step(self, level: float, delay: float, buffer: str = DEFAULT_BUFFER) -> Sample:
        """Go to `level` (V), let `delay` (s) pass on the instrument's clock, read."""
        voltage, current, moment = self.numbers(
            f':SOUR:VOLT:DEL {delay:.6g};:SOUR:VOLT {level:.9g};:READ? "{buffer}",SOUR,READ,REL',
            3,
            timeout=self.settings.timeout + delay + self.slowest,
        )
        return moment, voltage, readable(current)


def readable(current: float) -> float:
    """Return a current reading (A), NaN where it was beyond the range."""
    return current if abs(current) < OVERFLOW else float("nan")


def open_source_meter(resource: str, options: BaseModel) -> SourceMeter:
    """Connect, identify, switch the output off. Raises Unreachable."""
    assert isinstance(options, Options)
    link = Link(resource, name="Keithley 2450", timeout=options.timeout)
    meter = Keithley2450(link, options)
    try:
        meter.identify()
        meter.off()
    except BaseException as error:
        _give_up(meter, error)
        if isinstance(error, InstrumentTimeout | LinkLost):
            raise Unreachable(
                f"no Keithley 2450 answers at {resource}: {error}; check that this is its address and that no other "
                f"program holds its only connection"
            ) from None
        if isinstance(error, Unreachable):
            raise Unreachable(f"{resource}: {error}") from None
        raise
    return meter


def _give_up(meter: Keithley2450, error: BaseException) -> None:
    """Close; where the address is right but nothing answers, try to switch off all the same."""
    try:
        if isinstance(error, InstrumentTimeout):
            meter.off()
    except (
        InstrumentError,
        Unreachable,
    ) as problem:  # the first error says what is wrong; this one what may still be on
        _log.error("%s may still have its output on: %s", meter.name, problem)
    finally:
        meter.close()


def _free(resource: str, options: BaseModel) -> bool:
    assert isinstance(options, Options)
    return drop_client(resource, options.dead_socket_port)


DRIVER = Driver(
    name="keithley2450",
    role="source_meter",
    summary="Keithley 2450 (SCPI over TCP, USB or GPIB): ramps with its own trigger model, or stepped by the host",
    options=Options,
    open=open_source_meter,
    dialect=KEITHLEY2450,
    free=_free,
)
