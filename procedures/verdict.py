"""From a finished ramp to the scalars of its point: the trigger, the trip, charge and, with a way back, the loop's area."""

import math
from dataclasses import dataclass

import numpy as np

from nanoprobe.analysis.trigger import Trigger, TriggerSettings, detect
from nanoprobe.biasing import BiasRamp


def judge(ramp: BiasRamp, settings: TriggerSettings) -> dict[str, float]:
    """Return the values of `nanoprobe.records.POINT_VALUES` that the samples of a ramp decide.

    Only the way out is searched for a trigger; charge counts the way back as well.
    """
    turn = len(ramp.time) if ramp.return_from is None else ramp.return_from
    trigger = detect(ramp.time[:turn], ramp.bias[:turn], ramp.current[:turn], settings)
    back = _charge_of_return(ramp, turn, trigger.offset)
    return {
        **_without_gaps(trigger, ramp),
        "charge": trigger.charge + back,
        "charge_after_trigger": trigger.charge_after_trigger + back,
        "baseline_ratio": trigger.baseline_ratio,
        "tripped": float(ramp.tripped),
        "trip_latency": ramp.trip_latency,
        "in_compliance": float(ramp.in_compliance),
        "hysteresis_area": math.nan if ramp.return_from is None else loop_area(ramp),
    }


def _without_gaps(trigger: Trigger, ramp: BiasRamp) -> dict[str, float]:
    peak = np.abs(ramp.current[np.isfinite(ramp.current)])
    return {**trigger.values(), "peak_current": float(peak.max()) if len(peak) else math.nan}


def _charge_of_return(ramp: BiasRamp, turn: int, offset: float) -> float:
    if turn >= len(ramp.time):
        return 0.0
    leg = slice(max(turn - 1, 0), None)
    return float(np.trapezoid(ramp.current[leg] - offset, ramp.time[leg]))


def loop_area(ramp: BiasRamp) -> float:
    """Return the integral of current over bias (W) along the way out and back."""
    return float(np.trapezoid(ramp.current, ramp.bias))


@dataclass(frozen=True, slots=True)
class TriggerTest:
    """What an operator chooses of the trigger's test: `level` A, `sigmas`, `samples`."""

    level: float
    sigmas: float
    samples: int

    def settings(self, series_resistance: float) -> TriggerSettings:
        """Return the whole test for a bench with this series resistance (ohm)."""
        return TriggerSettings(
            level=self.level,
            slope_sigmas=self.sigmas,
            slope_samples=self.samples,
            series_resistance=series_resistance,
        )
