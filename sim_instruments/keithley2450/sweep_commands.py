"""`:SOURce:SWEep`, `:SOURce:LIST` and configuration lists of source and meter."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sim_instruments.keithley2450 import sweeps
from sim_instruments.keithley2450.config_lists import ConfigLists
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.source_commands import KINDS, LONGEST_DELAY
from sim_instruments.scpi import Answer, Call, ScpiError, forms, show_number
from sim_instruments.scpi_tree import CommandTree

State = TypeVar("State")
RANGE_TYPES: Mapping[str, str] = {"AUTO": "AUTO", "BEST": "BEST", "FIXed": "FIX"}
LARGEST_COUNT = 268_435_455
LEVELS_PER_COMMAND = 100
SHORTEST_DELAY = 50e-6


class SweepCommands:
    """Sweeps: each builds a source configuration list and a trigger model, and discards the one before."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        for kind in KINDS:
            sweep, levels = f"SOURce:SWEep:{kind.keyword}", f"SOURce:LIST:{kind.keyword}"
            tree.add(f"{sweep}:LINear", self._of(kind.keyword, self._linear))
            tree.add(f"{sweep}:LINear:STEP", self._of(kind.keyword, self._stepped))
            tree.add(f"{sweep}:LOG", self._of(kind.keyword, self._log))
            tree.add(f"{sweep}:LIST", self._of(kind.keyword, self._list))
            tree.add(levels, self._of(kind.keyword, self._set_levels), self._of(kind.keyword, self._show_levels))
            tree.add(f"{levels}:APPend", self._of(kind.keyword, self._append_levels))
            tree.add(f"{levels}:POINts", ask=self._of(kind.keyword, self._count_levels))

    def _of(self, keyword: str, act: Callable[[Call, str], Answer]) -> Callable[[Call], Answer]:
        return lambda call: act(call, keyword)

    # --- lists of levels

    def _set_levels(self, call: Call, keyword: str) -> Answer:
        self._instrument.sweep_levels[keyword] = _levels(call)
        return None

    def _append_levels(self, call: Call, keyword: str) -> Answer:
        self._instrument.sweep_levels[keyword] = self._instrument.sweep_levels.get(keyword, ()) + _levels(call)
        return None

    def _show_levels(self, _: Call, keyword: str) -> str:
        return ",".join(show_number(level) for level in self._instrument.sweep_levels.get(keyword, ()))

    def _count_levels(self, _: Call, keyword: str) -> str:
        return str(len(self._instrument.sweep_levels.get(keyword, ())))

    # --- sweeps

    def _linear(self, call: Call, keyword: str) -> Answer:
        points = call.integer(2, 1, sweeps.LARGEST_SWEEP)
        levels = sweeps.linear(call.number(0), call.number(1), points)
        return self._set_up(call, keyword, levels, 3, "LinearSweepList")

    def _stepped(self, call: Call, keyword: str) -> Answer:
        step = call.number(2)
        if step == 0:
            raise ScpiError(-222)
        levels = sweeps.stepped(call.number(0), call.number(1), step)
        return self._set_up(call, keyword, levels, 3, "LinearSweepList")

    def _log(self, call: Call, keyword: str) -> Answer:
        points = call.integer(2, 1, sweeps.LARGEST_SWEEP)
        levels = sweeps.logarithmic(call.number(0), call.number(1), points, call.number(9, default=0.0))
        return self._set_up(call, keyword, levels, 3, "LogSweepList")

    def _list(self, call: Call, keyword: str) -> Answer:
        levels = self._instrument.sweep_levels.get(keyword, ())
        start = call.integer(0, 1, max(1, len(levels)), 1)
        if not levels:
            raise ScpiError(-221, "The sweep list is empty")
        args = call.args
        # A list sweep has neither range type nor dual: startIndex, delay, count, failAbort, buffer.
        tail = (*_padded(args[1:3], 2), "AUTO", *_padded(args[3:4], 1), "OFF", *args[4:5])
        return self._set_up(Call(tail, call.numbers, call.session), keyword, levels[start - 1 :], 0, "CustomSweepList")

    def _set_up(self, call: Call, keyword: str, levels: tuple[float, ...], at: int, suffix: str) -> Answer:
        instrument, short = self._instrument, forms(keyword)[0]
        if instrument.model.running:
            raise ScpiError(-221, "The trigger model is running")
        if call.boolean(at + 4, False):
            levels = sweeps.there_and_back(levels)
        plan = sweeps.SweepPlan(
            function=short,
            levels=levels,
            name=short.capitalize() + suffix,
            delay=_delay(call, at),
            count=call.integer(at + 1, 0, LARGEST_COUNT, 1),
            range_type=call.word(at + 2, RANGE_TYPES, "BEST"),
            fail_abort=call.boolean(at + 3, True),
            buffer=instrument.buffers.named(call.string(at + 5, "defbuffer1")),
        )
        instrument.source_lists.replace(plan.name, sweeps.entries(plan, instrument.source.state))
        instrument.model.load(sweeps.model(plan))
        return None


def _padded(args: tuple[str, ...], width: int) -> tuple[str, ...]:
    return args + ("",) * (width - len(args))


def _levels(call: Call) -> tuple[float, ...]:
    if len(call.args) > LEVELS_PER_COMMAND:
        raise ScpiError(-108)
    return tuple(call.number(index) for index in range(max(1, len(call.args))))


def _delay(call: Call, at: int) -> float:
    delay = call.number(at, -1, LONGEST_DELAY, -1.0)
    if delay not in (-1.0, 0.0) and delay < SHORTEST_DELAY:
        raise ScpiError(-222)
    return delay


class ConfigListCommands:
    """`:SOURce:CONFiguration:LIST` and `:SENSe:CONFiguration:LIST`."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        ins = self._instrument
        _register_lists(tree, "SOURce", ins.source_lists, lambda: ins.source.state, self._recall_source)
        _register_lists(tree, "[SENSe]", ins.sense_lists, lambda: ins.meter.state, self._recall_sense)

    def _recall_source(self, state: object) -> None:
        source = self._instrument.source
        if isinstance(state, type(source.state)):
            source.recall(state)
            self._instrument.touch_source()

    def _recall_sense(self, state: object) -> None:
        meter = self._instrument.meter
        if isinstance(state, type(meter.state)):
            meter.state = state


def _register_lists(
    tree: CommandTree,
    root: str,
    lists: ConfigLists[State],
    present: Callable[[], State],
    recall: Callable[[State], None],
) -> None:
    head = f"{root}:CONFiguration:LIST"

    def index(call: Call) -> int | None:
        return call.integer(1, 1, LARGEST_COUNT) if call.has(1) else None

    def store(call: Call) -> Answer:
        lists.named(call.string(0)).store(present(), index(call))
        return None

    def bring_back(call: Call) -> Answer:
        recall(lists.named(call.string(0)).at(index(call) or 1))
        return None

    tree.add(f"{head}:CREate", lambda c: lists.create(c.string(0)))
    tree.add(f"{head}:STORe", store)
    tree.add(f"{head}:RECall", bring_back)
    tree.add(f"{head}:DELete", lambda c: lists.delete(c.string(0), index(c)))
    tree.add(f"{head}:SIZE", ask=lambda c: str(len(lists.named(c.string(0)).entries)))
    tree.add(f"{head}:CATalog", ask=lambda _: f'"{lists.catalogue()}"')
    tree.add(f"{head}:QUERy", ask=lambda c: f'"{lists.named(c.string(0)).at(index(c) or 1)}"')
