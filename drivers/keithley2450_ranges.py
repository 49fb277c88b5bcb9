"""What the 2450 can measure, source and protect; numbers of its data sheet (SPEC-2450) and reference manual."""

from nanoprobe.errors import BadInput
from nanoprobe.units import si

CURRENT_RANGES = (10e-9, 100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0)
"""Measure ranges (A)."""
VOLTAGE_RANGES = (0.02, 0.2, 2.0, 20.0, 200.0)
"""Source ranges (V)."""
PROTECTION_LEVELS = (2, 5, 10, 20, 40, 60, 80, 100, 120, 140, 160, 180)
"""Overvoltage protection (V)."""
OVERRANGE = 1.05
"""A range reads, sources and limits up to this part of its name."""
READABLE = 0.95
"""A trip level must lie within this part of the range, so that a reading beyond it is still a number."""
LEAST_LIMIT = 0.1
"""The current limit cannot be set below this part of the range."""
PROTECTION_TOLERANCE = 0.05
"""The overvoltage protection may act this part below its level."""

_OFFSETS = {10e-9: 50e-12, 100e-9: 100e-12, 1e-6: 300e-12}
_OFFSET_OF_RANGE = 3e-4
"""Offset accuracy of the higher ranges as part of the range; an assumption on the safe side."""


def current_floor(current_range: float) -> float:
    """Return the smallest trip level (A) a range can judge: twice its offset accuracy."""
    return 2 * _OFFSETS.get(current_range, _OFFSET_OF_RANGE * current_range)


def current_range(compliance: float, trip_current: float = 0.0) -> float:
    """Return the lowest range (A) that holds `compliance` and can read `trip_current`. Raises BadInput for none."""
    for span in CURRENT_RANGES:
        if compliance <= span * OVERRANGE and trip_current <= span * READABLE:
            return _checked(span, compliance, trip_current)
    raise BadInput(f"Keithley 2450: no current range holds {si(max(compliance, trip_current), 'A')}; it ends at 1 A")


def _checked(span: float, compliance: float, trip_current: float) -> float:
    least = LEAST_LIMIT * span * (1 - 1e-9)
    if compliance < least:
        raise BadInput(
            f"Keithley 2450: a compliance of {si(compliance, 'A')} cannot be set; on the {si(span, 'A')} range it starts "
            f"at {si(least, 'A')}"
        )
    if 0 < trip_current < current_floor(span):
        raise BadInput(
            f"Keithley 2450: a trip current of {si(trip_current, 'A')} is below the floor of the {si(span, 'A')} range "
            f"that a compliance of {si(compliance, 'A')} needs ({si(current_floor(span), 'A')}); lower the compliance"
        )
    return span


def voltage_range(bias: float) -> float:
    """Return the lowest source range that holds `bias` (V). Raises BadInput for none."""
    for span in VOLTAGE_RANGES:
        if abs(bias) <= span * OVERRANGE:
            return span
    raise BadInput(f"Keithley 2450: {si(bias, 'V')} is beyond its largest range (210 V)")


def protection(bias: float) -> str:
    """Return the name of the lowest overvoltage protection that lets `bias` (V) through for certain."""
    for level in PROTECTION_LEVELS:
        if abs(bias) <= level * (1 - PROTECTION_TOLERANCE):
            return f"PROT{level}"
    return "NONE"
