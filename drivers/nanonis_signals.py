"""The controller's signals by our names: read as published, and time waited out on the controller's own clock."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.nanonis_session import NanonisSession
from nanoprobe.errors import BadInput, InstrumentError

OUR_NAMES: Mapping[str, str] = {
    "current": "Current",
    "bias": "Bias",
    "height": "Z",
    "x": "X",
    "y": "Y",
    "deflection": "Deflection",
    "friction": "Friction",
}
"""Our channel names and what the controller calls them, unless the bench file says otherwise."""
_WITH_UNIT = re.compile(r"^(?P<name>.*?)\s*\((?P<unit>[^()]*)\)$")


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal of the controller: index among its 128, its name there, SI unit."""

    index: int
    name: str
    unit: str


def find_signals(names: Sequence[str], renamed: Mapping[str, str]) -> dict[str, Signal]:
    """Return the signals that have one of our names. Raises BadInput for a renamed one that the controller lacks."""
    listed: dict[str, Signal] = {}
    for index, full in enumerate(names):
        match = _WITH_UNIT.match(full)
        name, unit = (match["name"], match["unit"]) if match else (full, "")
        listed.setdefault(name.lower(), Signal(index, full, unit))
    found: dict[str, Signal] = {}
    for ours, theirs in {**OUR_NAMES, **renamed}.items():
        signal = listed.get(_WITH_UNIT.sub(r"\g<name>", theirs).lower())
        if signal is not None:
            found[ours] = signal
        elif ours in renamed:
            raise BadInput(
                f"Nanonis has no signal '{theirs}' for channel '{ours}' (there are: {', '.join(names[:24])}...)"
            )
    return found


class Signals:
    """The signals of one controller."""

    def __init__(self, session: NanonisSession, renamed: Mapping[str, str]) -> None:
        self._session = session
        self._known = find_signals(session.value("Signals.NamesGet", returns="as"), renamed)
        self.period = float(session.value("Util.AcqPeriodGet", returns="f"))
        """Time between two publications (s)."""

    @property
    def units(self) -> dict[str, str]:
        """Our channel names with their SI units."""
        return {name: signal.unit for name, signal in self._known.items()}

    def signal(self, name: str) -> Signal:
        """Return the signal with our `name`. Raises BadInput where the controller has none."""
        if name not in self._known:
            raise BadInput(f"Nanonis: no channel '{name}'; there are: {', '.join(self._known)}")
        return self._known[name]

    def read(self, *names: str) -> dict[str, float]:
        """Read channels, all of one publication whose averaging began after this call."""
        indexes = [self.signal(name).index for name in names]
        values = self._session.value("Signals.ValsGet", "ai I", indexes, 1, returns="af")
        if len(values) != len(names):
            raise InstrumentError(f"Nanonis: {len(values)} values came where {len(names)} were asked for")
        return dict(zip(names, map(float, values), strict=True))

    def current_range(self) -> float:
        """Return the largest current (A) the preamp shows at its present gain."""
        high, low = self._session.call("Signals.RangeGet", "i", self.signal("current").index, returns="f f")
        return float(min(abs(high), abs(low)))

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass on the controller's clock.

        A read of the newest value discards one publication and returns the next: the first takes one period or more, and
        each that follows at once two. The computer's clock may only end it earlier.
        """
        index = self.signal("current").index
        started = None
        for _ in range(1 + math.ceil(max(0.0, seconds - self.period) / (2 * self.period))):
            self._session.value("Signals.ValGet", "i I", index, 1, returns="f")
            started = self._session.asked() if started is None else started
            if self._session.moment() - started >= seconds:
                return
