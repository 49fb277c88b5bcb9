"""Where lithium has been left behind by earlier triggers."""

import math

from sim_instruments.contact import Contact

_CELL = 1e-6


class Deposits:
    """Triggered spots, found by place; coordinates in the sample's frame (m)."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float, Contact]]] = {}

    def add(self, x: float, y: float, contact: Contact) -> None:
        """Remember a triggered contact; its deposit may still grow."""
        self._cells.setdefault((math.floor(x / _CELL), math.floor(y / _CELL)), []).append((x, y, contact))

    def radius_at(self, x: float, y: float) -> float:
        """Return the radius (m) of the largest deposit that covers `x`, `y`, 0 where none does.

        Deposits of more than 1 um are found as far as 1 um.
        """
        found = self.at(x, y)
        return 0.0 if found is None else found.radius

    def at(self, x: float, y: float) -> Contact | None:
        """Return the contact that left the largest deposit that covers `x`, `y`; None where none does."""
        column, row = math.floor(x / _CELL), math.floor(y / _CELL)
        near = ((column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        spots = (spot for cell in near for spot in self._cells.get(cell, ()))
        covering = [contact for a, b, contact in spots if math.hypot(x - a, y - b) < contact.radius]
        return max(covering, key=lambda contact: contact.radius, default=None)
