"""What a procedure needs of an instrument: the roles drivers fulfil, and the data they pass.

Numbers are SI. Roles speak the *instrument's own* sign (a source-meter's volts at its terminals); the opened bench
turns them into bias and electrode current with `nanoprobe.wiring`, and nothing else does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nanoprobe.geometry import Frame

Array = NDArray[np.float64]


class TripWay(StrEnum):
    """Who compares the current with the trip level during a ramp."""

    SOURCE_METER = "source-meter"
    CONTROLLER = "controller"
    HOST = "host"


class OnTrip(StrEnum):
    """What happens to the bias when a ramp trips."""

    OFF = "off"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class RampPlan:
    """One linear ramp, handed over whole.

    `start`, `stop` in V (the last level is exactly `stop`); `rate` in V/s, > 0; `sample_interval` in s between two
    samples; `trip_current` and `compliance` in A, > 0, compared with |I|; `hold` in s at the stop level, so that a
    surge which began at the very end still shows; `return_rate` in V/s for the way back when `on_trip` is RETURN.
    """

    start: float
    stop: float
    rate: float
    sample_interval: float
    trip_current: float
    compliance: float
    hold: float = 0.1
    on_trip: OnTrip = OnTrip.OFF
    return_rate: float = 10.0

    def levels(self) -> Array:
        """Return the source level of every sample (V, shape (n,)), the hold at the end included."""
        steps = max(1, round(abs(self.stop - self.start) / (self.rate * self.sample_interval)))
        held = round(self.hold / self.sample_interval)
        return np.concatenate([np.linspace(self.start, self.stop, steps + 1), np.full(held, self.stop)])

    @property
    def duration(self) -> float:
        """Time of the whole ramp (s), unless it trips."""
        return len(self.levels()) * self.sample_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RampRecord:
    """What came of one ramp. Arrays have shape (n,), one entry a sample.

    `time` in s on the instrument's clock, 0 at the first sample; `voltage` in V and `current` in A as the instrument
    read them, in its own sign. `trip_latency` in s: from the sample that tripped to the first reading with the source
    known to be off (an upper bound; NaN without a trip). `return_from`: index of the first sample of the return leg.
    """

    time: Array
    voltage: Array
    current: Array
    way: TripWay
    tripped: bool
    trip_latency: float = float("nan")
    in_compliance: bool = False
    return_from: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a source: `voltage` V, `current` A (source's own sign)."""

    voltage: float
    current: float


Watch = Callable[[], None]
"""Called between two short waits while an instrument works by itself; raises to end the work (abort, interlock)."""

OnSamples = Callable[[Array, Array, Array], None]
"""Takes new samples of a running ramp as they are fetched: time (s), voltage (V), current (A), shape (n,) each."""


@runtime_checkable
class BiasSource(Protocol):
    """Anything that puts a voltage on the electrode and reads the current."""

    @property
    def ways(self) -> tuple[TripWay, ...]:
        """Ways to trip this source has, best first."""

    @property
    def current_floor(self) -> float:
        """Smallest trip level that is above this source's reading floor (A)."""

    @property
    def current_ceiling(self) -> float:
        """Largest trip level this source can read (A): 95 % of its range."""

    def prepare(self, plan: RampPlan, way: TripWay) -> None:
        """Load `plan` into the instrument; cheap when the same plan is there already. The output stays off.

        Raises InstrumentError when the instrument refuses, BadInput when it cannot run such a plan.
        """

    def ramp(self, plan: RampPlan, way: TripWay, watch: Watch, on_samples: OnSamples) -> RampRecord:
        """Run `plan` as prepared: output on at its start, off at its end whichever way it ends.

        `watch` runs between polls; `on_samples` gets what was fetched so far, about four times a second. When `watch`
        raises, the output goes off first and the exception passes.
        """

    def hold(self, voltage: float, compliance: float) -> None:
        """Switch on at `voltage` (V) with |I| limited to `compliance` (A)."""

    def read(self) -> Reading:
        """Read voltage and current once."""

    def step(self, level: float, delay: float) -> tuple[float, float, float]:
        """With the output on: go to `level` (V), let `delay` (s) pass, read time (s), voltage (V) and current (A)."""

    def read_many(self, count: int) -> list[Reading]:
        """Read `count` times as fast as the present settings allow."""

    def in_compliance(self) -> bool:
        """Say whether the current limit holds the source now."""

    def off(self) -> None:
        """Output off or bias to 0 V, at once: the first thing sent, never behind a query or a ramp."""


@runtime_checkable
class SourceMeter(BiasSource, Protocol):
    """A source-meter: the wired bias source of most benches."""

    @property
    def identity(self) -> str:
        """The instrument's own words about itself (`*IDN?`)."""

    def confirm_off(self) -> None:
        """Return when the instrument itself says that the output is off; one silent is switched off anew, and asked.

        Raises InstrumentError when it is on, or when that cannot be known.
        """

    def program_limits(self, *, bias: float, current: float) -> None:
        """Put the hard limits (V, A) into the instrument and read them back. Raises InstrumentError if they differ."""

    def close(self) -> None:
        """Give the link back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """One raster image: `frame`, `pixels` a line, `lines`, `line_time` in s (one direction), channels by our names."""

    frame: Frame
    pixels: int
    lines: int
    line_time: float
    channels: tuple[str, ...] = ("height", "current")

    @property
    def duration(self) -> float:
        """Time of the whole scan, both directions (s)."""
        return 2 * self.line_time * self.lines


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One line of an image. `index` counts from the frame's lower edge; `values[channel]` has shape (2, pixels).

    First row trace (forward), second retrace, both in order of increasing x; SI units of the channel, controller's sign.
    """

    index: int
    values: Mapping[str, NDArray[np.float32]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ForceCalibration:
    """Deflection signal to force: `deflection_sensitivity` m/V, `spring_constant` N/m."""

    deflection_sensitivity: float
    spring_constant: float

    def force(self, deflection: float) -> float:
        """Return the force (N) of a deflection signal (V)."""
        return deflection * self.deflection_sensitivity * self.spring_constant

    def setpoint(self, force: float) -> float:
        """Return the deflection signal (V) of a force (N)."""
        return force / (self.deflection_sensitivity * self.spring_constant)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePlan:
    """One force curve from where feedback holds the tip: up by `lift` (m), down by at most `depth` (m) below, up again.

    `force` (N): it turns back there, whatever the depth; `samples` on each way; `duration` (s) of one way.
    """

    lift: float
    depth: float
    force: float
    samples: int
    duration: float


@dataclass(frozen=True, slots=True)
class ForceCurve:
    """One force curve: `z` m (up positive, 0 where feedback held the tip), deflection signal V on both ways, shape (n,).

    In any order along z; NaN where a way did not come. `base`: Z of the controller at z = 0 (m).
    """

    z: Array = field(repr=False)
    inward: Array = field(repr=False)
    outward: Array = field(repr=False)
    base: float = 0.0


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A power spectrum of the deflection: `frequency` Hz, one-sided `density` V2/Hz, shape (n,), over `averages`."""

    frequency: Array = field(repr=False)
    density: Array = field(repr=False)
    averages: int


@dataclass(frozen=True, slots=True)
class RetractCurve:
    """A slow retraction: `z` m (up positive, 0 at the start) and `force` N, shape (n,) each."""

    z: Array
    force: Array


@runtime_checkable
class Probe(Protocol):
    """An AFM controller with a conductive tip.

    Every motion has a deadline, is verified by reading the position back, and raises InstrumentError when it stopped
    short. `stop` and `safe_*` go over the abort session and may be called from any thread at any time.
    """

    @property
    def identity(self) -> str:
        """Product, version and release."""

    @property
    def acquisition_period(self) -> float:
        """Time between two published signal values (s)."""

    @property
    def channels(self) -> Mapping[str, str]:
        """Our channel names that this controller can read, with SI unit ("current": "A")."""

    @property
    def scanner_range(self) -> float:
        """Largest |x|, |y| of the scanner (m)."""

    def heed(self, watch: Watch) -> None:
        """From now on call `watch` while waiting for the tip to come down or go up; what it raises ends the wait."""

    def check_feedback(self) -> None:
        """Raise BadInput unless deflection feedback is the active controller and its setpoint is calibrated in newtons."""

    def engaged(self) -> bool:
        """Say whether feedback holds the tip on the surface."""

    def approach(self, force: float) -> None:
        """Bring the tip from anywhere to the surface, feedback on at `force` (N), bias 0 assumed."""

    def lift(self, height: float) -> None:
        """Feedback off, tip `height` (m) above the surface."""

    def land(self, force: float) -> None:
        """From a lift: feedback on at `force` (N); returns when the force is within 10 %."""

    def withdraw(self) -> None:
        """Feedback off, tip fully retracted."""

    def retract_curve(self, height: float, steps: int) -> RetractCurve:
        """From contact, feedback off, retract by `height` (m) in `steps` and read the force at each; stays lifted."""

    @property
    def calibration(self) -> ForceCalibration:
        """Deflection to force. Raises BadInput for a lever that is not calibrated."""

    def force_curve(self, plan: CurvePlan, watch: Watch) -> ForceCurve:
        """From contact, take a force curve; feedback holds the tip again afterwards, whichever way it ends.

        `watch` runs meanwhile and may raise to end it. Raises BadInput where the piezo does not reach that far.
        """

    def thermal_spectrum(self, highest: float, averages: int, watch: Watch) -> Spectrum:
        """Return the spectrum of the free lever's deflection up to at least `highest` (Hz), or as far as it goes."""

    def force(self) -> float:
        """Read the present force (N)."""

    def force_and_current(self) -> tuple[float, float]:
        """Read force (N) and preamp current (A), both of one publication: one question where two would take twice."""

    def current_range(self) -> float:
        """Return the largest |current| (A) the preamp shows at its present gain."""

    def position(self) -> tuple[float, float]:
        """Read the scanner position x, y (m)."""

    def move_to(self, x: float, y: float) -> None:
        """Move to scanner position x, y (m) and verify."""

    def read(self, *names: str) -> dict[str, float]:
        """Read channels by our names (SI), values published after this call."""

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass on the controller's own clock."""

    def scan(self, plan: ScanPlan, on_line: Callable[[ScanLine], None], watch: Watch) -> None:
        """Take an image, lines handed on as they come, `watch` called in between. The tip stays engaged."""

    def compensate_drift(self, vx: float, vy: float) -> None:
        """Feed forward a linear drift (m/s); 0, 0 ends it."""

    def bias_source(self) -> BiasSource:
        """Return the controller's own bias output as a source."""

    def program_limits(self, *, force: float, current: float) -> None:
        """Put the safe-tip threshold at the hard limit (N or A, whichever signal it watches), read it back."""

    def stop(self) -> None:
        """End scan, sweep and motion at once, over the abort session."""

    def safe_bias(self) -> None:
        """Set the controller's bias to 0 V over the abort session."""

    def safe_withdraw(self) -> None:
        """Withdraw over the abort session, with a short deadline."""

    def close(self) -> None:
        """Give the links back."""
