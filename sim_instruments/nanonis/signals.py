"""The controller's 128 signals: their names, what they are now and what was last published.

Values are averaged over the acquisition period (Tap) and published at its end. A read with `newest` 0 returns the next
publication, which may average over a time before the last change; `newest` 1 returns the one after it.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

COUNT = 128
SLOTS = 24
"""Signals sent to the computer all the time; slot i carries signal i."""
MAIN = ("Current (A)", "Bias (V)", "Z (m)", "X (m)", "Y (m)", "Deflection (V)", "Friction (V)", "Force (N)")
CURRENT, BIAS, Z, X, Y, DEFLECTION, FRICTION, FORCE = range(8)
INPUTS = tuple(f"Input {number} (V)" for number in range(3, 9))
OUTPUTS = tuple(f"Output {number} (V)" for number in range(1, 9))
OUTPUT_1 = len(MAIN) + len(INPUTS)
EXTRA = ("Z setpoint (V)", "Z error (V)", "Safe tip (A)", "Current overload", "Z controller status")
Z_SETPOINT, Z_ERROR, SAFE_TIP, OVERLOAD, Z_STATUS = range(OUTPUT_1 + 8, OUTPUT_1 + 13)
_NAMED = MAIN + INPUTS + OUTPUTS + EXTRA
NAMES = _NAMED + tuple(f"Internal {number}" for number in range(len(_NAMED), COUNT))

READOUT_NOISE = {DEFLECTION: 2e-3, FRICTION: 1e-3, Z: 0.1e-9, **dict.fromkeys(range(8, 14), 50e-6)}
"""Noise of a signal in 1 kHz (rms, in its unit): 2 mV is 0.1 nm of deflection (domain.md §3)."""
READOUT_BANDWIDTH = 1e3
"""Bandwidth for which `READOUT_NOISE` holds (Hz)."""


class SignalBoard:
    """All signals by index. Other parts may `bind` an index to a source of their own."""

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._sources: dict[int, Callable[[], float]] = {}
        self._marks: list[tuple[float, dict[int, float]]] = []
        self._held: dict[int, tuple[int, float]] = {}
        self._bind_main()

    def _bind_main(self) -> None:
        controller, world = self._controller, self._controller.world
        self.bind(CURRENT, world.preamp_current)
        self.bind(BIAS, lambda: controller.bias.value)
        self.bind(Z, lambda: controller.z.position)
        self.bind(X, lambda: controller.motion.x)
        self.bind(Y, lambda: controller.motion.y)
        self.bind(DEFLECTION, lambda: controller.deflection(world.tip.force))
        self.bind(FORCE, lambda: world.tip.force)
        self.bind(Z_SETPOINT, lambda: controller.z.setpoint)
        self.bind(Z_ERROR, lambda: controller.deflection(world.tip.force) - controller.z.setpoint)
        self.bind(SAFE_TIP, world.preamp_current)
        self.bind(OVERLOAD, lambda: float(controller.preamp.overloaded(world.preamp_current())))
        self.bind(Z_STATUS, lambda: float(controller.z.status))

    def bind(self, index: int, source: Callable[[], float]) -> None:
        """Let signal `index` show what `source` returns (true value, without readout noise)."""
        self._sources[index] = source

    # --- now
    def true(self, index: int) -> float:
        """Return signal `index` now, as it is before the readout; 0 where nothing is connected."""
        source = self._sources.get(index)
        return 0.0 if source is None else source()

    def read(self, index: int, bandwidth: float) -> float:
        """Return signal `index` now as read in `bandwidth` (Hz): readout noise, gain limits, overload.

        An average over T has a bandwidth of 0.5/T.
        """
        return self._read_out(index, self.true(index), self._controller.now, bandwidth)

    def _read_out(self, index: int, true: float, t: float, bandwidth: float) -> float:
        if index in (CURRENT, SAFE_TIP):
            preamp = self._controller.preamp
            return preamp.read(true + preamp.noise(t, 0.5 / bandwidth, true))
        rms = READOUT_NOISE.get(index, 0.0)
        if not rms:
            return true
        share = math.sqrt(min(1.0, bandwidth / READOUT_BANDWIDTH))
        return true + rms * share * self._controller.world.noise(f"nanonis:{NAMES[index]}", t)

    # --- publication
    @property
    def _tick(self) -> int:
        """Number of the last publication."""
        return math.floor(self._controller.now / self._controller.tap + 1e-6)

    def set_period(self, tap: float) -> None:
        """Publish every `tap` (s) from now on."""
        self._marks, self._held = [], {}
        self._controller.tap = tap

    def mark(self) -> None:
        """Note what all signals are, just before something changes them: publications average over the change."""
        start = self._tick * self._controller.tap
        self._marks = [entry for entry in self._marks if entry[0] > start - self._controller.tap]
        self._marks.append((self._controller.now, {index: source() for index, source in self._sources.items()}))

    def published(self, index: int) -> float:
        """Return the last published value of signal `index`."""
        tick = self._tick
        held = self._held.get(index)
        if held and held[0] == tick:
            return held[1]
        return self._read_out(index, self._mean(index, tick), tick * self._controller.tap, 0.5 / self._controller.tap)

    def _mean(self, index: int, tick: int) -> float:
        """Return the mean over the period that ended at publication `tick`."""
        tap = self._controller.tap
        end = tick * tap
        later = [values for t, values in self._marks if t > end - 1e-9]
        value = later[0].get(index, 0.0) if later else self.true(index)
        earlier = [entry for entry in self._marks if end - tap < entry[0] <= end - 1e-9]
        if not earlier:
            return value
        total, upto = 0.0, end
        for t, values in reversed(earlier):
            total += value * (upto - t)
            value, upto = values.get(index, 0.0), t
        return (total + value * (upto - (end - tap))) / tap

    async def next_publication(self, session: Session, newest: bool) -> None:
        """Wait for the next publication, for the one after it when `newest`."""
        tap, now = self._controller.tap, self._controller.now
        periods = math.floor(now / tap + 1e-6) + (2 if newest else 1)
        await session.spend(periods * tap - now)

    def hold(self, session: Session, index: int) -> float:
        """Return the published value and keep it until the next publication (if `session` owns time)."""
        value = self.published(index)
        if session.owns:
            self._held[index] = (self._tick, value)
        return value
