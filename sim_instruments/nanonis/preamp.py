"""The current amplifier at the tip: gain, filter, calibration, noise and overload."""

import math
from dataclasses import dataclass

from sim_instruments.preamp import bandwidth
from sim_instruments.world import World

FULL_SCALE = 10.0
"""Output voltage at which it overloads (V)."""


@dataclass(frozen=True)
class Gain:
    """One setting of the amplifier."""

    name: str
    volts_per_ampere: float
    bandwidth: float
    """-3 dB frequency (Hz)."""


GAINS = (
    Gain("10^6 V/A", 1e6, bandwidth(1e6)),
    Gain("10^7 V/A", 1e7, bandwidth(1e7)),
    Gain("10^8 V/A", 1e8, bandwidth(1e8)),
    Gain("10^9 V/A", 1e9, bandwidth(1e9)),
)
FILTERS = (("Full bandwidth", math.inf), ("1 kHz", 1e3), ("100 Hz", 100.0), ("10 Hz", 10.0))
"""Name and -3 dB frequency (Hz) of the output filter."""


class Preamp:
    """Selected gain and filter; currents as the controller shows them. Starts at 1e9 V/A, 1 kHz."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.gain = 0.0
        """Gain (V/A); set through `gain_index`."""
        self.gain_index = 3
        self.filter_index = 0
        self.saturated = False
        """Whether the output stands at full scale, whatever the current."""
        self.calibrations = [(1.0 / gain.volts_per_ampere, 0.0) for gain in GAINS]
        """(A/V, A) per gain, as the software believes them."""

    @property
    def gain_index(self) -> int:
        """Index of the selected gain."""
        return self._gain_index

    @gain_index.setter
    def gain_index(self, index: int) -> None:
        self._gain_index, self.gain = index, GAINS[index].volts_per_ampere
        self._world.preamp_gain = self.gain

    @property
    def bandwidth(self) -> float:
        """-3 dB frequency of amplifier and filter (Hz)."""
        return min(GAINS[self.gain_index].bandwidth, FILTERS[self.filter_index][1])

    @property
    def full_scale(self) -> float:
        """Largest current that can be read (A)."""
        return FULL_SCALE / self.gain

    def overloaded(self, current: float) -> bool:
        """Say whether `current` (A) is beyond what the amplifier can show."""
        return self.saturated or abs(current) >= self.full_scale

    def noise(self, t: float, aperture: float, current: float) -> float:
        """Return the noise (A) of a reading at `t` (s) averaged over `aperture` (s) around a true `current` (A)."""
        aperture = max(aperture, 0.5 / self.bandwidth)
        return self._world.preamp_noise(t, aperture, current)

    def read(self, current: float) -> float:
        """Return the current (A) the controller shows for a true `current` (A, noise included by the caller)."""
        volts = FULL_SCALE if self.saturated else max(-FULL_SCALE, min(FULL_SCALE, current * self.gain))
        calibration, offset = self.calibrations[self.gain_index]
        return volts * calibration + offset
