"""Sweeps: a source configuration list and the trigger model that steps through it (`:SOUR:SWE`)."""

import math
from dataclasses import dataclass, replace

from sim_instruments.keithley2450 import blocks
from sim_instruments.keithley2450.buffers import Buffer
from sim_instruments.keithley2450.events import SOURCE_LIMIT
from sim_instruments.keithley2450.ranges import CURRENT_RANGES, OVERRANGE, VOLTAGE_RANGES, fitting
from sim_instruments.keithley2450.source import VOLT, SourceState
from sim_instruments.scpi import ScpiError

LARGEST_SWEEP = 1_000_000


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """One sweep. `delay`: s at each step, -1 for the automatic delay; `count` 0 repeats it for ever."""

    function: str
    levels: tuple[float, ...]
    name: str
    delay: float
    count: int
    range_type: str
    fail_abort: bool
    buffer: Buffer


def linear(start: float, stop: float, points: int) -> tuple[float, ...]:
    """Return evenly spaced levels."""
    if points == 1:
        return (start,)
    step = (stop - start) / (points - 1)
    return (*(start + step * index for index in range(points - 1)), stop)


def stepped(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Return levels `step` apart, the last at or before `stop`."""
    span = abs(stop - start)
    points = math.floor(span / abs(step) * (1 + 1e-9)) + 1
    if points > LARGEST_SWEEP:
        raise ScpiError(-222)
    return tuple(start + math.copysign(step, stop - start) * index for index in range(points))


def logarithmic(start: float, stop: float, points: int, asymptote: float) -> tuple[float, ...]:
    """Return levels whose distances from `asymptote` grow by a constant factor."""
    first, last = start - asymptote, stop - asymptote
    if first * last <= 0:
        raise ScpiError(-222, "A logarithmic sweep cannot reach or cross its asymptote")
    if points == 1:
        return (start,)
    ratio = (last / first) ** (1 / (points - 1))
    return (*(asymptote + first * ratio**index for index in range(points - 1)), stop)


def there_and_back(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return the levels of a dual sweep; the turning point is taken once."""
    return levels + levels[-2::-1]


def entries(plan: SweepPlan, state: SourceState) -> list[SourceState]:
    """Return the source settings of every step, made from the present `state`."""
    ranges = VOLTAGE_RANGES if plan.function == VOLT else CURRENT_RANGES
    base = state.of(plan.function)
    highest = fitting(ranges, max(abs(level) for level in plan.levels))
    if plan.range_type == "BEST":
        base = replace(base, range=highest, auto_range=False)
    elif plan.range_type == "FIX":
        base = replace(base, auto_range=False)
    base = replace(base, auto_delay=plan.delay < 0, delay=max(plan.delay, 0.0))
    reach = highest if base.auto_range else base.range
    if any(abs(level) > reach * OVERRANGE * (1 + 1e-9) for level in plan.levels):
        raise ScpiError(-222, "The sweep goes beyond the source range")
    steps = []
    for level in plan.levels:
        span = fitting(ranges, level) if base.auto_range else base.range
        settings = replace(base, level=level, range=span)
        steps.append(replace(state, function=plan.function).with_settings(plan.function, settings))
    return steps


def model(plan: SweepPlan) -> list[blocks.Block]:
    """Return the trigger model of a sweep; the output is off at its end."""
    readings = len(plan.levels) * plan.count
    branch: blocks.Block = blocks.BranchEvent(SOURCE_LIMIT, 9) if plan.fail_abort else blocks.Nop()
    return [
        blocks.BufferClear(plan.buffer),
        blocks.ConfigRecall((plan.name,), (1,)),
        blocks.SourceOutput(True),
        blocks.BranchAlways(6),
        blocks.ConfigNext((plan.name,)),
        blocks.Measure(plan.buffer),
        branch,
        blocks.BranchCounter(readings, 5),
        blocks.SourceOutput(False),
    ]
