"""`:DIGital`, and timers, blenders and digital triggers of `:TRIGger`."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sim_instruments.keithley2450.events import EDGES, LOGICS, Blender, Line, Timer, event_name
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.scpi import Answer, Call, ScpiError, show_boolean, show_number
from sim_instruments.scpi_tree import CommandTree

Part = TypeVar("Part")
MODES: Mapping[str, str] = {"DIGital": "DIG", "TRIGger": "TRIG", "SYNChronous": "SYNC"}
DIRECTIONS: Mapping[str, str] = {
    "IN": "IN",
    "OUT": "OUT",
    "OPENdrain": "OPEN",
    "MASTer": "MAST",
    "ACCeptor": "ACC",
}


class EventCommands:
    """The commands of what fires and hears trigger events."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        self._register_lines(tree)
        self._register_triggers(tree)
        self._register_timers(tree)
        self._register_blenders(tree)
        for pattern in ("IN:CLEar", "IN:EDGE", "OUT:STIMulus", "OUT:CONNect:STATe", "OUT:IP:ADDRess", "OUT:LOGic"):
            tree.add(f"TRIGger:LAN#:{pattern}", lambda _: None)

    def _register_lines(self, tree: CommandTree) -> None:
        digital = self._instrument.digital
        tree.add("DIGital:LINE#:MODE", self._set_mode, lambda c: f"{self._line(c).mode},{self._line(c).direction}")
        tree.add("DIGital:LINE#:STATe", self._set_level, lambda c: str(self._line(c).level))
        tree.add("DIGital:READ", ask=lambda _: str(digital.read()))
        tree.add("DIGital:WRITe", lambda c: digital.write(c.integer(0, 0, 63)))

    def _register_triggers(self, tree: CommandTree) -> None:
        head = "TRIGger:DIGital#"
        tree.add(f"{head}:IN:CLEar", self._forget)
        tree.add(f"{head}:IN:OVERrun", ask=lambda _: "0")
        self._word(tree, f"{head}:IN:EDGE", "edge", EDGES)
        self._word(tree, f"{head}:OUT:LOGic", "logic", LOGICS)
        tree.add(f"{head}:OUT:PULSewidth", self._set_pulse, lambda c: show_number(self._line(c).pulse_width))
        tree.add(f"{head}:OUT:STIMulus", self._set_stimulus, lambda c: self._line(c).stimulus)

    def _word(self, tree: CommandTree, pattern: str, name: str, words: Mapping[str, str]) -> None:
        def put(call: Call) -> Answer:
            setattr(self._line(call), name, call.word(0, words))
            return None

        tree.add(pattern, put, lambda c: str(getattr(self._line(c), name)))

    def _line(self, call: Call) -> Line:
        return self._instrument.digital.line(call.numbers[0])

    def _set_mode(self, call: Call) -> Answer:
        line = self._line(call)
        line.mode, line.direction = call.word(0, MODES), call.word(1, DIRECTIONS)
        return None

    def _set_level(self, call: Call) -> Answer:
        if self._line(call).direction == "IN":
            raise ScpiError(-221, "The line is an input")
        self._line(call).level = call.integer(0, 0, 1)
        return None

    def _set_pulse(self, call: Call) -> Answer:
        self._line(call).pulse_width = call.number(0, 0, 100e3)
        return None

    def _set_stimulus(self, call: Call) -> Answer:
        self._line(call).stimulus = event_name(call.string(0))
        return None

    def _forget(self, call: Call) -> Answer:
        self._line(call)
        self._instrument.model.forget(f"DIG{call.numbers[0]}")
        return None

    # --- timers

    def _register_timers(self, tree: CommandTree) -> None:
        head = "TRIGger:TIMer#"
        self._timer(tree, "DELay", "delay", lambda c: c.number(0, 8e-6, 100e3), show_number)
        self._timer(tree, "COUNt", "count", lambda c: c.integer(0, 0, 1_048_575), lambda v: str(int(v)))
        self._timer(tree, "STARt:GENerate", "generate", lambda c: c.boolean(0), lambda v: show_boolean(bool(v)))
        tree.add(f"{head}:STARt:STIMulus", self._time_stimulus, lambda c: self._timer_of(c).stimulus)
        tree.add(f"{head}:STATe", self._enable_timer, lambda c: show_boolean(self._timer_of(c).enabled))
        tree.add(f"{head}:STARt:OVERrun", ask=lambda _: "0")
        tree.add(f"{head}:CLEar", lambda c: self._instrument.model.forget(f"TIM{c.numbers[0]}"))

    def _timer(
        self,
        tree: CommandTree,
        pattern: str,
        name: str,
        read: Callable[[Call], float],
        show: Callable[[float], str],
    ) -> None:
        def put(call: Call) -> Answer:
            setattr(self._timer_of(call), name, read(call))
            return None

        tree.add(f"TRIGger:TIMer#:{pattern}", put, lambda c: show(getattr(self._timer_of(c), name)))

    def _timer_of(self, call: Call) -> Timer:
        return _numbered(self._instrument.timers, call.numbers[0])

    def _time_stimulus(self, call: Call) -> Answer:
        self._timer_of(call).stimulus = event_name(call.string(0))
        return None

    def _enable_timer(self, call: Call) -> Answer:
        self._timer_of(call).enable(call.boolean(0))
        return None

    # --- blenders

    def _register_blenders(self, tree: CommandTree) -> None:
        head = "TRIGger:BLENder#"
        tree.add(f"{head}:CLEar", lambda c: self._blender(c).clear())
        tree.add(f"{head}:MODE", self._blend, lambda c: self._blender(c).operation)
        tree.add(f"{head}:OVERrun", ask=lambda _: "0")
        tree.add(f"{head}:STIMulus#", self._blend_stimulus, lambda c: self._blender(c).stimuli[_input(c)])

    def _blender(self, call: Call) -> Blender:
        return _numbered(self._instrument.blenders, call.numbers[0])

    def _blend(self, call: Call) -> Answer:
        self._blender(call).operation = call.word(0, {"AND": "AND", "OR": "OR"})
        return None

    def _blend_stimulus(self, call: Call) -> Answer:
        word = call.string(0)
        self._blender(call).stimuli[_input(call)] = "NONE" if word == "0" else event_name(word)
        return None


def _input(call: Call) -> int:
    if not 1 <= call.numbers[1] <= 4:
        raise ScpiError(-114)
    return call.numbers[1] - 1


def _numbered(parts: list[Part], number: int) -> Part:
    if not 1 <= number <= len(parts):
        raise ScpiError(-114)
    return parts[number - 1]
