"""`:SOURce` and `:OUTPut`: what is put on the terminals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.ranges import (
    CURRENT_RANGES,
    OVERRANGE,
    PROTECTION_LEVELS,
    VOLTAGE_RANGES,
    fitting,
)
from sim_instruments.keithley2450.source import CURR, VOLT, FunctionSettings
from sim_instruments.scpi import Answer, Call, ScpiError, forms, show_boolean, show_number
from sim_instruments.scpi_tree import CommandTree

LONGEST_DELAY = 10e3
OFF_STATES: Mapping[str, str] = {"NORMal": "NORM", "HIMPedance": "HIMP", "ZERO": "ZERO", "GUARd": "GUAR"}
FUNCTIONS: Mapping[str, str] = {"VOLTage": VOLT, "CURRent": CURR}


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one source function is spelt and bounded."""

    keyword: str
    limit: str
    ranges: tuple[float, ...]
    limits: tuple[float, float]

    @property
    def name(self) -> str:
        return forms(self.keyword)[0]

    @property
    def reach(self) -> float:
        return self.ranges[-1] * OVERRANGE


KINDS = (
    _Kind("VOLTage", "ILIMit", VOLTAGE_RANGES, (1e-9, 1.05)),
    _Kind("CURRent", "VLIMit", CURRENT_RANGES, (0.02, 210.0)),
)


class SourceCommands:
    """The commands of one instrument's source."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._source = instrument.source

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        tree.add("SOURce:FUNCtion:[MODE]", self._select, lambda _: self._source.state.function)
        tree.add("OUTPut:[STATe]", self._switch, lambda _: show_boolean(self._source.on))
        tree.add("OUTPut:INTerlock:TRIPped", ask=lambda _: show_boolean(self._source.interlock_closed))
        tree.add("OUTPut:SMODe", self._off_state_of_all)
        tree.add("SOURce:DELay", lambda c: self._delay(c, self._source.state.function))
        for kind in KINDS:
            self._register_level(tree, kind)
            self._register_delays(tree, kind)
            self._register_rest(tree, kind)

    def _register_level(self, tree: CommandTree, kind: _Kind) -> None:
        head, name, (low, high) = f"SOURce:{kind.keyword}", kind.name, kind.limits
        tree.add(
            f"{head}:[LEVel]:[IMMediate]:[AMPLitude]",
            lambda c: self._change(name, level=c.number(0, -kind.reach, kind.reach, 0.0 if c.has(0) else None)),
            lambda c: _query(c, self._of(name).level, -kind.reach, kind.reach, 0.0),
        )
        tree.add(
            f"{head}:RANGe",
            lambda c: self._range(c, kind),
            lambda c: _query(c, self._of(name).range, kind.ranges[0], kind.ranges[-1], kind.ranges[0]),
        )
        tree.add(
            f"{head}:RANGe:AUTO",
            lambda c: self._change(name, auto_range=c.boolean(0)),
            lambda _: show_boolean(self._of(name).auto_range),
        )
        tree.add(
            f"{head}:{kind.limit}:[LEVel]",
            lambda c: self._limit(c, kind),
            lambda c: _query(c, self._of(name).limit, low, high, FunctionSettings().limit if name == VOLT else 21.0),
        )
        tree.add(f"{head}:{kind.limit}:[LEVel]:TRIPped", ask=lambda _: self._tripped(name))

    def _register_delays(self, tree: CommandTree, kind: _Kind) -> None:
        head, name = f"SOURce:{kind.keyword}", kind.name
        tree.add(f"{head}:DELay", lambda c: self._delay(c, name), lambda _: show_number(self._of(name).delay))
        tree.add(
            f"{head}:DELay:AUTO",
            lambda c: self._change(name, auto_delay=c.boolean(0)),
            lambda _: show_boolean(self._of(name).auto_delay),
        )
        tree.add(
            f"{head}:DELay:USER#",
            lambda c: self._change(name, user_delays=with_user_delay(self._of(name).user_delays, c)),
            lambda c: show_number(self._of(name).user_delays[user_delay_index(c)]),
        )

    def _register_rest(self, tree: CommandTree, kind: _Kind) -> None:
        head, name = f"SOURce:{kind.keyword}", kind.name
        tree.add(
            f"{head}:READ:BACK",
            lambda c: self._change(name, read_back=c.boolean(0)),
            lambda _: show_boolean(self._of(name).read_back),
        )
        tree.add(
            f"{head}:HIGH:CAPacitance",
            lambda c: self._change(name, high_capacitance=c.boolean(0)),
            lambda _: show_boolean(self._of(name).high_capacitance),
        )
        tree.add(
            f"{head}:PROTection:[LEVel]",
            lambda c: self._change(name, protection=_protection(c)),
            lambda _: _show_protection(self._of(name).protection),
        )
        tree.add(f"{head}:PROTection:[LEVel]:TRIPped", ask=lambda _: show_boolean(self._source.protecting()))
        tree.add(
            f"OUTPut:{kind.keyword}:SMODe",
            lambda c: self._change(name, off_state=c.word(0, OFF_STATES)),
            lambda _: self._of(name).off_state,
        )

    # --- what they do

    def _of(self, name: str) -> FunctionSettings:
        return self._source.state.of(name)

    def _change(self, name: str, **changes: object) -> Answer:
        self._source.change(name, **changes)
        self._instrument.touch_source()
        return None

    def _select(self, call: Call) -> Answer:
        self._source.select(call.word(0, FUNCTIONS))
        return None

    def _switch(self, call: Call) -> Answer:
        self._source.switch(call.boolean(0))
        self._instrument.touch_source()
        return None

    def _off_state_of_all(self, call: Call) -> Answer:
        for name in (VOLT, CURR):
            self._change(name, off_state=call.word(0, OFF_STATES))
        return None

    def _range(self, call: Call, kind: _Kind) -> Answer:
        value = call.number(0, -kind.reach, kind.reach, kind.ranges[0] if call.has(0) else None)
        return self._change(kind.name, range=fitting(kind.ranges, value), auto_range=False)

    def _limit(self, call: Call, kind: _Kind) -> Answer:
        low, high = kind.limits
        limit = abs(call.number(0, -high, high))
        if limit < low:
            raise ScpiError(-222)
        sense = self._instrument.meter.state.curr
        if kind.name == VOLT and not sense.auto_range and limit < 0.1 * sense.range * (1 - 1e-9):
            raise ScpiError(-221, f"Limit {limit:g} A is below 10 % of the {sense.range:g} A measure range")
        return self._change(kind.name, limit=limit)

    def _tripped(self, name: str) -> str:
        return show_boolean(self._source.state.function == name and self._source.limiting())

    def _delay(self, call: Call, name: str) -> Answer:
        return self._change(name, delay=call.number(0, 0, LONGEST_DELAY), auto_delay=False)


def user_delay_index(call: Call) -> int:
    """Return the place of the user delay a header's number means."""
    if not 1 <= call.numbers[-1] <= 5:
        raise ScpiError(-114)
    return call.numbers[-1] - 1


def with_user_delay(delays: tuple[float, ...], call: Call) -> tuple[float, ...]:
    """Return user delays with the one set that a command means (s)."""
    index = user_delay_index(call)
    return (*delays[:index], call.number(0, 0, LONGEST_DELAY), *delays[index + 1 :])


def _query(call: Call, value: float, low: float, high: float, default: float) -> str:
    if not call.has(0):
        return show_number(value)
    ends, word = {"MIN": low, "MAX": high, "DEF": default}, call.raw(0).upper()[:3]
    if word not in ends:
        raise ScpiError(-224)
    return show_number(ends[word])


def _protection(call: Call) -> float:
    word = call.string(0).upper()
    if word == "NONE":
        return math.inf
    digits = word.removeprefix("PROT")
    if not digits.isdecimal() or int(digits) not in PROTECTION_LEVELS:
        raise ScpiError(-224)
    return float(digits)


def _show_protection(level: float) -> str:
    return "NONE" if math.isinf(level) else f"PROT{level:.0f}"
