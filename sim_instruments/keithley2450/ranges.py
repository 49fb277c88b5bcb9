"""The 2450's ranges, settling and noise: numbers of the data sheet, and those that are ours.

Sources: Keithley 2450 reference manual (2450-901-01B, 2013) and specifications (SPEC-2450); hardware.md §2.3.
"""

from collections.abc import Sequence

CURRENT_RANGES = (10e-9, 100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0)
"""Ranges for sourcing and measuring current (A)."""
VOLTAGE_RANGES = (0.02, 0.2, 2.0, 20.0, 200.0)
"""Ranges for sourcing and measuring voltage (V)."""
RESISTANCE_RANGES = (20.0, 200.0, 2e3, 20e3, 200e3, 2e6, 20e6, 200e6)
"""Ranges for measuring resistance (ohm)."""
OVERRANGE = 1.05
"""A range reaches this much beyond its name."""
PROTECTION_LEVELS = (2, 5, 10, 20, 40, 60, 80, 100, 120, 140, 160, 180)
"""Overvoltage protection levels (V)."""
INTERLOCKED_VOLTAGE = 21.0
"""What may be sourced with the interlock open (V): the 20 V range and its overrange."""

NOISE_OF_RANGE = 2e-6
"""RMS noise of a reading at 1 NPLC as a share of its range. Ours: SPEC-2450 lists accuracy, no noise per aperture."""
CURRENT_NOISE_FLOOR = 50e-15
"""RMS noise of a current reading at 1 NPLC that no range goes below (A). Ours."""
READING_OVERHEAD = 130e-6
"""Time a reading takes beyond its aperture (s): gives about 3000 readings/s at 0.01 NPLC."""
SOURCE_STEP_TIME = 250e-6
"""Time a change of the source takes (s): gives about 1700 source-measure points/s at 0.01 NPLC."""

_AUTO_DELAYS = ((150e-9, 50e-3), (1.5e-6, 3e-3), (15e-6, 2e-3))
_AUTO_DELAYS_HIGH_C = ((15e-9, 0.1), (150e-9, 0.02), (1.5e-6, 0.01), (15e-6, 0.01))


def fitting(ranges: Sequence[float], value: float) -> float:
    """Return the lowest range that holds `value`, the highest if none does."""
    return next((span for span in ranges if abs(value) <= span * OVERRANGE * (1 + 1e-9)), ranges[-1])


def auto_delay(current_range: float, high_capacitance: bool) -> float:
    """Return the source's automatic delay (s) on a current range (A)."""
    table, rest = (_AUTO_DELAYS_HIGH_C, 5e-3) if high_capacitance else (_AUTO_DELAYS, 1e-3)
    return next((delay for below, delay in table if current_range < below), rest)
