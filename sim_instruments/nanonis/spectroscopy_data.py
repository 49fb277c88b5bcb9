"""What a spectroscopy has measured: rows are channels, columns are points of the axis."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class SpectroscopyData:
    """The values of all sweeps on one axis (bias, or Z); what was not reached is NaN, what no sweep reached is cut off."""

    def __init__(
        self,
        levels: Sequence[float] | Floats,
        channels: Sequence[int],
        sweeps: int,
        backward: bool,
        axis: str = "Bias calc (V)",
    ) -> None:
        self.levels = np.asarray(levels, dtype=float)
        self.axis = axis
        self.channels = tuple(channels)
        self._values = np.full((sweeps, 2 if backward else 1, len(self.channels), len(self.levels)), np.nan)

    def record(self, sweep: int, backward: bool, point: int, values: Sequence[float]) -> None:
        """Store one point of a sweep; `point` counts along the bias axis whichever way the sweep goes."""
        self._values[sweep, int(backward), :, point] = values

    def record_many(self, sweep: int, backward: bool, points: npt.NDArray[np.int64], rows: Floats) -> None:
        """Store several points of a sweep (rows: channels x points)."""
        self._values[sweep, int(backward), :, points] = rows.T

    @property
    def reached(self) -> int:
        """How many points from the start of the bias axis were measured at least once."""
        measured = np.flatnonzero(np.isfinite(self._values).any(axis=(0, 1, 2)))
        return int(measured[-1]) + 1 if len(measured) else 0

    def names(self, channel_names: Sequence[str], save_all: bool) -> list[str]:
        """Return the rows' names: the axis as calculated, the averages, then, if wanted, each sweep."""
        passes = [channel_names, [backward_name(name) for name in channel_names]][: self._values.shape[1]]
        average = [name for names in passes for name in names]
        single = [sweep_name(name, sweep) for sweep in self._extra(save_all) for name in average]
        return [self.axis, *average, *single]

    def rows(self, save_all: bool) -> Floats:
        """Return the data to the names (rows x points)."""
        reached = self.reached
        taken = self._values[..., :reached]
        blocks = [self.levels[np.newaxis, :reached], _mean(taken).reshape(-1, reached)]
        blocks += [taken[sweep].reshape(-1, reached) for sweep in self._extra(save_all)]
        return np.concatenate(blocks)

    def _extra(self, save_all: bool) -> range:
        sweeps = self._values.shape[0]
        return range(sweeps if save_all and sweeps > 1 else 0)


def backward_name(name: str) -> str:
    """Return a channel's name in the backward sweep: "Current (A)" becomes "Current [bwd] (A)"."""
    return _with_mark(name, "[bwd]")


def sweep_name(name: str, sweep: int) -> str:
    """Return a channel's name in a single sweep, counted from 0: "Current (A)" becomes "Current [00001] (A)"."""
    return _with_mark(name, f"[{sweep + 1:05d}]")


def _with_mark(name: str, mark: str) -> str:
    stem, bracket, unit = name.rpartition(" (")
    return f"{stem} {mark} ({unit}" if bracket else f"{name} {mark}"


def _mean(values: Floats) -> Floats:
    """Return the mean over the sweeps that reached each point, NaN where none did."""
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    total = np.where(finite, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
