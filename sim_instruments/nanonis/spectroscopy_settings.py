"""What a bias spectroscopy is set up to do."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sim_instruments.nanonis.codes import finite
from sim_instruments.nanonis.safe_conditions import SafeConditions

CYCLE = 50e-6
"""Cycle of the real-time engine (s): every time is a multiple of it, one at least."""

MAX_SEGMENTS = 16


def quantised(seconds: float) -> float:
    """Return `seconds` as the real-time engine can keep it. Raises CommandError for what is no time."""
    return max(1, round(finite(seconds, "Time") / CYCLE)) * CYCLE


@dataclass(frozen=True)
class SweepTiming:
    """Times in s, `z_offset` in m, `slew` (the fastest change of bias before, during and after the sweep) in V/s."""

    z_averaging: float = 0.01
    z_offset: float = 0.0
    initial_settling: float = 0.01
    slew: float = 1.0
    settling: float = 0.01
    integration: float = 0.01
    end_settling: float = 0.01
    z_control: float = 0.1


@dataclass(frozen=True)
class Segment:
    """A piece of a sweep in multi-line-segment mode: V and s; `steps` points."""

    start: float
    end: float
    initial_settling: float
    settling: float
    integration: float
    steps: int
    lock_in: int = 0

    def levels(self) -> Iterator[float]:
        """Return the bias of each point (V)."""
        span = max(1, self.steps - 1)
        return (self.start + (self.end - self.start) * index / span for index in range(self.steps))


@dataclass(frozen=True)
class AlternateSetpoint:
    """Another Z-controller setpoint (in its unit) for the measurement, with a time to settle (s)."""

    on: bool = False
    setpoint: float = 0.0
    settling: float = 0.1


@dataclass(frozen=True)
class SpectroscopySettings:
    """Everything a client can set of the module."""

    start: float = -0.1
    end: float = 0.1
    points: int = 101
    sweeps: int = 1
    backward: bool = False
    save_all: bool = False
    autosave: bool = True
    save_dialog: bool = False
    reset_bias: bool = True
    z_hold: bool = True
    record_final_z: bool = False
    lock_in: bool = False
    z_offset_revert: bool = False
    timing: SweepTiming = SweepTiming()
    alternate: AlternateSetpoint = AlternateSetpoint()
    segmented: bool = False
    segments: tuple[Segment, ...] = ()
    lock_in_per_segment: bool = False
    channels: tuple[int, ...] = (0,)
    conditions: SafeConditions = field(default_factory=SafeConditions)

    def plan(self) -> tuple[Segment, ...]:
        """Return the forward sweep as segments; a linear sweep is one of them."""
        if self.segmented:
            return self.segments
        timing = self.timing
        return (
            Segment(self.start, self.end, 0.0, timing.settling, timing.integration, self.points, int(self.lock_in)),
        )
