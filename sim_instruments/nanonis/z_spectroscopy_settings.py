"""What a Z spectroscopy is set up to do, and the conditions that turn it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim_instruments.nanonis.safe_conditions import Logic, Threshold

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ZTiming:
    """Times in s, in the order of TimingSet; `slew` (V/s at the controller's output) is Z's fastest change."""

    z_averaging: float = 0.01
    initial_settling: float = 0.01
    slew: float = 100.0
    settling: float = 0.5e-3
    integration: float = 0.5e-3
    end_settling: float = 0.01
    z_control: float = 0.1


@dataclass(frozen=True)
class AutoRetract:
    """One or two signals against thresholds; met, the sweep towards the sample ends and the tip goes back."""

    on: bool = False
    first: Threshold = field(default_factory=Threshold)
    logic: Logic = Logic.OFF
    second: Threshold = field(default_factory=Threshold)

    @property
    def signals(self) -> tuple[int, ...]:
        """The signals that have to be read at every point."""
        if not self.on:
            return ()
        return (self.first.signal,) if self.logic is Logic.OFF else (self.first.signal, self.second.signal)

    def met(self, values: Mapping[int, Floats], seen: bool) -> tuple[Flags, bool]:
        """Return at which points it is met, and whether the first condition has been met; `seen`: it was before."""
        first = _beyond(self.first, values)
        if self.logic is Logic.OFF:
            return first, seen
        second = _beyond(self.second, values)
        if self.logic is Logic.OR:
            return first | second, seen
        if self.logic is Logic.AND:
            return first & second, seen
        earlier = np.logical_or.accumulate(first) | seen
        return second & earlier, bool(earlier[-1])


def _beyond(threshold: Threshold, values: Mapping[int, Floats]) -> Flags:
    signal = values[threshold.signal]
    return np.asarray(signal < threshold.level if threshold.below else signal > threshold.level, dtype=np.bool_)


@dataclass(frozen=True)
class ZSpectroscopySettings:
    """Everything a client can set of the module; `offset` and `distance` in m, positive away from the sample."""

    offset: float = 0.0
    distance: float = 100e-9
    points: int = 256
    sweeps: int = 1
    backward: bool = True
    save_all: bool = False
    autosave: bool = True
    save_dialog: bool = False
    turn_delay: float = 0.0
    """Between forward and backward sweep (s); AdvPropsSet and RetractDelaySet set the same."""
    record_final_z: bool = False
    lock_in: bool = False
    reset_z: bool = True
    timing: ZTiming = ZTiming()
    retract: AutoRetract = field(default_factory=AutoRetract)
    channels: tuple[int, ...] = (0,)

    def levels(self) -> Floats:
        """Return the Z of each point of the forward sweep, relative to where the tip stood (m)."""
        return self.offset + np.linspace(0.0, self.distance, self.points)
