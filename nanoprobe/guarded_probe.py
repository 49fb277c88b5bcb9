"""A probe whose every command passes the interlock and the bench's limits before it reaches the controller."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from nanoprobe.atmosphere import Atmosphere, AtmosphereTable
from nanoprobe.errors import BadInput, LinkLost
from nanoprobe.interlock import Interlock
from nanoprobe.limits import Limits
from nanoprobe.roles import (
    BiasSource,
    CurvePlan,
    ForceCalibration,
    ForceCurve,
    Probe,
    RetractCurve,
    ScanLine,
    ScanPlan,
    Spectrum,
    Watch,
)
from nanoprobe.units import si

T = TypeVar("T")

LONGEST_COMMAND = 120.0
"""Time (s) asked of the guard for a command that may take long by right: a motion, a landing, a coarse approach."""


class GuardedProbe:
    """Fulfils `Probe`; see there for every method. Reading and making safe are allowed while the interlock is latched."""

    def __init__(
        self,
        probe: Probe,
        limits: Limits,
        interlock: Interlock,
        lease: Callable[[float], None] = lambda seconds: None,
        atmosphere: AtmosphereTable | None = None,
    ) -> None:
        self._lease = lease
        self._probe = probe
        self._limits = limits
        self._interlock = interlock
        self._atmosphere = Atmosphere(atmosphere or AtmosphereTable(), probe.read, interlock)
        self._atmosphere.require(probe.channels)
        probe.heed(interlock.check)

    @property
    def identity(self) -> str:
        """See Probe."""
        return self._probe.identity

    @property
    def acquisition_period(self) -> float:
        """See Probe."""
        return self._probe.acquisition_period

    @property
    def channels(self) -> Mapping[str, str]:
        """See Probe."""
        return self._probe.channels

    @property
    def scanner_range(self) -> float:
        """See Probe."""
        return self._probe.scanner_range

    def heed(self, watch: Watch) -> None:
        """See Probe. The interlock is heeded whatever `watch` is."""
        self._probe.heed(self._watched(watch))

    def check_feedback(self) -> None:
        """See Probe."""
        self._read(self._probe.check_feedback)

    def engaged(self) -> bool:
        """See Probe."""
        return self._read(self._probe.engaged)

    def approach(self, force: float) -> None:
        """See Probe. Raises LimitExceeded beyond the bench's force."""
        self._limits.check_force(force, "approach force")
        self._act(lambda: self._probe.approach(force))

    def lift(self, height: float) -> None:
        """See Probe."""
        self._act(lambda: self._probe.lift(height))

    def land(self, force: float) -> None:
        """See Probe. Raises LimitExceeded beyond the bench's force."""
        self._limits.check_force(force, "landing force")
        self._act(lambda: self._probe.land(force))

    def withdraw(self) -> None:
        """See Probe."""
        self._read(self._probe.withdraw)

    def retract_curve(self, height: float, steps: int) -> RetractCurve:
        """See Probe."""
        return self._act(lambda: self._probe.retract_curve(height, steps))

    @property
    def calibration(self) -> ForceCalibration:
        """See Probe."""
        return self._probe.calibration

    def force_curve(self, plan: CurvePlan, watch: Watch) -> ForceCurve:
        """See Probe. Raises LimitExceeded beyond the bench's force; one that was passed latches the interlock."""
        self._limits.check_force(plan.force, "force of a force curve")
        if not plan.lift > 0 or not plan.depth >= 0:
            raise BadInput(f"a force curve from {si(plan.lift, 'm')} above to {si(plan.depth, 'm')} below goes nowhere")
        curve = self._act(lambda: self._probe.force_curve(plan, self._watched(watch)))
        self._judged(self.calibration.force(float(np.nanmax(np.concatenate([curve.inward, curve.outward])))))
        self._interlock.check()
        return curve

    def thermal_spectrum(self, highest: float, averages: int, watch: Watch) -> Spectrum:
        """See Probe."""
        return self._act(lambda: self._probe.thermal_spectrum(highest, averages, self._watched(watch)))

    def force(self) -> float:
        """See Probe. A force beyond the hard limit latches the interlock."""
        return self._judged(self._read(self._probe.force))

    def force_and_current(self) -> tuple[float, float]:
        """See Probe. A force beyond the hard limit latches the interlock."""
        force, current = self._read(self._probe.force_and_current)
        return self._judged(force), current

    def _judged(self, force: float) -> float:
        if abs(force) > self._limits.force:
            self._interlock.latch(f"force of {force:.3g} N on the tip, hard limit {self._limits.force:.3g} N")
        return force

    def current_range(self) -> float:
        """See Probe."""
        return self._read(self._probe.current_range)

    def position(self) -> tuple[float, float]:
        """See Probe."""
        return self._read(self._probe.position)

    def move_to(self, x: float, y: float) -> None:
        """See Probe. Raises LimitExceeded outside the bench's scan range."""
        self._limits.check_place(x, y, "move to")
        self._act(lambda: self._probe.move_to(x, y))

    def read(self, *names: str) -> dict[str, float]:
        """See Probe."""
        return self._read(lambda: self._probe.read(*names))

    def wait(self, seconds: float) -> None:
        """See Probe."""
        self._read(lambda: self._probe.wait(seconds))

    def scan(self, plan: ScanPlan, on_line: Callable[[ScanLine], None], watch: Watch) -> None:
        """See Probe. Raises LimitExceeded where a corner of the frame lies outside the bench's scan range."""
        for x, y in plan.frame.corners():
            self._limits.check_place(float(x), float(y), "scan corner")
        self._act(lambda: self._probe.scan(plan, on_line, self._watched(watch)))

    def _watched(self, watch: Watch) -> Watch:
        """Return `watch` with a look at interlock and atmosphere before it."""

        def look() -> None:
            self._interlock.check()
            self._atmosphere.glance()
            watch()

        return look

    def compensate_drift(self, vx: float, vy: float) -> None:
        """See Probe. Ending it (0, 0) is allowed while the interlock is latched."""
        guarded = self._act if vx or vy else self._read
        guarded(lambda: self._probe.compensate_drift(vx, vy))

    def bias_source(self) -> BiasSource:
        """Refuse: the controller's bias is reached through the bench's `source`, or held at 0."""
        raise AttributeError("the bench decides who biases: use bench.source")

    def program_limits(self, *, force: float, current: float) -> None:
        """See Probe."""
        self._act(lambda: self._probe.program_limits(force=force, current=current))

    def stop(self) -> None:
        """See Probe."""
        self._probe.stop()

    def safe_bias(self) -> None:
        """See Probe."""
        self._probe.safe_bias()

    def safe_withdraw(self) -> None:
        """See Probe."""
        self._probe.safe_withdraw()

    def close(self) -> None:
        """See Probe."""
        self._probe.close()

    def _act(self, do: Callable[[], T]) -> T:
        self._interlock.check()
        self._lease(LONGEST_COMMAND)
        self._atmosphere.check()
        return self._read(do)

    def _read(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except LinkLost as error:
            self._interlock.latch(str(error))
            raise
