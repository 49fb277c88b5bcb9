"""`:SENSe`, `:READ?`, `:FETCh?`, `:MEASure?` and the limits of `:CALCulate2`: what is measured."""

from collections.abc import Mapping
from typing import Any

from sim_instruments.keithley2450.buffers import Buffer, read_out
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.meter import RES, SENSE_RANGES, SenseSettings
from sim_instruments.keithley2450.ranges import OVERRANGE, fitting
from sim_instruments.keithley2450.source import CURR, VOLT
from sim_instruments.keithley2450.source_commands import user_delay_index, with_user_delay
from sim_instruments.scpi import Answer, Call, ScpiError, forms, show_boolean, show_number
from sim_instruments.scpi_tree import CommandTree

FUNCTION_WORDS: Mapping[str, str] = {
    "CURRent": CURR,
    "CURRent:DC": CURR,
    "VOLTage": VOLT,
    "VOLTage:DC": VOLT,
    "RESistance": RES,
}
FUNCTION_ANSWERS = {CURR: '"CURR:DC"', VOLT: '"VOLT:DC"', RES: '"RES"'}
KEYWORDS = {CURR: "CURRent:[DC]", VOLT: "VOLTage:[DC]", RES: "RESistance"}
LARGEST_SENSE_COUNT = 300_000


class SenseCommands:
    """The commands of one instrument's meter."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._meter = instrument.meter

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        tree.add("[SENSe]:FUNCtion:[ON]", self._select, lambda _: FUNCTION_ANSWERS[self._meter.state.function])
        tree.add("[SENSe]:COUNt", self._set_count, lambda _: str(self._meter.count))
        tree.add("[SENSe]:AZERo:ONCE", lambda _: None)
        tree.add("READ", ask=self._read)
        tree.add("FETCh", ask=self._fetch)
        tree.add("MEASure", ask=self._read)
        for function, keyword in KEYWORDS.items():
            tree.add(f"MEASure:{keyword}", ask=self._measuring(function))
            self._register_range(tree, f"[SENSe]:{keyword}", function)
            self._register_speed(tree, f"[SENSe]:{keyword}", function)
            self._register_rest(tree, f"[SENSe]:{keyword}", function)
            self._register_limits(tree, f"CALCulate#:{keyword}:LIMit#", function)

    def _register_range(self, tree: CommandTree, head: str, function: str) -> None:
        ranges = SENSE_RANGES[function]
        tree.add(
            f"{head}:RANGe:[UPPer]",
            lambda c: self._range(c, function),
            lambda _: show_number(self._meter.shown_range(function)),
        )
        self._flag(tree, f"{head}:RANGe:AUTO", function, "auto_range")
        self._number(tree, f"{head}:RANGe:AUTO:LLIMit", function, "lower_range", ranges[0], ranges[-1])

    def _register_speed(self, tree: CommandTree, head: str, function: str) -> None:
        self._number(tree, f"{head}:NPLCycles", function, "nplc", 0.01, 10)
        self._flag(tree, f"{head}:AZERo:[STATe]", function, "auto_zero")
        self._flag(tree, f"{head}:AVERage:[STATe]", function, "averaging")
        tree.add(
            f"{head}:AVERage:COUNt",
            lambda c: self._change(function, average_count=c.integer(0, 1, 100)),
            lambda _: str(self._of(function).average_count),
        )
        tree.add(
            f"{head}:AVERage:TCONtrol",
            lambda c: self._change(function, repeating=c.word(0, {"REPeat": "R", "MOVing": "M"}) == "R"),
            lambda _: "REP" if self._of(function).repeating else "MOV",
        )
        tree.add(
            f"{head}:DELay:USER#",
            lambda c: self._change(function, user_delays=with_user_delay(self._of(function).user_delays, c)),
            lambda c: show_number(self._of(function).user_delays[user_delay_index(c)]),
        )

    def _register_rest(self, tree: CommandTree, head: str, function: str) -> None:
        self._flag(tree, f"{head}:RSENse", function, "four_wire")
        self._flag(tree, f"{head}:OCOMpensated", function, "offset_compensation")
        self._flag(tree, f"{head}:RELative:STATe", function, "relative")
        self._number(tree, f"{head}:RELative", function, "offset", -1e12, 1e12)
        unit = forms(KEYWORDS[function].split(":")[0])[0]
        names = {CURR: "AMP", VOLT: "VOLT", RES: "OHM"}
        tree.add(f"{head}:UNIT", lambda c: self._unit(c, unit, names), lambda _: names[unit])

    def _register_limits(self, tree: CommandTree, head: str, function: str) -> None:
        for place, keyword in enumerate(("LOWer", "UPPer")):
            self._register_limit(tree, f"{head}:{keyword}:[DATA]", function, place)
        # The dynamic branch compares whatever this says.
        tree.add(f"{head}:STATe", _ignore, lambda _: "0")

    def _register_limit(self, tree: CommandTree, pattern: str, function: str, place: int) -> None:
        tree.add(
            pattern,
            lambda c: self._set_limit(c, function, place),
            lambda c: show_number(self._instrument.limit_table(function, c.numbers[-1])[place]),
        )

    def _flag(self, tree: CommandTree, pattern: str, function: str, name: str) -> None:
        tree.add(
            pattern,
            lambda c: self._change(function, **{name: c.boolean(0)}),
            lambda _: show_boolean(getattr(self._of(function), name)),
        )

    def _number(self, tree: CommandTree, pattern: str, function: str, name: str, low: float, high: float) -> None:
        default = getattr(SenseSettings(), name)
        tree.add(
            pattern,
            lambda c: self._change(function, **{name: c.number(0, low, high, default if c.has(0) else None)}),
            lambda c: (
                show_number({"MIN": low, "MAX": high, "DEF": default}[c.args[0].upper()[:3]])
                if c.has(0)
                else show_number(getattr(self._of(function), name))
            ),
        )

    # --- settings

    def _of(self, function: str) -> SenseSettings:
        return self._meter.state.of(function)

    def _change(self, function: str, **changes: Any) -> Answer:
        self._meter.change(function, **changes)
        return None

    def _select(self, call: Call) -> Answer:
        self._meter.select(call.word(0, FUNCTION_WORDS))
        return None

    def _set_count(self, call: Call) -> Answer:
        self._meter.count = call.integer(0, 1, LARGEST_SENSE_COUNT, 1 if call.has(0) else None)
        return None

    def _range(self, call: Call, function: str) -> Answer:
        ranges = SENSE_RANGES[function]
        reach = ranges[-1] * OVERRANGE
        value = call.number(0, -reach, reach, ranges[0] if call.has(0) else None)
        return self._change(function, range=fitting(ranges, value), auto_range=False)

    def _unit(self, call: Call, function: str, names: Mapping[str, str]) -> Answer:
        # Other units (ohm, watt) are arithmetic on the same reading; a client that needs them asks for the reading.
        if call.string(0).upper() != names[function]:
            raise ScpiError(-224)
        return None

    def _set_limit(self, call: Call, function: str, place: int) -> Answer:
        self._instrument.limit_table(function, call.numbers[-1])[place] = call.number(0)
        return None

    # --- readings

    def _measuring(self, function: str) -> Any:
        async def measure(call: Call) -> str | bytes:
            self._meter.select(function)
            return await self._read(call)

        return measure

    async def _read(self, call: Call) -> str | bytes:
        buffer = self._buffer(call)
        await acquire(call, self._instrument, buffer)
        return self._show(call, buffer)

    def _fetch(self, call: Call) -> Answer:
        return self._show(call, self._buffer(call))

    def _buffer(self, call: Call) -> Buffer:
        return self._instrument.buffers.named(call.string(0, "defbuffer1"))

    def _show(self, call: Call, buffer: Buffer) -> str | bytes:
        return read_out(buffer, [buffer.last()], [*call.args[1:]], self._instrument.format)


def _ignore(_: Call) -> None:
    return None


async def acquire(call: Call, instrument: Instrument, buffer: Buffer) -> None:
    """Make as many readings as `:SENS:COUN` says, each when the source has settled."""
    if instrument.model.running:
        raise ScpiError(-221, "The trigger model is running")
    for _ in range(instrument.meter.count):
        settling = max(0.0, instrument.settled_at - instrument.now())
        await call.session.spend(settling + instrument.meter.duration)
        instrument.read_into(buffer)
