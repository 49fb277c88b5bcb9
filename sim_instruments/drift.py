"""Drift of the sample against the scanner: steady, creeping after loading, and a slow random walk (domain.md §3)."""

import math
from dataclasses import dataclass

import numpy as np

from sim_instruments.noise import Floats, Noise

SETTLING_TIME = 40 * 60.0
"""Time constant of the drift that loading a sample starts (s)."""
_WALK_STEP = 10.0
_BLOCK = 1024


@dataclass(frozen=True)
class DriftSettings:
    """Rates in m/s, the walk in m/s^0.5; zero everywhere switches drift off."""

    rate: float = 2e-9 / 60.0
    after_loading: float = 0.0
    """Further rate at time 0 (m/s); 50 nm/min right after loading."""
    walk: float = 0.3e-9 / math.sqrt(60.0)


class Drift:
    """Displacement of the sample (m) along x, y and z since time 0, a function of time alone."""

    def __init__(self, settings: DriftSettings, noise: Noise) -> None:
        self._settings = settings
        self._noise = noise
        angle = 2.0 * math.pi * noise.uniform("drift direction", 0)
        sign = 1.0 if noise.uniform("drift direction", 1) > 0.5 else -1.0
        self._direction = (math.cos(angle), math.sin(angle), sign)
        self._walk = np.zeros((1, 3))

    def _walk_to(self, step: int) -> Floats:
        while len(self._walk) <= step:  # as many again, so that months take no longer than their steps
            index = np.arange(max(_BLOCK, len(self._walk)), dtype=np.int64) + len(self._walk)
            steps = [self._noise.normals_at(f"drift {axis}", index) for axis in "xyz"]
            scaled = np.stack(steps, axis=1) * self._settings.walk * math.sqrt(_WALK_STEP)
            self._walk = np.concatenate([self._walk, self._walk[-1] + np.cumsum(scaled, axis=0)])
        return self._walk

    def at(self, t: float) -> tuple[float, float, float]:
        """Return the displacement (m) at time `t` (s)."""
        settings = self._settings
        creep = settings.after_loading * SETTLING_TIME * -math.expm1(-t / SETTLING_TIME)
        steady = settings.rate * t + creep
        step = int(t / _WALK_STEP)
        walk, share = self._walk_to(step + 1), t / _WALK_STEP - step
        before, after = walk[step].tolist(), walk[step + 1].tolist()  # plain floats: a tenth of the cost
        x, y, z = (before[i] + share * (after[i] - before[i]) + steady * self._direction[i] for i in range(3))
        return x, y, z
