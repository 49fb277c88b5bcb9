"""Common commands, `:SYSTem`, `:STATus`, `:ROUTe` and `:DISPlay`."""

import asyncio
import math
from datetime import datetime, timedelta

from sim_instruments.keithley2450.buffers import EPOCH
from sim_instruments.keithley2450.events import COMMAND_EVENT
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.meter import SenseState
from sim_instruments.keithley2450.source import SourceState
from sim_instruments.keithley2450.status import OPERATION_COMPLETE, RegisterSet
from sim_instruments.scpi import Answer, Call, ScpiError, show_number
from sim_instruments.scpi_tree import CommandTree

IDENTITY = "KEITHLEY INSTRUMENTS,{},04500001,1.7.12b"
LONGEST_LOOK = 0.01
"""Wall time between two looks at a model that waits for another client (s)."""
SLOTS = 4


class SystemCommands:
    """The commands every SCPI instrument has, and those that leave the experiment alone."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._status = instrument.status
        self._saved: dict[int, tuple[SourceState, SenseState]] = {}
        self._shown: dict[str, str] = {}

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        self._register_common(tree)
        self._register_completion(tree)
        self._register_system(tree)
        self._register_status(tree)
        self._register_display(tree)
        tree.add("ROUTe:TERMinals", self._set_terminals, lambda _: self._instrument.terminals)

    def _register_common(self, tree: CommandTree) -> None:
        status = self._status
        tree.add("*IDN", ask=lambda _: IDENTITY.format(self._instrument.model_name))
        tree.add("*LANG", self._set_language, lambda _: self._instrument.language, watching=True)
        tree.add("*RST", lambda _: self._instrument.reset())
        tree.add("*CLS", lambda _: status.clear(), watching=True)
        tree.add("*TST", ask=lambda _: "0")
        tree.add("*OPT", ask=lambda _: "0")
        tree.add("*ESR", ask=lambda _: str(status.standard.take_event()))
        tree.add("*ESE", lambda c: _enable(c, status.standard), lambda _: str(status.standard.enable), watching=True)
        tree.add("*SRE", self._set_service, lambda _: str(status.service_request_enable), watching=True)
        tree.add("*STB", ask=lambda _: str(status.byte()))
        tree.add("*TRG", lambda _: self._instrument.fire(COMMAND_EVENT))
        tree.add("*SAV", self._save)
        tree.add("*RCL", self._recall)

    # --- completion

    def _register_completion(self, tree: CommandTree) -> None:
        tree.add("*OPC", self._note_completion, self._tell_completion, watching=True)
        tree.add("*WAI", self._wait, watching=True)

    def _note_completion(self, _: Call) -> Answer:
        if self._instrument.model.running:
            self._instrument.opc_pending = True
        else:
            self._status.standard.raise_event(OPERATION_COMPLETE)
        return None

    async def _tell_completion(self, call: Call) -> Answer:
        await self._wait(call)
        return "1"

    async def _wait(self, call: Call) -> Answer:
        model = self._instrument.model
        while model.running and not call.gone():
            if await call.session.until(lambda: not model.running or call.gone(), math.inf):
                break
            # Nothing goes on by itself: only another client can bring the model on.
            await asyncio.sleep(LONGEST_LOOK)
        return None

    # --- settings

    def _set_language(self, call: Call) -> Answer:
        if call.string(0).upper() != "SCPI":
            raise ScpiError(-224, "Only the SCPI command set is simulated")
        return None

    def _set_service(self, call: Call) -> Answer:
        self._status.service_request_enable = call.integer(0, 0, 255)
        return None

    def _save(self, call: Call) -> Answer:
        self._saved[call.integer(0, 0, SLOTS)] = (self._instrument.source.state, self._instrument.meter.state)
        return None

    def _recall(self, call: Call) -> Answer:
        slot = call.integer(0, 0, SLOTS)
        if slot not in self._saved:
            raise ScpiError(-221, f"Nothing saved in {slot}")
        source, self._instrument.meter.state = self._saved[slot]
        self._instrument.source.recall(source)
        self._instrument.touch_source()
        return None

    def _set_terminals(self, call: Call) -> Answer:
        terminals = call.word(0, {"FRONt": "FRON", "REAR": "REAR"})
        if terminals != self._instrument.terminals:
            self._instrument.source.switch(False)
        self._instrument.terminals = terminals
        return None

    # --- system and status

    def _register_system(self, tree: CommandTree) -> None:
        status = self._status
        for word in ("ERRor", "EVENtlog"):
            tree.add(f"SYSTem:{word}:[NEXT]", ask=lambda _: status.next_error())
            tree.add(f"SYSTem:{word}:COUNt", ask=lambda _: str(status.error_count))
        tree.add("SYSTem:ERRor:CODE:[NEXT]", ask=lambda _: status.next_error().partition(",")[0])
        tree.add("SYSTem:CLEar", lambda _: status.clear_errors(), watching=True)
        tree.add("SYSTem:EVENtlog:CLEar", lambda _: status.clear_errors(), watching=True)
        tree.add("SYSTem:VERSion", ask=lambda _: "1996.0")
        tree.add("SYSTem:LFRequency", ask=lambda _: show_number(self._instrument.line_frequency))
        tree.add("SYSTem:BEEPer:[IMMediate]", _beep, watching=True)
        tree.add("SYSTem:TIME", lambda _: None, lambda _: f"{self._moment():%a %b %d %H:%M:%S %Y}", watching=True)
        for word in ("LOCal", "REMote", "RWLock", "ACCess", "PASSword:NEW", "GPIB:ADDRess"):
            tree.add(f"SYSTem:{word}", lambda _: None, watching=True)

    def _moment(self) -> datetime:
        return EPOCH + timedelta(seconds=self._instrument.now())

    def _register_status(self, tree: CommandTree) -> None:
        status = self._status
        tree.add("STATus:CLEar", lambda _: status.clear(), watching=True)
        tree.add("STATus:PRESet", lambda _: status.preset(), watching=True)
        for word, registers in (("OPERation", status.operation), ("QUEStionable", status.questionable)):
            _register_set(tree, f"STATus:{word}", registers)

    # --- front panel

    def _register_display(self, tree: CommandTree) -> None:
        patterns = ["SCReen", "LIGHt:STATe", "READing:FORMat", "BUFFer:ACTive", "WATCh:CHANnels", "USER#:TEXT:[DATA]"]
        patterns += [f"{function}:DIGits" for function in ("CURRent", "VOLTage", "RESistance")]
        for pattern in patterns:
            self._register_shown(tree, pattern)
        tree.add("DISPlay:CLEar", lambda _: self._shown.clear(), watching=True)

    def _register_shown(self, tree: CommandTree, pattern: str) -> None:
        tree.add(
            f"DISPlay:{pattern}",
            lambda c: self._show(pattern, c),
            lambda _: self._shown.get(pattern, "0"),
            watching=True,
        )

    def _show(self, pattern: str, call: Call) -> Answer:
        self._shown[pattern] = call.raw(0)
        return None


def _register_set(tree: CommandTree, head: str, registers: RegisterSet) -> None:
    tree.add(f"{head}:[EVENt]", ask=lambda _: str(registers.take_event()))
    tree.add(f"{head}:CONDition", ask=lambda _: str(registers.condition))
    tree.add(f"{head}:ENABle", lambda c: _enable(c, registers), lambda _: str(registers.enable), watching=True)
    tree.add(f"{head}:MAP", lambda _: None, watching=True)


def _enable(call: Call, registers: RegisterSet) -> Answer:
    registers.enable = call.integer(0, 0, 65535)
    return None


def _beep(call: Call) -> Answer:
    call.number(0, 20, 2e6)
    call.number(1, 0, 100)
    return None
