"""Hard limits put into a Nanonis controller, each read back: the safe tip's threshold and the reach of Z."""

import math

from drivers.nanonis_session import NanonisSession
from nanoprobe.errors import InstrumentError
from nanoprobe.units import si

OFF, ON = 2, 1
"""In setters where 0 means no change."""
TOLERANCE = 1e-3
"""How far a setting may be read back from what was set, as a part of it."""


def set_safe_tip(session: NanonisSession, threshold: float) -> None:
    """Switch the safe tip on at `threshold` (A or V, whichever signal it watches; infinite: as it is there).

    Raises InstrumentError where it reads back otherwise.
    """
    if math.isfinite(threshold):
        session.call("SafeTip.PropsSet", "H H f", OFF, ON, threshold)
        found = session.call("SafeTip.PropsGet", returns="H H f")[2]
        if abs(found - threshold) > TOLERANCE * threshold:
            raise InstrumentError(f"Nanonis: safe tip threshold reads {found:.3g} after {threshold:.3g} was set")
    session.call("SafeTip.OnOffSet", "H", ON)
    if not session.value("SafeTip.OnOffGet", returns="H"):
        raise InstrumentError("Nanonis: the safe tip is off after it was switched on; is it licensed and configured?")


def limit_z(session: NanonisSession, low: float, high: float) -> None:
    """Keep Z between `low` and `high` (m). Raises InstrumentError where the limits read back otherwise."""
    session.call("ZCtrl.LimitsEnabledSet", "I", 1)
    session.call("ZCtrl.LimitsSet", "f f", high, low)
    found = session.call("ZCtrl.LimitsGet", returns="f f")
    enabled = session.value("ZCtrl.LimitsEnabledGet", returns="I")
    if not enabled or max(abs(found[0] - high), abs(found[1] - low)) > TOLERANCE * (high - low):
        raise InstrumentError(
            f"Nanonis: the Z limits read {si(found[1], 'm')} to {si(found[0], 'm')}, {'on' if enabled else 'off'}, after "
            f"{si(low, 'm')} to {si(high, 'm')} was set"
        )
