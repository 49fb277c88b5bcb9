"""PyMeasure's own Keithley 2450 driver as a source-meter that is stepped by the host."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pymeasure.instruments.keithley import Keithley2450 as PyMeasureKeithley2450

from drivers import keithley2450_ranges as ranges
from drivers.host_loop import Sample, host_ramp
from drivers.keithley2450_dialect import KEITHLEY2450
from drivers.keithley2450_off import confirm_off, switch_off
from drivers.link import Link
from nanoprobe.errors import BadInput, InstrumentError, InstrumentTimeout, LinkLost, Unreachable
from nanoprobe.plugins import Driver
from nanoprobe.roles import OnSamples, RampPlan, RampRecord, Reading, SourceMeter, TripWay, Watch

OVERFLOW = 9.8e37
LIMIT_TOLERANCE = 0.01
BUFFER = "defbuffer1"


class Options(BaseModel):
    """Options of the driver `pymeasure2450` in a bench file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nplc: float = Field(0.1, ge=0.01, le=10, description="aperture of a reading in power line cycles (1)")
    timeout: float = Field(5.0, gt=0, le=60, description="longest wait for an answer (s)")


class PyMeasureSource:
    """Fulfils `SourceMeter` with PyMeasure's driver over our Link, so without Nagle's delay on its many small writes.

    Its own `shutdown` ramps down for 0.6 s behind two queries before it switches off, so `off` does not use it.
    """

    ways = (TripWay.HOST,)
    name = "Keithley 2450 (PyMeasure)"

    def __init__(self, link: Link, options: Options) -> None:
        self._link = link
        self._driver: Any = PyMeasureKeithley2450(link)
        self._options = options
        self._largest_current = 1.0
        self._identity = ""
        self._compliance: float | None = None
        self._trip: float | None = None

    def identify(self) -> None:
        """Ask who is there. Raises Unreachable for another model."""
        self._identity = self._driver.id
        if "MODEL 2450" not in self._identity.upper():
            raise Unreachable(f"expected a Keithley 2450 but '{self._identity}' answers; check the resource")

    @property
    def identity(self) -> str:
        """The instrument's own words about itself."""
        return self._identity

    def _set_up(self, compliance: float, trip_current: float = 0.0) -> None:
        if (compliance, trip_current) == (self._compliance, self._trip):
            return
        self._driver.source_mode = "voltage"
        self._driver.write(":SENS:FUNC 'CURR'")  # its measure_current would swallow what is in the error queue
        self._driver.current_nplc = self._options.nplc
        self._driver.current_range = ranges.current_range(compliance, trip_current)
        self._driver.compliance_current = compliance
        self._driver.source_voltage_delay = 0
        self._check()
        self._compliance, self._trip = compliance, trip_current

    def _check(self) -> None:
        """PyMeasure only logs what its `check_errors` finds; here it is an error."""
        with self._link.exchange():
            found = self._driver.check_errors()
        if found:
            raise InstrumentError(f"{self.name} refuses: {found}")

    def program_limits(self, *, bias: float, current: float) -> None:
        """Fix the source range to the hard limit (V), limit the current (A), read both back."""
        self._largest_current = current
        self._driver.source_voltage_range = (span := ranges.voltage_range(bias))
        self._set_up(current)
        found = self._driver.source_voltage_range, self._driver.compliance_current
        if abs(found[0] - span) > LIMIT_TOLERANCE * span or abs(found[1] - current) > LIMIT_TOLERANCE * current:
            raise InstrumentError(
                f"{self.name}: range and current limit read {found[0]:.3g} V, {found[1]:.3g} A after "
                f"{span:.3g} V, {current:.3g} A was set"
            )

    @property
    def current_floor(self) -> float:
        """Smallest trip level (A), on the lowest range."""
        return ranges.current_floor(ranges.CURRENT_RANGES[0])

    @property
    def current_ceiling(self) -> float:
        """Largest trip level (A): 95 % of the range that holds the hard limit."""
        return ranges.READABLE * ranges.current_range(self._largest_current)

    def prepare(self, plan: RampPlan, way: TripWay) -> None:
        """Set ranges and limit for `plan`. Raises BadInput for any way but the host's."""
        if way is not TripWay.HOST:
            raise BadInput(f"PyMeasure's Keithley 2450 cannot trip by '{way}', only by the host")
        self._set_up(plan.compliance, plan.trip_current)

    def ramp(self, plan: RampPlan, way: TripWay, watch: Watch, on_samples: OnSamples) -> RampRecord:
        """Step through `plan`; the output is off when it returns or raises."""
        self.prepare(plan, way)
        return host_ramp(self, plan, watch, on_samples)

    def begin(self, level: float, compliance: float) -> None:
        """Output on at `level` (V); the clock of the samples starts with the first."""
        self._driver.write(f':TRAC:CLE "{BUFFER}"')
        self._driver.source_voltage = level
        self._driver.enable_source()
        self._check()

    def step(self, level: float, delay: float) -> Sample:
        """Go to `level` (V), let `delay` (s) pass on the instrument's clock, read."""
        with self._link.exchange():
            self._driver.source_voltage_delay = delay
            self._driver.source_voltage = level
            voltage, current, moment = self._driver.values(f':READ? "{BUFFER}",SOUR,READ,REL')
        return moment, voltage, current if abs(current) < OVERFLOW else float("nan")

    def hold(self, voltage: float, compliance: float) -> None:
        """Switch on at `voltage` (V) with |I| limited to `compliance` (A)."""
        self._set_up(compliance)
        self._driver.source_voltage_delay = 0
        self._driver.source_voltage = voltage
        self._driver.enable_source()
        self._check()

    def read(self) -> Reading:
        """Read voltage and current once."""
        with self._link.exchange():
            voltage, current = self._driver.values(f':READ? "{BUFFER}",SOUR,READ')
        return Reading(voltage, current if abs(current) < OVERFLOW else float("nan"))

    def read_many(self, count: int) -> list[Reading]:
        """Read `count` times, one after the other."""
        return [self.read() for _ in range(count)]

    def in_compliance(self) -> bool:
        """Say whether the current limit holds the source now."""
        with self._link.exchange():
            return bool(int(self._driver.ask(":SOUR:VOLT:ILIM:TRIP?")))

    def off(self) -> None:
        """Output off as the first thing sent, then stop whatever could switch it on again."""
        switch_off(self._link)

    def confirm_off(self) -> None:
        """Return when the instrument itself says that the output is off. Raises InstrumentError."""
        confirm_off(self._link)

    def close(self) -> None:
        """Give the link back."""
        self._link.close()


def open_source_meter(resource: str, options: BaseModel) -> SourceMeter:
    """Connect, identify, switch the output off. Raises Unreachable."""
    assert isinstance(options, Options)
    link = Link(resource, name="Keithley 2450", timeout=options.timeout)
    source = PyMeasureSource(link, options)
    try:
        source.identify()
        source.off()
    except (InstrumentTimeout, LinkLost) as error:
        source.close()
        raise Unreachable(f"no Keithley 2450 answers at {resource}: {error}") from None
    except Unreachable as error:
        source.close()
        raise Unreachable(f"{resource}: {error}") from None
    except BaseException:
        source.close()
        raise
    return source


DRIVER = Driver(
    name="pymeasure2450",
    role="source_meter",
    summary="PyMeasure's own Keithley 2450 driver, stepped by the host",
    options=Options,
    open=open_source_meter,
    dialect=KEITHLEY2450,
)
