"""Arrays that grow at their end, with room to spare: adding costs the same however long they have become. No Qt."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROOM = 256
"""Rows there is room for at first."""


class Growing:
    """Rows of one shape. `inner`: shape of a row; `most`: rows kept, the latest ones, None for all."""

    def __init__(self, dtype: str = "f8", inner: tuple[int, ...] = (), most: int | None = None) -> None:
        self._room: NDArray[Any] = np.empty((_ROOM, *inner), dtype=dtype)
        self._begin = self._end = 0
        self._most = most

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def rows(self) -> NDArray[Any]:
        """The rows so far, shape (n, *inner); what is added later is written behind them."""
        return self._room[self._begin : self._end]

    def add(self, rows: ArrayLike) -> None:
        """Add rows, shape (n, *inner)."""
        new = np.asarray(rows)
        if self._end + len(new) > len(self._room):
            self._make_room(len(new))
        self._room[self._end : self._end + len(new)] = new
        self._end += len(new)
        if self._most is not None:
            self._begin = max(self._begin, self._end - self._most)

    def _make_room(self, count: int) -> None:
        kept = self.rows
        grown = np.empty((2 * (len(kept) + count), *self._room.shape[1:]), dtype=self._room.dtype)
        grown[: len(kept)] = kept
        self._room, self._begin, self._end = grown, 0, len(kept)
