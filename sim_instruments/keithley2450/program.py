"""A trigger model made ready to run: blocks compiled into small functions, once at `:INIT`.

Each operation returns the index of the next one. Time passes only where something looks at the world: delays add to a
debt, and the operation that next touches the world, or closes an aperture, first lets the debt pass. So a ramp step of
delay, measure, compare, next and count costs one event of the timeline.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim_instruments.keithley2450 import blocks
from sim_instruments.keithley2450.block_bench import Bench
from sim_instruments.keithley2450.buffers import Buffer
from sim_instruments.keithley2450.events import SOURCE_LIMIT
from sim_instruments.keithley2450.ranges import SOURCE_STEP_TIME
from sim_instruments.scpi import ScpiError

END = -1
LIMIT_POLL = 1e-3
"""How often a block that waits for the source limit looks (s)."""
Op = Callable[[], int]


@dataclass(slots=True)
class Clockwork:
    """What the operations of one run share."""

    debt: float = 0.0
    """Time that has to pass before the world is touched next (s)."""
    sleep: float = 0.0
    """Time to pass before the next operation (s), `math.inf` until an event."""
    latest: int = 0
    """The measure block that made the newest reading."""
    background: Buffer | None = None
    """Where endless readings go."""


class Program:
    """The operations of a trigger model and the state they work on."""

    def __init__(self, model: Sequence[blocks.Block], bench: Bench) -> None:
        self.clock = Clockwork()
        self.events: set[str] = set()
        """Events that came and have not been acted on."""
        self.counters = [0] * (len(model) + 1)
        self.last: list[list[float]] = [[math.nan, math.nan] for _ in range(len(model) + 1)]
        """The newest reading of each measure block and the one before it."""
        self.ops: list[Op] = []
        self.block_of: list[int] = []
        self._bench = bench
        self._model = model
        self._entry = self._layout()
        self.waits: frozenset[int] = self._wait_ops()
        for number, block in enumerate(model, 1):
            self._compile(number, block)

    def _layout(self) -> list[int]:
        # Block number -> index of its first operation; a measure block takes two.
        entry, place = [END], 0
        for number, block in enumerate(self._model, 1):
            entry.append(place)
            width = 2 if isinstance(block, blocks.Measure) and block.count is not None else 1
            self.block_of += [number] * width
            place += width
        entry.append(END)
        return entry

    def _wait_ops(self) -> frozenset[int]:
        return frozenset(self._entry[n] for n, block in enumerate(self._model, 1) if isinstance(block, blocks.Wait))

    def _to(self, number: int) -> int:
        return self._entry[number] if 1 <= number < len(self._entry) else END

    def _compile(self, number: int, block: blocks.Block) -> None:
        here, after = self._entry[number], self._entry[number + 1]
        match block:
            case blocks.Measure(buffer, None):
                self.ops.append(self._measure_on(number, buffer, after))
            case blocks.Measure(buffer, int(count)):
                self.ops += self._measure(number, buffer, count, here, after)
            case blocks.DelayConstant(seconds):
                self.ops.append(self._delay(lambda: seconds, after))
            case blocks.DelayDynamic(kind, index):
                self.ops.append(self._delay(lambda: self._bench.user_delay(kind, index), after))
            case blocks.Wait():
                self.ops.append(self._wait(block, here, after))
            case blocks.BranchEvent(event, to):
                self.ops.append(self._settled(here, self._branch_event(event, self._to(to), after)))
            case blocks.BranchElapsed(seconds, to):
                self.ops.append(self._settled(here, self._branch_elapsed(seconds, self._to(to), after)))
            case _:
                self.ops.append(self._instant(number, block, here, after))

    def _instant(self, number: int, block: blocks.Block, here: int, after: int) -> Op:
        match block:
            case blocks.BranchCounter(target, to):
                return self._count(number, target, self._to(to), after)
            case blocks.BranchLimit(kind, low, high, to, measure_block):
                return self._limit(
                    lambda: (low, high), kind, self._to(to), after, self._measured(number, measure_block)
                )
            case blocks.BranchLimitDynamic(kind, index, to, measure_block):
                limits = self._dynamic(index)
                return self._limit(limits, kind, self._to(to), after, self._measured(number, measure_block))
            case blocks.BranchDelta(difference, to, measure_block):
                return self._delta(difference, self._to(to), after, self._measured(number, measure_block))
            case blocks.BranchAlways(to):
                target_op = self._to(to)
                return lambda: target_op
            case blocks.BranchOnce(to, excluded):
                return self._once(number, excluded, self._to(to), after)
            case _:
                return self._settled(here, self._action(block, after))

    # --- time

    def _settled(self, here: int, op: Op) -> Op:
        clock = self.clock

        def run() -> int:
            if clock.debt:
                clock.sleep, clock.debt = clock.debt, 0.0
                return here
            return op()

        return run

    def _delay(self, seconds: Callable[[], float], after: int) -> Op:
        clock = self.clock

        def run() -> int:
            clock.debt += seconds()
            return after

        return run

    # --- measuring

    def _measure(self, number: int, buffer: Buffer, count: int, here: int, after: int) -> list[Op]:
        clock, bench, last = self.clock, self._bench, self.last[number]
        left = [count]

        def begin() -> int:
            clock.sleep, clock.debt = clock.debt + bench.reading_time(), 0.0
            return here + 1

        def finish() -> int:
            last[1] = last[0]
            last[0] = bench.read_into(buffer).value
            clock.latest = number
            left[0] -= 1
            if left[0] > 0:
                return here
            left[0] = count
            return after

        return [begin, finish]

    def _measure_on(self, number: int, buffer: Buffer, after: int) -> Op:
        clock = self.clock

        def run() -> int:
            clock.background, clock.latest = buffer, number
            return after

        return self._settled(self._entry[number], run)

    def _measured(self, number: int, measure_block: int) -> list[float]:
        if measure_block:
            if not 1 <= measure_block <= len(self._model):
                raise ScpiError(-224, f"Block {number} compares a reading of block {measure_block}, which is not there")
            return self.last[measure_block]
        earlier = range(number - 1, 0, -1)
        found = next((n for n in earlier if isinstance(self._model[n - 1], blocks.Measure)), None)
        if found is None:
            raise ScpiError(-224, f"No measure block before block {number}")
        return self.last[found]

    # --- branches

    def _count(self, number: int, target: int, to: int, after: int) -> Op:
        counters = self.counters

        def run() -> int:
            counters[number] += 1
            if counters[number] < target or target == 0:
                return to
            # An inner loop runs again in the next pass of the outer one.
            counters[number] = 0
            return after

        return run

    def _limit(
        self, limits: Callable[[], tuple[float, float]], kind: str, to: int, after: int, last: list[float]
    ) -> Op:
        def run() -> int:
            low, high = limits()
            value = last[0]
            if kind == "OUT":
                return to if value < low or value > high else after
            if kind == "IN":
                return to if low <= value <= high else after
            return to if (value > high if kind == "ABOV" else value < low) else after

        return run

    def _dynamic(self, index: int) -> Callable[[], tuple[float, float]]:
        return lambda: self._bench.limits(index)

    def _delta(self, difference: float, to: int, after: int, last: list[float]) -> Op:
        return lambda: to if abs(last[0] - last[1]) < difference else after

    def _once(self, number: int, excluded: bool, to: int, after: int) -> Op:
        counters = self.counters

        def run() -> int:
            counters[number] += 1
            return to if (counters[number] == 1) != excluded else after

        return run

    # --- events

    def _branch_event(self, event: str, to: int, after: int) -> Op:
        bench, events = self._bench, self.events
        if event == SOURCE_LIMIT:
            return lambda: to if bench.limiting() else after

        def run() -> int:
            if event in events:
                events.discard(event)
                return to
            return after

        return run

    def _branch_elapsed(self, seconds: float, to: int, after: int) -> Op:
        bench, end = self._bench, self._bench.now() + seconds
        return lambda: to if bench.now() < end else after

    def _wait(self, block: blocks.Wait, here: int, after: int) -> Op:
        clock, wanted, events = self.clock, set(block.events), self.events
        entered = [False]

        def run() -> int:
            if block.clear and not entered[0]:
                events.difference_update(wanted)
            entered[0] = True
            if SOURCE_LIMIT in wanted and self._bench.limiting():
                events.add(SOURCE_LIMIT)
            heard = wanted & events
            if heard and (not block.all_of_them or heard == wanted):
                events.difference_update(wanted)
                entered[0] = False
                return after
            clock.sleep = LIMIT_POLL if SOURCE_LIMIT in wanted else math.inf
            return here

        return self._settled(here, run)

    # --- actions

    def _action(self, block: blocks.Block, after: int) -> Op:
        clock, act = self.clock, self._act(block)

        def run() -> int:
            clock.debt = act()
            return after

        return run

    def _act(self, block: blocks.Block) -> Callable[[], float]:
        bench = self._bench
        match block:
            case blocks.SourceOutput(on):
                return lambda: bench.switch(on)
            case blocks.ConfigRecall(lists, indexes):
                return self._recall([bench.stepper(n, "at", i) for n, i in zip(lists, indexes, strict=True)])
            case blocks.ConfigNext(lists):
                return self._recall([bench.stepper(name, "next", 0) for name in lists])
            case blocks.ConfigPrevious(lists):
                return self._recall([bench.stepper(name, "previous", 0) for name in lists])
            case _:
                return _timeless(self._effect(block))

    def _recall(self, steppers: list[Callable[[], float]]) -> Callable[[], float]:
        if len(steppers) == 1:
            return steppers[0]
        return lambda: max((recall() for recall in steppers), default=SOURCE_STEP_TIME)

    def _effect(self, block: blocks.Block) -> Callable[[], object]:
        bench = self._bench
        match block:
            case blocks.BufferClear(buffer):
                return buffer.clear
            case blocks.CounterReset(number):
                return lambda: self.counters.__setitem__(number, 0) if number < len(self.counters) else None
            case blocks.Notify(number):
                return lambda: bench.fire(f"NOT{number}")
            case blocks.DigitalIO(bits, mask):
                return lambda: bench.write_lines(bits, mask)
            case blocks.LogEvent(text):
                return lambda: bench.log(text)
            case _:
                return lambda: None


def _timeless(effect: Callable[[], object]) -> Callable[[], float]:
    def act() -> float:
        effect()
        return 0.0

    return act
