"""Noise as a function of (seed, channel, tick), never of the order of draws.

Whoever reads, and however often, the noise at one moment of one channel stays the same: a second client that looks on
changes no data. The hash is SplitMix64's output function (Steele, Lea, Flood 2014), the normal deviates are
Box and Muller's (1958).
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TICK = 1e-6
"""Resolution of noise in time (s)."""
_MASK = 0xFFFFFFFFFFFFFFFF
_STEP, _MIX_1, _MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_TO_UNIT = 2.0**-32
_OCTAVE_BITS = 40


def _key(seed: int, channel: str) -> int:
    digest = hashlib.blake2b(f"{seed}\0{channel}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Noise:
    """Standard normal and uniform deviates, addressed by channel and tick (or any whole number)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._keys: dict[str, int] = {}

    def _key_of(self, channel: str) -> int:
        key = self._keys.get(channel)
        if key is None:
            key = self._keys[channel] = _key(self._seed, channel)
        return key

    def _bits(self, channel: str, index: int) -> int:
        z = (self._key_of(channel) + index * _STEP) & _MASK
        z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
        z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
        return z ^ (z >> 31)

    def _bits_array(self, channel: str, index: NDArray[np.int64]) -> NDArray[np.uint64]:
        z = index.astype(np.uint64) * np.uint64(_STEP) + np.uint64(self._key_of(channel))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX_1)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX_2)
        return z ^ (z >> np.uint64(31))

    def uniform(self, channel: str, index: int) -> float:
        """Return a deviate of (0, 1) that belongs to whole number `index` of `channel`."""
        return ((self._bits(channel, index) >> 32) + 0.5) * _TO_UNIT

    def normal_at(self, channel: str, index: int) -> float:
        """Return a standard normal deviate that belongs to whole number `index` of `channel`."""
        bits = self._bits(channel, index)
        radius = math.sqrt(-2.0 * math.log(((bits >> 32) + 0.5) * _TO_UNIT))
        return radius * math.cos(2.0 * math.pi * ((bits & 0xFFFFFFFF) * _TO_UNIT))

    def normals_at(self, channel: str, index: NDArray[np.int64]) -> Floats:
        """Return what `normal_at` returns, for an array of whole numbers (to the last bits of log and cos)."""
        bits = self._bits_array(channel, index)
        radius = np.sqrt(-2.0 * np.log(((bits >> np.uint64(32)).astype(np.float64) + 0.5) * _TO_UNIT))
        angle = (bits & np.uint64(0xFFFFFFFF)).astype(np.float64) * (2.0 * math.pi * _TO_UNIT)
        return np.asarray(radius * np.cos(angle), dtype=np.float64)

    def normal(self, channel: str, t: float) -> float:
        """Return the standard normal deviate of `channel` at time `t` (s)."""
        return self.normal_at(channel, round(t / TICK))

    def normals(self, channel: str, t: Floats) -> Floats:
        """Return the standard normal deviates of `channel` at times `t` (s)."""
        return self.normals_at(channel, np.rint(t / TICK).astype(np.int64))

    def pink(self, channel: str, t: Floats, shortest: float, octaves: int) -> Floats:
        """Return noise of unit variance whose power falls as 1/f over `octaves` octaves below 1/`shortest` (Hz).

        Sum of values held for `shortest`, twice that, ... (Voss and McCartney's way, Gardner 1978), so that it too is
        a function of time alone.
        """
        scale = shortest * 2.0 ** np.arange(octaves)
        index = np.floor(t[None, :] / scale[:, None]).astype(np.int64)
        first = index.min(axis=1)
        held = index.max(axis=1) - first + 1
        if int(held.sum()) > 4 * index.size:
            return self._sum_octaves(self.normals_at(channel, (index + _octave_base(octaves)).ravel()), index)
        # Most values are held over many moments: draw each once.
        starts = np.cumsum(held) - held
        drawn = np.arange(int(held.sum()), dtype=np.int64)
        drawn += np.repeat(first - starts + _octave_base(octaves)[:, 0], held)
        values = self.normals_at(channel, drawn)
        return self._sum_octaves(values[(index - (first - starts)[:, None]).ravel()], index)

    def pink_at(self, channel: str, t: float, shortest: float, octaves: int) -> float:
        """Return what `pink` returns, at one moment `t` (s)."""
        total = 0.0
        for octave in range(octaves):
            index = math.floor(t / (shortest * 2.0**octave))
            total += self.normal_at(channel, index + (octave << _OCTAVE_BITS))
        return total / math.sqrt(octaves)

    @staticmethod
    def _sum_octaves(values: Floats, index: NDArray[np.int64]) -> Floats:
        return np.asarray(values.reshape(index.shape).sum(axis=0) / math.sqrt(len(index)), dtype=np.float64)


def _octave_base(octaves: int) -> NDArray[np.int64]:
    """Return where the whole numbers of each octave start, far enough apart for 2^40 of the shortest."""
    return (np.arange(octaves, dtype=np.int64) << _OCTAVE_BITS)[:, None]
