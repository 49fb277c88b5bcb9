"""How the tip gets from place to place: output off, lift, move, land at bias 0, wait for the force; never dragged."""

from collections.abc import Callable

from nanoprobe.bench import Bench
from nanoprobe.errors import ContactLost, InstrumentError, LinkLost
from nanoprobe.units import si

LIFT = 500e-9
"""Height (m) between points: above any deposit, so that the tip is never dragged over fresh lithium."""

FORCE_TOLERANCE = 0.1
"""A landing has succeeded when the force is this close to the setpoint (1)."""

FORCE_ALARM = 0.3
"""A force this far from the setpoint (1) while a bias stands latches the interlock."""


class Contact:
    """The tip's way over the surface of one bench at one force (N)."""

    def __init__(self, lab: Bench, force: float, watch: Callable[[], None]) -> None:
        self._lab = lab
        self.force = force
        self._watch = watch

    def go(self, x: float, y: float) -> float:
        """Bring the tip to x, y (m) and into contact without bias; return the force (N).

        Raises ContactLost when the landing failed; the output is off then.
        """
        self._watch()
        self._lab.source.off()
        probe = self._lab.probe
        engaged = probe.engaged()
        if engaged:
            probe.lift(LIFT)
        probe.move_to(x, y)
        self._watch()
        return self._come_down(probe.land if engaged else probe.approach, x, y)

    def hop(self, x: float, y: float) -> None:
        """Like `go` from a place where feedback is known to hold the tip; the landing itself sees to the force.

        For thousands of points in a row: it asks the controller four questions less. Raises ContactLost likewise.
        """
        self._watch()
        self._lab.source.off()
        probe = self._lab.probe
        probe.lift(LIFT)
        probe.move_to(x, y)
        self._watch()
        try:
            probe.land(self.force)
        except LinkLost:
            raise
        except InstrumentError as error:
            raise ContactLost(f"the tip did not come down at {_place(x, y)}: {error}") from error

    def _come_down(self, how: Callable[[float], None], x: float, y: float) -> float:
        try:
            how(self.force)
            force = self._lab.probe.force()
        except LinkLost:
            raise
        except InstrumentError as error:
            raise ContactLost(f"the tip did not come down at {_place(x, y)}: {error}") from error
        if abs(force - self.force) > FORCE_TOLERANCE * self.force:
            raise ContactLost(
                f"the force at {_place(x, y)} is {si(force, 'N')} after landing, not within 10 % of "
                f"{si(self.force, 'N')}: look at the laser spot and the surface"
            )
        return force

    def rest(self) -> None:
        """Leave things as a run that ended well does: output off, bias 0, tip in contact."""
        self._lab.source.off()
        if not self._lab.probe.engaged():
            self._lab.probe.approach(self.force)

    def holds(self, force: float) -> bool:
        """Say whether a force (N) is within 30 % of the setpoint."""
        return abs(force - self.force) <= FORCE_ALARM * self.force

    def judge_force(self, force: float) -> None:
        """Take a force (N) read while a bias stands: beyond 30 % of the setpoint latches and raises Interlocked."""
        if not self.holds(force):
            self._lab.interlock.latch(f"force of {si(force, 'N')} on the tip, {si(self.force, 'N')} was set")
        self._lab.interlock.check()


def _place(x: float, y: float) -> str:
    return f"x {si(x, 'm')}, y {si(y, 'm')}"
