"""Trigger models the instrument comes with: what `:TRIG:LOAD` puts together.

Source: the 2461 manual's description of the templates (same SCPI set); which blocks they are made of is our reading.
"""

from dataclasses import dataclass

from sim_instruments.keithley2450 import blocks
from sim_instruments.keithley2450.buffers import Buffer


def simple_loop(count: int, delay: float, buffer: Buffer) -> list[blocks.Block]:
    """Return a loop of delay and measure. The output stays as it is."""
    return [
        blocks.BufferClear(buffer),
        blocks.DelayConstant(delay),
        blocks.Measure(buffer),
        blocks.BranchCounter(count, 2),
    ]


def duration_loop(duration: float, delay: float, buffer: Buffer) -> list[blocks.Block]:
    """Return a loop of delay and measure that lasts `duration` (s)."""
    return [
        blocks.BufferClear(buffer),
        blocks.SourceOutput(True),
        blocks.DelayConstant(delay),
        blocks.Measure(buffer),
        blocks.BranchElapsed(duration, 3),
        blocks.SourceOutput(False),
    ]


def config_list(lists: tuple[str, ...], steps: int, delay: float, buffer: Buffer) -> list[blocks.Block]:
    """Return a measurement at each index of a source and a measure configuration list."""
    return [
        blocks.BufferClear(buffer),
        blocks.ConfigRecall(lists, (1,) * len(lists)),
        blocks.SourceOutput(True),
        blocks.BranchAlways(6),
        blocks.ConfigNext(lists),
        blocks.DelayConstant(delay),
        blocks.Measure(buffer),
        blocks.BranchCounter(steps, 5),
        blocks.SourceOutput(False),
    ]


def loop_until_event(event: str, after: int, delay: float, buffer: Buffer) -> list[blocks.Block]:
    """Return readings until `event`, then `after` more."""
    return [
        blocks.BufferClear(buffer),
        blocks.SourceOutput(True),
        blocks.DelayConstant(delay),
        blocks.Measure(buffer),
        blocks.BranchEvent(event, 7),
        blocks.BranchAlways(3),
        blocks.DelayConstant(delay),
        blocks.Measure(buffer),
        blocks.BranchCounter(after, 7),
        blocks.SourceOutput(False),
    ]


def logic_trigger(
    line_in: int, notify: int, count: int, clear: bool, delay: float, buffer: Buffer
) -> list[blocks.Block]:
    """Return a measurement at each edge of a digital line, with a notify event when it is made."""
    return [
        blocks.BufferClear(buffer),
        blocks.Wait((f"DIG{line_in}",), clear),
        blocks.DelayConstant(delay),
        blocks.Measure(buffer),
        blocks.Notify(notify),
        blocks.BranchCounter(count, 2),
    ]


@dataclass(frozen=True, slots=True)
class Bin:
    """Limits of a binning template, and the bits that tell of them."""

    high: float
    low: float
    pattern: int

    @property
    def used(self) -> bool:
        """A bin whose high limit lies below its low one is not used."""
        return self.high >= self.low


def binning(
    components: int, line: int, delays: tuple[float, float], bins: list[Bin], rest: int, sort: bool, buffer: Buffer
) -> list[blocks.Block]:
    """Return a model that measures a component at each edge of `line` and tells its bin on lines 1 to 4.

    Sorting tells the first bin whose limits hold; grading the first whose limits do not; `rest` is told otherwise.
    """
    used = [one for one in bins if one.used]
    first_bin = len(used) + 7
    end = first_bin + 2 * len(used)
    model: list[blocks.Block] = [
        blocks.BufferClear(buffer),
        blocks.Wait((f"DIG{line}",)),
        blocks.DelayConstant(delays[0]),
        blocks.Measure(buffer),
    ]
    for index, one in enumerate(used):
        model.append(blocks.BranchLimit("IN" if sort else "OUT", one.low, one.high, first_bin + 2 * index))
    model += [blocks.DigitalIO(rest, 15), blocks.BranchAlways(end)]
    for one in used:
        model += [blocks.DigitalIO(one.pattern, 15), blocks.BranchAlways(end)]
    return [*model, blocks.DelayConstant(delays[1]), blocks.BranchCounter(components, 2)]
