"""What ends a current map: a current at which lithium would be plated while scanning."""

import numpy as np

from nanoprobe.bench import Bench
from nanoprobe.roles import ScanLine
from nanoprobe.units import si
from procedures.contact import Contact


class MapGuard:
    """Watches the lines of a map. The source's compliance, set to the same `limit` (A), holds the current meanwhile."""

    def __init__(self, lab: Bench, contact: Contact, limit: float) -> None:
        self._lab = lab
        self._contact = contact
        self._limit = limit
        self._off_the_surface = 0

    def check(self, line: ScanLine) -> None:
        """Latch the interlock and raise Interlocked when the map's limit was passed or the source is limiting."""
        peak = float(np.nanmax(np.abs(line.values["current"]), initial=0.0))
        if peak > self._limit:
            self._stop(f"line {line.index} of the current map reached {si(peak, 'A')}")
        if self._lab.source.in_compliance():
            self._stop(f"the source reached its compliance at line {line.index} of the current map")
        self._check_contact()

    def _check_contact(self) -> None:
        """Latch and raise when the force was out of bounds at two lines in a row: one may be a step of the surface."""
        force = self._lab.probe.force()
        self._off_the_surface = 0 if self._contact.holds(force) else self._off_the_surface + 1
        if self._off_the_surface > 1:
            self._lab.source.off()
            self._contact.judge_force(force)

    def _stop(self, what: str) -> None:
        self._lab.source.off()
        self._lab.interlock.latch(
            f"{what}; its limit is {si(self._limit, 'A')}, since lithium would be plated while scanning: "
            f"choose a smaller map_bias or another place"
        )
        self._lab.interlock.check()
