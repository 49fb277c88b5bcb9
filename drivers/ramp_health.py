"""Did the source do in a ramp what it was told? Judged from what it measured itself, so it costs no question."""

import numpy as np

from nanoprobe.errors import SourceFault
from nanoprobe.roles import Array
from nanoprobe.units import si

STRAY, STRAY_PART = 0.05, 0.01
"""How far a source may read from its level, in V and as a part of it: many times the error of any source-meter."""
LIMITING = 0.9
"""From this part of the compliance on a current may hold the voltage back by right."""


def check_followed(name: str, levels: Array, volts: Array, amperes: Array, compliance: float) -> None:
    """Raise SourceFault for samples whose voltage (V) is not their level (V) though the current limit (A) is not reached.

    All arrays have shape (n,). So reads a source that went off by itself: its interlock opened, or somebody pressed OUTPUT.
    """
    free = np.abs(amperes) < LIMITING * compliance
    strays = np.flatnonzero(free & (np.abs(volts - levels) > STRAY + STRAY_PART * np.abs(levels)))
    if len(strays):
        first = int(strays[0])
        raise SourceFault(
            f"{name}: its output read {si(float(volts[first]), 'V')} in a ramp where {si(float(levels[first]), 'V')} was "
            f"set (sample {first} of {len(levels)}): it went off by itself. Is its interlock closed?"
        )


def check_silent(name: str, amperes: Array) -> None:
    """Raise SourceFault for a current (A, shape (n,)) beyond the range (NaN) that was read with the output off."""
    if len(amperes) and not np.isfinite(amperes).all():
        raise SourceFault(
            f"{name}: it reads a current beyond its range although its output is off: it is overloaded, and its trip said "
            f"nothing about the sample. Look at its input and cable"
        )
