"""`:TRACe` and `:FORMat`: reading buffers and how they leave the instrument."""

from collections.abc import Callable

from sim_instruments.keithley2450.buffers import (
    MAXIMUM_CAPACITY,
    MINIMUM_CAPACITY,
    Buffer,
    read_out,
)
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.sense_commands import acquire
from sim_instruments.scpi import Answer, Call, show_number
from sim_instruments.scpi_tree import CommandTree

STYLES = {"STANdard": "STAN", "COMPact": "COMP", "FULL": "FULL", "WRITable": "WRIT", "FULLWRITable": "FULLWRIT"}
STATISTICS = {"AVERage": "AVER", "MAXimum": "MAX", "MINimum": "MIN", "STDDev": "STDD", "PK2Pk": "PKPK", "SPAN": "SPAN"}


class TraceCommands:
    """The commands of the buffers."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._buffers = instrument.buffers

    def register(self, tree: CommandTree) -> None:
        """Teach the instrument these commands."""
        tree.add("TRACe:MAKE", self._make)
        tree.add("TRACe:DELete", lambda c: self._buffers.delete(c.string(0)))
        tree.add("TRACe:CLEar", lambda c: self._named(c, 0).clear())
        tree.add("TRACe:ACTual", ask=lambda c: str(len(self._named(c, 0).readings)))
        tree.add("TRACe:ACTual:STARt", ask=lambda c: "1" if self._named(c, 0).readings else "0")
        tree.add("TRACe:ACTual:END", ask=lambda c: str(len(self._named(c, 0).readings)))
        tree.add("TRACe:POINts", self._resize, lambda c: str(self._named(c, 0).capacity))
        tree.add("TRACe:FILL:MODE", self._fill, lambda c: "CONT" if self._named(c, 0).continuous else "ONCE")
        tree.add("TRACe:DATA", ask=self._data)
        tree.add("TRACe:TRIGger", self._trigger)
        tree.add("TRACe:STATistics:CLEar", lambda _: None)
        for keyword, name in STATISTICS.items():
            tree.add(f"TRACe:STATistics:{keyword}", ask=self._statistic(name))
        self._register_format(tree)

    def _statistic(self, name: str) -> Callable[[Call], Answer]:
        return lambda call: show_number(self._named(call, 0).statistic(name))

    def _register_format(self, tree: CommandTree) -> None:
        tree.add("FORMat:[DATA]", self._set_data, lambda _: self._instrument.format.data, watching=True)
        tree.add("FORMat:BORDer", self._set_order, self._order, watching=True)
        tree.add("FORMat:ASCii:PRECision", self._set_precision, self._precision, watching=True)

    def _named(self, call: Call, index: int) -> Buffer:
        return self._buffers.named(call.string(index, "defbuffer1"))

    def _make(self, call: Call) -> Answer:
        call.word(2, STYLES, "STAN")
        self._buffers.make(call.string(0), call.integer(1, MINIMUM_CAPACITY, MAXIMUM_CAPACITY))
        return None

    def _resize(self, call: Call) -> Answer:
        self._named(call, 1).resize(call.integer(0, MINIMUM_CAPACITY, MAXIMUM_CAPACITY))
        return None

    def _fill(self, call: Call) -> Answer:
        self._named(call, 1).continuous = call.word(0, {"CONTinuous": "CONT", "ONCE": "ONCE"}) == "CONT"
        return None

    def _data(self, call: Call) -> Answer:
        buffer = self._named(call, 2)
        highest = max(1, len(buffer.readings))
        first, last = call.integer(0, 1, highest, 1), call.integer(1, 1, highest, highest)
        return read_out(buffer, buffer.between(first, last), [*call.args[3:]], self._instrument.format)

    async def _trigger(self, call: Call) -> Answer:
        await acquire(call, self._instrument, self._named(call, 0))
        return None

    # --- format

    def _set_data(self, call: Call) -> Answer:
        self._instrument.format.data = call.word(0, {"ASCii": "ASC", "REAL": "REAL", "SREal": "SRE"})
        return None

    def _set_order(self, call: Call) -> Answer:
        words = {"NORMal": "NORM", "SWAPped": "SWAP"}
        self._instrument.format.little_endian = call.word(0, words) == "SWAP"
        return None

    def _order(self, _: Call) -> Answer:
        return "SWAP" if self._instrument.format.little_endian else "NORM"

    def _set_precision(self, call: Call) -> Answer:
        self._instrument.format.precision = call.integer(0, 0, 16, 0 if call.has(0) else None)
        return None

    def _precision(self, _: Call) -> Answer:
        return str(self._instrument.format.precision)
