"""Force curves by the controller's Z spectroscopy, and the free lever's thermal spectrum by its spectrum analyzer."""

import math

import numpy as np

from drivers.nanonis_session import NanonisSession
from drivers.nanonis_signals import Signals
from drivers.nanonis_tip import Tip
from nanoprobe.errors import BadInput, InstrumentError
from nanoprobe.roles import Array, CurvePlan, ForceCurve, Spectrum, Watch
from nanoprobe.units import si

SETTLED_PART = 0.2
"""Part of a sample's time spent settling; the rest is averaged over."""
SLEW = 1e3
"""Z's fastest change on the way to the curve's start and back (V/s at the controller's output)."""
CONTROL_TIME = 0.05
"""Time feedback has to settle after the curve (s)."""
SLACK_FACTOR, SLACK = 2.0, 30.0
"""A curve may take so many times its planned duration, and so much more (s)."""
DRAIN_TIMEOUT = 5.0
THRESHOLD_TOLERANCE = 1e-3
OFF, ON = 2, 1
HIGHER, NO_SECOND = 0, 1
DATA = 1
ANALYZER = 1
RMS, LINEAR = 2, 0
FEWEST_POINTS = 4000
"""Points of a spectrum up to the frequency asked for that still resolve a resonance in a gas."""


class ForceCurves:
    """What one controller measures with its lever."""

    def __init__(self, work: NanonisSession, abort: NanonisSession, signals: Signals, tip: Tip) -> None:
        self._work = work
        self._abort = abort
        self._signals = signals
        self._tip = tip
        self._loaded: CurvePlan | None = None
        self._reach = (math.inf, -math.inf)

    # --- force curves

    def take(self, plan: CurvePlan, watch: Watch) -> ForceCurve:
        """Take a curve from where feedback holds the tip. See `Probe.force_curve`."""
        if plan != self._loaded:
            self._loaded = None
            self._load(plan)
            self._loaded = plan
        base = self._tip.z()
        self._check_reach(base, plan)
        names, table, _ = self._measured(plan, watch)
        return self._curve(plan, names, table, base)

    def _load(self, plan: CurvePlan) -> None:
        interval = plan.duration / plan.samples
        self._reach = self._work.call("ZCtrl.LimitsGet", returns="f f")
        self._work.call("ZSpectr.Open")
        self._work.call("ZSpectr.ChsSet", "ai", [self._signals.signal("deflection").index])
        self._work.call("ZSpectr.PropsSet", "H i H H H H", ON, plan.samples, 1, OFF, OFF, OFF)
        self._work.call("ZSpectr.AdvPropsSet", "f H H H", 0.0, OFF, OFF, ON)  # Z goes back at the end
        self._work.call("ZSpectr.RangeSet", "f f", plan.lift, -(plan.lift + plan.depth))
        settling = SETTLED_PART * interval
        self._work.call(
            "ZSpectr.TimingSet", "f f f f f f f", 0.0, 0.0, SLEW, settling, interval - settling, 0.0, CONTROL_TIME
        )
        self._load_force(plan)

    def _load_force(self, plan: CurvePlan) -> None:
        """Load the force at which the controller itself turns back, and read it back."""
        signal, threshold = self._signals.signal("deflection").index, self._tip.calibration.setpoint(plan.force)
        self._work.call("ZSpectr.RetractSecondSet", "i f i H", NO_SECOND, 0.0, -1, HIGHER)
        self._work.call("ZSpectr.RetractSet", "H f i H", ON, threshold, signal, HIGHER)
        on, found, taken, _ = self._work.call("ZSpectr.RetractGet", returns="H f i H")
        if not on or taken != signal or abs(found - threshold) > THRESHOLD_TOLERANCE * threshold:
            raise InstrumentError(
                f"Nanonis: auto retract reads {si(found, 'V')} on signal {taken} ({'on' if on else 'off'}) after "
                f"{si(threshold, 'V')} on signal {signal} was set"
            )

    def _check_reach(self, base: float, plan: CurvePlan) -> None:
        high, low = self._reach
        if not (low <= base - plan.depth and base + plan.lift <= high):
            raise BadInput(
                f"Nanonis: a force curve from Z {si(base + plan.lift, 'm')} to {si(base - plan.depth, 'm')} is out of "
                f"reach ({si(low, 'm')} to {si(high, 'm')}): shorten the ramp, or approach anew"
            )

    def _measured(self, plan: CurvePlan, watch: Watch) -> tuple[list[str], Array, Array]:
        try:
            names, table, parameters = self._work.call_watched(
                "ZSpectr.Start", "I s", DATA, "", returns="as 2f af", watch=watch,
                timeout=SLACK_FACTOR * 2 * plan.duration + SLACK,
            )  # fmt: skip
        except BaseException:
            self._abort.revive()
            self._abort.call("ZSpectr.Stop")
            self._work.drain("ZSpectr.Start", DRAIN_TIMEOUT)
            raise
        return names, table, parameters

    def _curve(self, plan: CurvePlan, names: list[str], table: Array, base: float) -> ForceCurve:
        deflection = self._signals.signal("deflection").name
        wanted = [deflection, backward_name(deflection)]
        if not set(wanted) <= set(names):
            raise InstrumentError(f"Nanonis recorded {', '.join(names)}; {' and '.join(wanted)} are needed")
        inward, outward = (table[names.index(name)].astype(np.float64) for name in wanted)
        if not np.isfinite(inward).any():
            raise InstrumentError("Nanonis: the force curve was stopped before its first sample")
        levels = plan.lift - np.linspace(0.0, plan.lift + plan.depth, plan.samples)
        return ForceCurve(levels[: len(inward)], inward, outward, base)

    # --- thermal spectrum

    def thermal_spectrum(self, highest: float, averages: int, watch: Watch) -> Spectrum:
        """Return the spectrum of the deflection. See `Probe.thermal_spectrum`."""
        call = self._work.call
        call("SpectrumAnlzr.ChSet", "i i", ANALYZER, self._signals.signal("deflection").index)
        _, ranges = call("SpectrumAnlzr.FreqRangeGet", "i", ANALYZER, returns="i af")
        call("SpectrumAnlzr.FreqRangeSet", "i i", ANALYZER, _least_above(ranges, highest))
        _, steps = call("SpectrumAnlzr.FreqResGet", "i", ANALYZER, returns="H af")
        finest = int(np.argmin(steps))
        fine_enough = [index for index in range(len(steps)) if steps[index] <= highest / FEWEST_POINTS] or [finest]
        chosen = max(fine_enough, key=lambda index: float(steps[index]))
        call("SpectrumAnlzr.FreqResSet", "i H", ANALYZER, chosen)
        call("SpectrumAnlzr.AveragSet", "i H H I", ANALYZER, RMS, LINEAR, averages)
        call("SpectrumAnlzr.Run", "i", ANALYZER)
        self._let_average(averages / float(steps[chosen]), watch)
        first, step, amplitude = call("SpectrumAnlzr.DataGet", "i", ANALYZER, returns="f f af")
        frequency = first + step * np.arange(len(amplitude), dtype=np.float64)
        return Spectrum(frequency, np.asarray(amplitude, dtype=np.float64) ** 2, averages)

    def _let_average(self, seconds: float, watch: Watch) -> None:
        pause = max(2 * self._signals.period, 0.2)
        for _ in range(math.ceil(seconds / pause)):
            watch()
            self._signals.wait(pause)


def _least_above(ranges: Array, highest: float) -> int:
    """Return the index of the smallest range (Hz) that reaches `highest`, of the largest where none does."""
    enough = [index for index in range(len(ranges)) if ranges[index] >= highest]
    return min(enough, key=lambda index: float(ranges[index])) if enough else int(np.argmax(ranges))


def backward_name(name: str) -> str:
    """Return how the controller names a signal on the way back: "Deflection (V)" becomes "Deflection [bwd] (V)"."""
    stem, bracket, unit = name.rpartition(" (")
    return f"{stem} [bwd] ({unit}" if bracket else f"{name} [bwd]"
