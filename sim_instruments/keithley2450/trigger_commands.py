"""`:INITiate`, `:ABORt` and the blocks and templates of `:TRIGger`."""

from collections.abc import Callable, Mapping

from sim_instruments.keithley2450 import blocks, templates
from sim_instruments.keithley2450.buffers import Buffer
from sim_instruments.keithley2450.events import event_name
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.source_commands import LONGEST_DELAY
from sim_instruments.keithley2450.trigger_model import HIGHEST_BLOCK
from sim_instruments.scpi import Answer, Call, ScpiError, match_word
from sim_instruments.scpi_tree import CommandTree

LARGEST_COUNT = 268_435_455
POLL = 0.5
"""What a look at a running model costs at pace 0 (s): short enough to judge force and current on the way."""
LIMIT_KINDS: Mapping[str, str] = {"ABOVe": "ABOV", "BELow": "BEL", "INside": "IN", "OUTside": "OUT"}
CLEARING: Mapping[str, str] = {"ENTer": "ENT", "NEVer": "NEV"}
Build = Callable[[Call], blocks.Block]


class TriggerCommands:
    """The commands of the trigger model."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._model = instrument.model

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        tree.add("INITiate:[IMMediate]", lambda _: self._model.start())
        tree.add("ABORt", lambda _: self._model.abort())
        tree.add("TRIGger:STATe", ask=self._state)
        tree.add("TRIGger:BLOCk:LIST", ask=lambda _: self._model.listing())
        tree.add("TRIGger:BLOCk:BRANch:COUNter:COUNt", ask=self._counter)
        for pattern, build in self._builders().items():
            tree.add(f"TRIGger:BLOCk:{pattern}", self._defining(build))
        LoadCommands(self._instrument).register(tree)

    def _builders(self) -> dict[str, Build]:
        return {
            "NOP": lambda c: blocks.Nop(),
            "BUFFer:CLEar": lambda c: blocks.BufferClear(self._buffer(c, 1)),
            "CONFig:RECall": self._recall,
            "CONFig:NEXT": lambda c: blocks.ConfigNext(self._lists(c, 1, 2)),
            "CONFig:PREVious": lambda c: blocks.ConfigPrevious(self._lists(c, 1, 2)),
            "SOURce:[OUTPut]:STATe": lambda c: blocks.SourceOutput(c.boolean(1)),
            "DELay:CONStant": lambda c: blocks.DelayConstant(c.number(1, 0, LONGEST_DELAY)),
            "DELay:DYNamic": _dynamic_delay,
            "MEASure": self._measure,
            "MDIGitize": self._measure,
            "DIGitize": self._measure,
            "NOTify": lambda c: blocks.Notify(c.integer(1, 1, 8)),
            "DIGital:IO": lambda c: blocks.DigitalIO(c.integer(1, 0, 63), c.integer(2, 0, 63, 63)),
            "LOG:EVENt": lambda c: blocks.LogEvent(c.string(2, "")),
            "WAIT": _wait,
            **_branches(),
        }

    def _defining(self, build: Build) -> Callable[[Call], Answer]:
        def define(call: Call) -> Answer:
            self._model.define(call.integer(0, 1, HIGHEST_BLOCK), build(call))
            return None

        return define

    async def _state(self, call: Call) -> Answer:
        # At pace 0 nothing but this question lets the time of a ramp pass.
        if self._model.running and self._instrument.timeline.pace == 0:
            await call.session.until(lambda: not self._model.running, POLL)
        return self._model.seen()

    def _counter(self, call: Call) -> Answer:
        return str(self._model.counter(call.integer(0, 1, HIGHEST_BLOCK)))

    # --- blocks

    def _buffer(self, call: Call, index: int) -> Buffer:
        return self._instrument.buffers.named(call.string(index, "defbuffer1"))

    def _measure(self, call: Call) -> blocks.Block:
        word = call.args[2].upper() if call.has(2) else "1"
        if word in ("INF", "INFINITE", "INFINITY"):
            return blocks.Measure(self._buffer(call, 1), None)
        count = self._instrument.meter.count if word == "AUTO" else call.integer(2, 1, LARGEST_COUNT, 1)
        return blocks.Measure(self._buffer(call, 1), count)

    def _lists(self, call: Call, *indexes: int) -> tuple[str, ...]:
        names = tuple(call.string(index) for index in indexes if index == indexes[0] or call.has(index))
        for name in names:
            if name not in self._instrument.source_lists and name not in self._instrument.sense_lists:
                raise ScpiError(-224, f"No configuration list {name}")
        return names

    def _recall(self, call: Call) -> blocks.Block:
        names = self._lists(call, 1, 3)
        indexes = tuple(call.integer(place, 1, LARGEST_COUNT, 1) for place in (2, 4)[: len(names)])
        return blocks.ConfigRecall(names, indexes)


def _to(call: Call, index: int) -> int:
    return call.integer(index, 0, HIGHEST_BLOCK)


def _branches() -> dict[str, Build]:
    return {
        "BRANch:ALWays": lambda c: blocks.BranchAlways(_to(c, 1)),
        "BRANch:COUNter": lambda c: blocks.BranchCounter(c.integer(1, 0, LARGEST_COUNT), _to(c, 2)),
        "BRANch:COUNter:RESet": lambda c: blocks.CounterReset(_to(c, 1)),
        "BRANch:DELTa": lambda c: blocks.BranchDelta(c.number(1), _to(c, 2), c.integer(3, 0, HIGHEST_BLOCK, 0)),
        "BRANch:EVENt": lambda c: blocks.BranchEvent(event_name(c.string(1)), _to(c, 2)),
        "BRANch:ONCE": lambda c: blocks.BranchOnce(_to(c, 1)),
        "BRANch:ONCE:EXCLuded": lambda c: blocks.BranchOnce(_to(c, 1), excluded=True),
        "BRANch:LIMit:CONStant": lambda c: blocks.BranchLimit(
            c.word(1, LIMIT_KINDS), c.number(2), c.number(3), _to(c, 4), c.integer(5, 0, HIGHEST_BLOCK, 0)
        ),
        "BRANch:LIMit:DYNamic": lambda c: blocks.BranchLimitDynamic(
            c.word(1, LIMIT_KINDS), _limit_number(c), _to(c, 3), c.integer(4, 0, HIGHEST_BLOCK, 0)
        ),
    }


def _limit_number(call: Call) -> int:
    word = call.string(2).upper().removeprefix("LIMIT").removeprefix("LIM")
    if word not in ("1", "2"):
        raise ScpiError(-224)
    return int(word)


def _dynamic_delay(call: Call) -> blocks.Block:
    word = call.string(1)
    number = word[-1:]
    if number not in ("1", "2", "3", "4", "5"):
        raise ScpiError(-224)
    return blocks.DelayDynamic(match_word(word[:-1], {"SOURce": "SOUR", "MEASure": "MEAS"}), int(number))


def _wait(call: Call) -> blocks.Block:
    events, clear, all_of_them = [event_name(call.string(1))], False, False
    for index in range(2, len(call.args)):
        word = call.string(index).upper()
        if word in ("ENT", "ENTER", "NEV", "NEVER"):
            clear = word.startswith("ENT")
        elif word in ("AND", "OR"):
            all_of_them = word == "AND"
        else:
            events.append(event_name(word))
    return blocks.Wait(tuple(events), clear, all_of_them)


class LoadCommands:
    """`:TRIGger:LOAD`: the templates by their names, and their older headers."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._templates: dict[str, Callable[[Call, int], list[blocks.Block]]] = {
            "EMPTY": lambda c, at: [],
            "SIMPLELOOP": self._simple_loop,
            "DURATIONLOOP": self._duration_loop,
            "CONFIGLIST": self._config_list,
            "LOOPUNTILEVENT": self._loop_until_event,
            "LOGICTRIGGER": self._logic_trigger,
            "GRADEBINNING": lambda c, at: self._binning(c, at, sort=False),
            "SORTBINNING": lambda c, at: self._binning(c, at, sort=True),
        }

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        tree.add("TRIGger:LOAD", self._load)
        older = {
            "EMPTy": "EMPTY",
            "LOOP:SIMPle": "SIMPLELOOP",
            "LOOP:DURation": "DURATIONLOOP",
            "CONFiguration:LIST": "CONFIGLIST",
            "TRIGger:EXTernal": "LOGICTRIGGER",
        }
        for pattern, name in older.items():
            tree.add(f"TRIGger:LOAD:{pattern}", self._loading(self._templates[name]))

    def _loading(self, build: Callable[[Call, int], list[blocks.Block]]) -> Callable[[Call], Answer]:
        return lambda call: self._put(build(call, 0))

    def _load(self, call: Call) -> Answer:
        build = self._templates.get(call.string(0).upper())
        if build is None:
            raise ScpiError(-224, f"No trigger model {call.string(0)}")
        return self._put(build(call, 1))

    def _put(self, model: list[blocks.Block]) -> Answer:
        self._instrument.model.load(model)
        return None

    def _delay(self, call: Call, index: int) -> float:
        return call.number(index, 0, LONGEST_DELAY, 0.0)

    def _buffer(self, call: Call, index: int) -> Buffer:
        return self._instrument.buffers.named(call.string(index, "defbuffer1"))

    def _simple_loop(self, call: Call, at: int) -> list[blocks.Block]:
        count = call.integer(at, 1, LARGEST_COUNT)
        return templates.simple_loop(count, self._delay(call, at + 1), self._buffer(call, at + 2))

    def _duration_loop(self, call: Call, at: int) -> list[blocks.Block]:
        duration = call.number(at, 167e-9, 100e3)
        return templates.duration_loop(duration, self._delay(call, at + 1), self._buffer(call, at + 2))

    def _config_list(self, call: Call, at: int) -> list[blocks.Block]:
        sense, source = call.string(at), call.string(at + 1)
        steps = len(self._instrument.source_lists.named(source).entries)
        self._instrument.sense_lists.named(sense)
        return templates.config_list((sense, source), steps, self._delay(call, at + 2), self._buffer(call, at + 3))

    def _loop_until_event(self, call: Call, at: int) -> list[blocks.Block]:
        at_delay = at + 3 if call.has(at + 2) and call.raw(at + 2).upper()[:3] in ("ENT", "NEV") else at + 2
        buffer = self._buffer(call, at_delay + 1)
        after = round(buffer.capacity * (100 - call.number(at + 1, 0, 100)) / 100)
        event = event_name(call.string(at))
        return templates.loop_until_event(event, max(1, after), self._delay(call, at_delay), buffer)

    def _logic_trigger(self, call: Call, at: int) -> list[blocks.Block]:
        line_in, line_out = call.integer(at, 1, 6), call.integer(at + 1, 1, 6)
        source, drain = self._instrument.digital.line(line_in), self._instrument.digital.line(line_out)
        source.mode, source.direction = "TRIG", "IN"
        drain.mode, drain.direction, drain.stimulus = "TRIG", "OUT", f"NOT{line_out}"
        clear = call.word(at + 3, CLEARING, "NEV") == "ENT"
        count, delay = call.integer(at + 2, 1, LARGEST_COUNT), self._delay(call, at + 4)
        return templates.logic_trigger(line_in, line_out, count, clear, delay, self._buffer(call, at + 5))

    def _binning(self, call: Call, at: int, sort: bool) -> list[blocks.Block]:
        # Limits come as high, low, pattern; the pattern for "none of them" stands after the first of the four.
        bins = [templates.Bin(call.number(at + 4), call.number(at + 5), call.integer(at + 6, 1, 15, 1))]
        for index, place in enumerate((at + 8, at + 11, at + 14)):
            high, low = call.number(place, default=-1.0), call.number(place + 1, default=1.0)
            bins.append(templates.Bin(high, low, call.integer(place + 2, 1, 15, 2 << index)))
        delays = (self._delay(call, at + 2), self._delay(call, at + 3))
        components, line = call.integer(at, 1, LARGEST_COUNT), call.integer(at + 1, 5, 6, 5)
        rest = call.integer(at + 7, 1, 15, 15)
        return templates.binning(components, line, delays, bins, rest, sort, self._buffer(call, at + 17))
