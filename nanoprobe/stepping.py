"""A waveform stepped by this computer: set, wait, read. For sources that cannot run one by themselves."""

import time
from collections.abc import Callable, Iterator

import numpy as np

from nanoprobe.roles import BiasSource, Watch
from nanoprobe.waveform import OnReadings, Runner, Waveform, WaveformEnd

HAND_ON_EVERY = 0.25
"""Time between two parts of a running waveform handed on (s)."""

Wait = Callable[[float], None]
"""Lets seconds pass on an instrument's clock."""
Sample = tuple[float, float, float]


def step_through(source: BiasSource, plan: Waveform, wait: Wait, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
    """Run `plan` by stepping; output off whichever way it ends. A reading's time is what was waited for before it."""
    pending: list[Sample] = []
    count, stopped, handed = 0, False, time.monotonic()
    try:
        for sample in _samples(source, plan, wait, watch):
            pending.append(sample)
            count += 1
            stopped = plan.stop_current is not None and not abs(sample[2]) <= plan.stop_current
            if stopped or time.monotonic() - handed >= HAND_ON_EVERY:
                stopped = on_readings(*np.array(pending).T) or stopped
                pending, handed = [], time.monotonic()
            if stopped:
                break
    finally:
        source.off()
    if pending:
        stopped = on_readings(*np.array(pending).T) or stopped
    return WaveformEnd(runner=Runner.HOST, readings=count, stopped=stopped)


def _samples(source: BiasSource, plan: Waveform, wait: Wait, watch: Watch) -> Iterator[Sample]:
    moment = 0.0
    for _ in range(plan.repeats):
        for step in plan.steps:
            watch()
            source.hold(step.level, plan.compliance)
            wait(step.dwell)
            moment += step.dwell
            if step.read:
                found = source.read()
                yield moment, found.voltage, found.current
