"""The bias sources in series with the cell, and which of them is in compliance."""

import math
from dataclasses import dataclass


@dataclass
class Source:
    """One bias source: setpoint (V, own sign; None: high impedance) and current limit (A)."""

    volts: float | None = 0.0
    compliance: float = math.inf


class Circuit:
    """Sources in series, each with one pole at the tip or the sample and the other at ground."""

    def __init__(self, names: tuple[str, ...], applied_to: str) -> None:
        if applied_to not in ("tip", "sample"):
            raise ValueError(f"bias_applied_to must be 'tip' or 'sample', not {applied_to!r}")
        self.sources = {name: Source() for name in names}
        self.sign = 1.0 if applied_to == "tip" else -1.0
        """Electrode bias V_we per volt at a source."""
        self.open = False
        self.bias = 0.0
        """V_we that the setpoints add up to (V)."""
        self.limit = math.inf
        """Least compliance of all (A)."""
        self.limiting = names[0]

    def set(self, name: str, volts: float | None, compliance: float) -> None:
        """Set a source: volts (None: output off, high impedance) and compliance (A)."""
        if volts is not None and not math.isfinite(volts):
            raise ValueError(f"source {name}: {volts} V is no voltage")
        if not compliance > 0.0:
            raise ValueError(f"source {name}: compliance must be above 0 A, not {compliance}")
        source = self.sources[name]
        source.volts, source.compliance = volts, compliance
        total, self.open = 0.0, False
        for other in self.sources.values():
            if other.volts is None:
                self.open = True
            else:
                total += other.volts
        self.bias = self.sign * total
        self._find_limit()

    def _find_limit(self) -> None:
        """Note the least compliance, the first source's where all are alike."""
        self.limiting, self.limit = next(iter(self.sources)), math.inf
        for name, source in self.sources.items():
            if source.compliance < self.limit:
                self.limiting, self.limit = name, source.compliance
