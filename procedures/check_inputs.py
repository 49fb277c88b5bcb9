"""The inputs of a contact check, as parameters; ContactCheck and TriggerMap name them differently."""

from typing import Any

from procedures.checking import CheckPlan
from procedures.inputs import number, switch

READING = 1.0
"""Time of the readings at each test bias (s)."""

SETTLING = 5.0
"""Time of a check besides its dwells (s): landing twice, one or two retractions."""


def bias() -> Any:
    """Return the parameter for the test bias."""
    return number("Check bias", "V", 0.05, 1e-3, 0.2, "check", "tested at both signs, far below any plating")


def dwell() -> Any:
    """Return the parameter for the wait at each test bias."""
    return number("Check dwell", "s", 1.0, 0.01, 60.0, "check", "wait at each test bias before reading")


def compliance() -> Any:
    """Return the parameter for the current limit of a check."""
    return number("Check compliance", "A", 10e-9, 1e-9, 1e-6, "check", "largest |current| of the check")


def reference_pad() -> Any:
    """Return the parameter that says whether a check stands on a conducting pad."""
    return switch("Reference pad", False, "check", "the check stands on a conducting pad of known resistance")


def pad_resistance() -> Any:
    """Return the parameter for the largest resistance of a good contact on the pad."""
    return number("Pad resistance", "ohm", 100e3, 1.0, 1e12, "check", "a reference pad that reads more has failed")


def duration(plan: CheckPlan) -> float:
    """Return the time of one check (s)."""
    return 2 * plan.dwell + SETTLING


def charge(plan: CheckPlan, series_resistance: float) -> float:
    """Return the most charge a check can pass (C): what compliance and series resistor (ohm) let through meanwhile."""
    current = min(plan.compliance, plan.bias / series_resistance) if series_resistance > 0 else plan.compliance
    return current * 2 * (plan.dwell + READING)
