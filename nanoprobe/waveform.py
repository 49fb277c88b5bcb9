"""Levels in time: what growth, healing and switching put on the electrode, and what a source reads meanwhile.

Like a ramp, a waveform is handed over whole. A source that can run one by itself fulfils `WaveformSource`; for any other
the host steps through it. Numbers are SI, in the instrument's own sign; `nanoprobe.biasing` turns them into bias.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

from nanoprobe.roles import Array, Watch


class Runner(StrEnum):
    """Who runs a waveform."""

    INSTRUMENT = "instrument"
    LOGGER = "logger"
    """The host holds the level, the instrument streams the samples."""
    HOST = "host"


@dataclass(frozen=True, slots=True)
class RunBy:
    """Who runs a waveform, and `why` nobody better does; "" where there is nobody better."""

    runner: Runner
    why: str = ""

    def words(self, what: str) -> str:
        """Say in a sentence who runs `what`."""
        said = {
            Runner.INSTRUMENT: f"the instrument runs the {what} and takes its samples",
            Runner.LOGGER: f"the host holds the bias of the {what}, and the controller's TCP logger takes its samples",
            Runner.HOST: f"the host runs the {what} and takes its samples",
        }[self.runner]
        return f"{said}: {self.why}" if self.why else said


@dataclass(frozen=True, slots=True)
class Step:
    """One level (V) held for `dwell` (s); with `read` a reading is taken at its end."""

    level: float
    dwell: float
    read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waveform:
    """`steps`, gone through `repeats` times with the output on all the way, |I| limited to `compliance` (A).

    A reading above `stop_current` (A, None: never) ends it. `forced_current` (A, not 0): the steps' levels are not used,
    this current is forced instead, |V| limited to `voltage_limit` (V), and readings are of the voltage.
    """

    steps: tuple[Step, ...]
    repeats: int = 1
    compliance: float
    stop_current: float | None = None
    forced_current: float = 0.0
    voltage_limit: float = 0.0

    @property
    def cycle_time(self) -> float:
        """Time of one repeat (s), the readings' own time aside."""
        return sum(step.dwell for step in self.steps)

    @property
    def duration(self) -> float:
        """Time of the whole waveform (s), the readings' own time aside."""
        return self.repeats * self.cycle_time

    @property
    def reads(self) -> int:
        """Number of readings a repeat."""
        return sum(step.read for step in self.steps)

    def signed(self, sign: int) -> "Waveform":
        """Return the waveform with every level and the forced current times `sign`."""
        steps = tuple(replace(step, level=sign * step.level) for step in self.steps)
        return replace(self, steps=steps, forced_current=sign * self.forced_current)


OnReadings = Callable[[Array, Array, Array], bool]
"""Takes new readings as they are fetched: time since output on (s), voltage (V), current (A), shape (n,) each; True ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveformEnd:
    """How a waveform ended. `runner`: who ran it; `stopped`: a reading above the stop current, or `OnReadings`, ended it."""

    runner: Runner
    readings: int
    stopped: bool
    detail: str = field(default="")


@runtime_checkable
class WaveformSource(Protocol):
    """A source that runs waveforms by itself."""

    def waveform(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        """Run `plan`: output on at its start, off at its end whichever way it ends.

        `watch` runs between polls; readings come about four times a second, none is lost. Raises BadInput, with the
        output never on, for a waveform the instrument cannot run. When a callback raises, the output goes off first.
        """

    def reading_floor(self, compliance: float) -> float:
        """Return the smallest current (A) that a reading under `compliance` (A) tells from none."""

    @property
    def forced_current_floor(self) -> float:
        """Return the smallest current (A) this source can force; infinite where it cannot."""


@runtime_checkable
class LoggedSource(Protocol):
    """A source whose instrument streams dense samples while the host holds one level."""

    def log_hindrance(self, plan: Waveform) -> str:
        """Get ready to run `plan`; say why that cannot be, "" where it can. The output stays off."""

    def log(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        """Run a `plan` that nothing hinders; the rest as `WaveformSource.waveform`."""
