"""The safe state: output off first, the other source's bias 0, wait, withdraw. Each step is tried whatever came before."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nanoprobe.potentiostat import Potentiostat
from nanoprobe.roles import Probe, SourceMeter
from nanoprobe.wiring import Source, Wiring

_log = logging.getLogger(__name__)

STRAY_CAPACITANCE = 100e-12
"""Cable and tip against ground (F); with the series resistor it sets the time constant to wait for."""
LONG = 1.5
"""A step that takes so long (s) is told with its time: a withdrawal takes less."""


@dataclass(frozen=True, slots=True)
class SafeStep:
    """One step: what was done, how long it took (s), and the error where it failed."""

    name: str
    seconds: float
    error: str | None

    def __str__(self) -> str:
        return self.name if self.seconds < LONG else f"{self.name} after {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class SafeReport:
    """What was made safe and what was not."""

    reason: str
    steps: tuple[SafeStep, ...]

    @property
    def safe(self) -> bool:
        """Whether every step worked."""
        return all(step.error is None for step in self.steps)

    def __str__(self) -> str:
        failed = "; ".join(f"{step.name} FAILED: {step.error}" for step in self.steps if step.error)
        return f"safe state ({self.reason}): " + (
            f"{failed}. Switch the instrument off by hand" if failed else ", ".join(map(str, self.steps))
        )


def make_safe(
    reason: str,
    wiring: Wiring,
    source_meter: SourceMeter | None,
    probe: Probe | None,
    potentiostat: Potentiostat | None = None,
) -> SafeReport:
    """Put the given instruments into the safe state and say what worked. Never raises."""
    report = SafeReport(reason, tuple(_try(name, do) for name, do in _steps(wiring, source_meter, probe, potentiostat)))
    _log.log(logging.INFO if report.safe else logging.CRITICAL, "%s", report)
    return report


def _steps(
    wiring: Wiring, source_meter: SourceMeter | None, probe: Probe | None, potentiostat: Potentiostat | None
) -> Sequence[tuple[str, Callable[[], None]]]:
    sources: list[tuple[str, Callable[[], None]]] = []
    if source_meter is not None:
        sources.append(("source-meter output off", source_meter.off))
    if probe is not None:
        sources.append(("controller bias 0 V", probe.safe_bias))
    if wiring.bias_source is Source.PROBE:
        sources.reverse()
    if potentiostat is not None:
        sources.append(("cell off", potentiostat.off))
    if source_meter is not None:
        sources.append(("source-meter output confirmed off", source_meter.confirm_off))
    if potentiostat is not None:
        sources.append(("cell confirmed off", potentiostat.confirm_off))
    settle = 5 * max(wiring.series_resistance, 1.0) * STRAY_CAPACITANCE
    steps = [*sources, ("discharged", lambda: time.sleep(settle))]
    if probe is not None:
        steps += [("motion stopped", probe.stop), ("tip withdrawn", probe.safe_withdraw)]
    return steps


def _try(name: str, do: Callable[[], None]) -> SafeStep:
    begun = time.monotonic()
    error = None
    try:
        do()
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    return SafeStep(name, time.monotonic() - begun, error)
