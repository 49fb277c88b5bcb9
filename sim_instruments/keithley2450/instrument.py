"""The simulated 2450: its parts, wired together to the world."""

from collections.abc import Callable
from typing import TypeVar

from sim_instruments.keithley2450.buffers import Buffer, Buffers, Format, Reading
from sim_instruments.keithley2450.config_lists import ConfigList, ConfigLists
from sim_instruments.keithley2450.events import BLENDERS, TIMERS, Blender, DigitalPort, EventBus, Timer
from sim_instruments.keithley2450.meter import Meter, SenseState
from sim_instruments.keithley2450.ranges import SOURCE_STEP_TIME
from sim_instruments.keithley2450.source import Source, SourceState
from sim_instruments.keithley2450.status import OPERATION_COMPLETE, Status
from sim_instruments.keithley2450.trigger_model import TriggerModel
from sim_instruments.keithley2450.wiring import ElectricalWorld
from sim_instruments.scpi import ScpiError
from sim_instruments.timeline import Timeline

State = TypeVar("State")
BUFFER_FULL = 4915
"""Event number of a reading that found its buffer full."""


class Instrument:
    """State and parts of one 2450. Units are SI; signs are those of the instrument's own HI terminal."""

    def __init__(
        self, world: ElectricalWorld, timeline: Timeline, line_frequency: float, interlock_closed: bool
    ) -> None:
        self.timeline = timeline
        self.line_frequency = line_frequency
        self.meter = Meter(world, line_frequency)
        self.source = Source(world, self.meter.current_range, interlock_closed)
        self.meter.connect(self.source)
        self.buffers = Buffers()
        self.format = Format()
        self.status = Status(self.now)
        self.source_lists: ConfigLists[SourceState] = ConfigLists()
        self.sense_lists: ConfigLists[SenseState] = ConfigLists()
        self.bus = EventBus()
        self.digital = DigitalPort(self.bus)
        self.timers = [Timer(number, self.bus, timeline) for number in range(1, TIMERS + 1)]
        self.blenders = [Blender(number, self.bus) for number in range(1, BLENDERS + 1)]
        self.model = TriggerModel(self, timeline)
        self.bus.listeners.append(self.model.hear)
        self.model.on_end.append(self._model_ended)
        self.opc_pending = False
        self.limit_tables: dict[str, dict[int, list[float]]] = {}
        self.sweep_levels: dict[str, tuple[float, ...]] = {}
        self.settled_at = 0.0
        self.terminals = "FRON"
        self.model_name, self.language = "MODEL 2450", "SCPI"

    def reset(self) -> None:
        """Do `*RST`."""
        self.model.clear()
        self.source.reset()
        self.meter.reset()
        self.source.apply()
        self.buffers.reset()
        self.format = Format()
        self.source_lists.reset()
        self.sense_lists.reset()
        self.digital.reset()
        for timer in self.timers:
            timer.reset()
        for blender in self.blenders:
            blender.reset()
        self.limit_tables, self.sweep_levels = {}, {}
        self.opc_pending, self.settled_at, self.terminals = False, self.now(), "FRON"

    def touch_source(self) -> None:
        """Note that the source has just changed: the next reading waits until it has settled."""
        self.settled_at = self.now() + self.source.delay()

    def _model_ended(self) -> None:
        if self.opc_pending:
            self.opc_pending = False
            self.status.standard.raise_event(OPERATION_COMPLETE)

    # --- what trigger-model blocks act on (program.Bench)

    def now(self) -> float:
        """Return simulated time (s)."""
        return self.timeline.now

    def reading_time(self) -> float:
        """Return what one reading takes (s)."""
        return self.meter.duration

    def read_into(self, buffer: Buffer) -> Reading:
        """Make the reading whose aperture closes now and store it."""
        reading = self.meter.take(self.timeline.now)
        if buffer.append(reading):
            self.status.report(ScpiError(BUFFER_FULL, f"Attempting to store past capacity of {buffer.name}"))
        return reading

    def switch(self, on: bool) -> float:
        """Turn the output on or off; return the settling time (s)."""
        self.source.switch(on)
        return self.source.delay() + SOURCE_STEP_TIME

    def limiting(self) -> bool:
        """Say whether the source stands at its limit."""
        return self.source.limiting()

    def stepper(self, name: str, how: str, index: int) -> Callable[[], float]:
        """Return what recalls settings of a list and gives the settling time (s)."""
        if name in self.source_lists:
            return _stepper(self.source_lists.named(name), self.source.recall, how, index)
        return _stepper(self.sense_lists.named(name), self._recall_sense, how, index)

    def _recall_sense(self, state: SenseState) -> float:
        self.meter.state = state
        return 0.0

    def user_delay(self, kind: str, number: int) -> float:
        """Return a user delay of the active source or measure function (s)."""
        if kind == "SOUR":
            return self.source.state.active.user_delays[number - 1]
        state = self.meter.state
        return state.of(state.function).user_delays[number - 1]

    def limits(self, number: int) -> tuple[float, float]:
        """Return low and high of a limit of the active measure function."""
        low, high = self.limit_table(self.meter.state.function, number)
        return low, high

    def limit_table(self, function: str, number: int) -> list[float]:
        """Return low and high of limit 1 or 2 of a measure function, to read or to change."""
        return self.limit_tables.setdefault(function, {}).setdefault(number, [-1.0, 1.0])

    def fire(self, event: str) -> None:
        """Fire a trigger event."""
        self.bus.fire(event)

    def write_lines(self, bits: int, mask: int) -> None:
        """Write to the digital lines."""
        self.digital.write(bits, mask)

    def log(self, text: str) -> None:
        """Put a message into the event log."""
        self.status.report(ScpiError(2700, text))


def _stepper(found: ConfigList[State], apply: Callable[[State], float], how: str, index: int) -> Callable[[], float]:
    if not found.entries:
        raise ScpiError(-224, f"Configuration list {found.name} is empty")
    found.index = 0
    if how == "at":
        return lambda: apply(found.at(index))
    if how == "next":
        return lambda: apply(found.next())
    return lambda: apply(found.previous())
